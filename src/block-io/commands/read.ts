import { type IoCall, ioCommand } from '../io-command.ts'
import { IoComplaint, UsageComplaint } from '../io-complaint.ts'
import { mostBytes } from '../numbers.ts'
import { numberAt } from '../read-words.ts'
import { dumpText, reportText, stopwatch } from '../report.ts'
import { attempt, checkSectors, holdsPattern, noVmState, placeOf, readLengths } from '../requests.ts'

/** What is done with bytes that were read. */
interface Reading {
  readonly offset: bigint
  readonly plain: boolean
  readonly quiet: boolean
  readonly dumps: boolean
  /** What they must be, and which of them. */
  readonly expected?: { readonly pattern: number; readonly offset: bigint; readonly count: bigint } | undefined
}

/** @throws {BlockError} */
export async function readBytes(call: IoCall, offset: bigint, bytes: bigint): Promise<Uint8Array> {
  const { at, length } = placeOf(call, offset, bytes)
  const buffer = Buffer.allocUnsafeSlow(length)
  await call.access.request('read', length, (node) => node.readInto(at, buffer))
  return buffer
}

/** Says what was read. @returns whether it is what was expected */
export function tellRead(call: IoCall, bytes: Uint8Array, nanoseconds: bigint, reading: Reading): boolean {
  const { offset, plain, quiet, dumps, expected } = reading
  let fine = true
  if (expected !== undefined) {
    const start = Number(expected.offset)
    fine = holdsPattern(bytes.subarray(start, start + Number(expected.count)), expected.pattern)
    const where = `offset ${offset + expected.offset}, ${expected.count} bytes`
    if (!fine) call.say(`Pattern verification failed at ${where}\n`)
  }
  if (quiet) return fine
  if (dumps) call.say(dumpText(bytes, offset))
  call.say(reportText({ done: 'read', offset, bytes: BigInt(bytes.byteLength), plain }, nanoseconds))
  return fine
}

/** Requests that read, and are waited for. */
export const readCommands = {
  read: ioCommand({
    alias: 'r',
    words: { least: 2 },
    options: {
      b: 'flag',
      C: 'flag',
      l: 'number',
      p: 'flag',
      P: 'pattern',
      q: 'flag',
      s: 'number',
      v: 'flag',
    },
    args: '[-abCqv] [-P pattern [-s off] [-l len]] off len',
    oneline: 'reads a number of bytes at a specified offset',
    help: `
 reads a range of bytes from the given offset

 Example:
 'read -v 512 1k' - dumps 1 kilobyte read from 512 bytes into the file

 Reads a segment of the currently open file, optionally dumping it to the
 standard output stream (with -v option) for subsequent inspection.
 -b, -- read from the VM state rather than the virtual disk
 -C, -- report statistics in a machine parsable format
 -l, -- length for pattern verification (only with -P)
 -p, -- ignored for backwards compatibility
 -P, -- use a pattern to verify read data
 -q, -- quiet mode, do not show I/O statistics
 -s, -- start offset for pattern verification (only with -P)
 -v, -- dump buffer to standard output

`,
    async run(call, options, operands) {
      if (operands.length !== 2) throw new UsageComplaint()
      const [offset, count] = [numberAt(operands, 0), numberAt(operands, 1)]
      if (count > mostBytes) throw new IoComplaint(`length cannot exceed ${mostBytes}, given ${operands[1]}\n`)
      const { P: pattern, s: start = 0n, l: length = count - start } = options
      if (pattern === undefined && (options.s ?? options.l) !== undefined) throw new UsageComplaint()
      if (length < 0n || start + length > count) {
        throw new IoComplaint('pattern verification range exceeds end of read data\n')
      }
      if (options.b === true) checkSectors(offset, count)
      const elapsed = stopwatch()
      const bytes = await attempt('read', () => (options.b === true ? noVmState() : readBytes(call, offset, count)))
      return tellRead(call, bytes, elapsed(), {
        offset,
        plain: options.C === true,
        quiet: options.q === true,
        dumps: options.v === true,
        expected: pattern === undefined ? undefined : { pattern, offset: start, count: length },
      })
    },
  }),
  readv: ioCommand({
    words: { least: 2 },
    options: { C: 'flag', P: 'pattern', q: 'flag', v: 'flag' },
    args: '[-Cqv] [-P pattern] off len [len..]',
    oneline: 'reads a number of bytes at a specified offset',
    help: `
 reads a range of bytes from the given offset into multiple buffers

 Example:
 'readv -v 512 1k 1k ' - dumps 2 kilobytes read from 512 bytes into the file

 Reads a segment of the currently open file, optionally dumping it to the
 standard output stream (with -v option) for subsequent inspection.
 Uses multiple iovec buffers if more than one byte range is specified.
 -C, -- report statistics in a machine parsable format
 -P, -- use a pattern to verify read data
 -v, -- dump buffer to standard output
 -q, -- quiet mode, do not show I/O statistics

`,
    async run(call, { C, P: pattern, q, v }, operands) {
      if (operands.length < 2) throw new UsageComplaint()
      const offset = numberAt(operands, 0)
      const count = readLengths(operands.slice(1))
      const elapsed = stopwatch()
      const bytes = await attempt('readv', () => readBytes(call, offset, count))
      return tellRead(call, bytes, elapsed(), {
        offset,
        plain: C === true,
        quiet: q === true,
        dumps: v === true,
        expected: pattern === undefined ? undefined : { pattern, offset: 0n, count },
      })
    },
  }),
}
