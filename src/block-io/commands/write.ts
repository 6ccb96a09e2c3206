import { readFileSync } from 'node:fs'
import { BlockError } from '../../block/index.ts'
import { reasonText } from '../../errno/index.ts'
import { type IoCall, ioCommand } from '../io-command.ts'
import { IoComplaint, UsageComplaint } from '../io-complaint.ts'
import { mostBytes } from '../numbers.ts'
import { numberAt } from '../read-words.ts'
import { reportText, stopwatch } from '../report.ts'
import { attempt, checkSectors, noVmState, placeOf, readLengths } from '../requests.ts'

const defaultPattern = 0xcd

/** How bytes are written. */
export interface Writing {
  /** They are on stable storage when the request ends. */
  readonly through: boolean
  readonly compressed?: boolean
}

/** @param fill - makes the bytes @throws {BlockError} */
export async function writeBytes(
  call: IoCall,
  offset: bigint,
  count: bigint,
  fill: (length: number) => Uint8Array,
  { through, compressed = false }: Writing,
): Promise<void> {
  const { at, length } = placeOf(call, offset, count)
  const bytes = fill(length)
  await call.access.request('write', length, async (node) => {
    if (compressed) {
      if (node.driver.writeCompressed === undefined) {
        throw new BlockError('unsupported', 'This format does not compress', { node: node.name })
      }
      await node.writeCompressed(at, bytes)
    } else await node.write(at, bytes)
    if (through || !call.access.writeback) await node.flush()
  })
}

/** How zeroes are written. */
export interface Zeroing {
  readonly through: boolean
  readonly unmap: boolean
}

/** @throws {BlockError} */
export async function writeZeroes(
  call: IoCall,
  offset: bigint,
  count: bigint,
  { through, unmap }: Zeroing,
): Promise<void> {
  const { at, length } = placeOf(call, offset, count)
  await call.access.request('write', length, async (node) => {
    await node.writeZeroes(at, length, { unmap })
    if (through || !call.access.writeback) await node.flush()
  })
}

export function patterned(pattern = defaultPattern): (length: number) => Uint8Array {
  return (length) => Buffer.allocUnsafeSlow(length).fill(pattern)
}

/** Fills with what a file holds, again and again. @throws {IoComplaint} */
function bytesOfFile(file: string): (length: number) => Uint8Array {
  let content: Uint8Array
  try {
    content = readFileSync(file)
  } catch (error) {
    throw new IoComplaint(`${file}: ${reasonText(error)}\n`, 'warn')
  }
  if (content.byteLength === 0) throw new IoComplaint(`${file}: file is empty\n`, 'warn')
  return (length) => Buffer.allocUnsafeSlow(length).fill(content)
}

/** Requests that write, and are waited for. */
export const writeCommands = {
  write: ioCommand({
    alias: 'w',
    words: { least: 2 },
    uses: ['write'],
    options: {
      b: 'flag',
      c: 'flag',
      C: 'flag',
      f: 'flag',
      n: 'flag',
      p: 'flag',
      P: 'pattern',
      q: 'flag',
      s: 'text',
      u: 'flag',
      z: 'flag',
    },
    args: '[-bcCfnquz] [-P pattern | -s source_file] off len',
    oneline: 'writes a number of bytes at a specified offset',
    help: `
 writes a range of bytes from the given offset

 Example:
 'write 512 1k' - writes 1 kilobyte at 512 bytes into the open file

 Writes into a segment of the currently open file, using a buffer
 filled with a set pattern (0xcdcdcdcd).
 -b, -- write to the VM state rather than the virtual disk
 -c, -- write compressed data with blk_write_compressed
 -f, -- use Force Unit Access semantics
 -n, -- with -z, don't allow slow fallback
 -p, -- ignored for backwards compatibility
 -P, -- use different pattern to fill file
 -s, -- use a pattern file to fill the write buffer
 -C, -- report statistics in a machine parsable format
 -q, -- quiet mode, do not show I/O statistics
 -u, -- with -z, allow unmapping
 -z, -- write zeroes using blk_co_pwrite_zeroes

`,
    async run(call, options, operands) {
      if (operands.length !== 2) throw new UsageComplaint()
      const { b: state = false, c: compressed = false, n: fast = false, z: zeroes = false } = options
      const { f: through = false, u: unmap = false, P: pattern, s: file } = options
      const together = 'cannot be specified at the same time'
      if (state && zeroes) throw new IoComplaint(`-b and -z ${together}\n`)
      if (through && (state || compressed)) throw new IoComplaint(`-f and -b or -c ${together}\n`)
      if (fast && !zeroes) throw new IoComplaint('-n requires -z to be specified\n')
      if (unmap && !zeroes) throw new IoComplaint('-u requires -z to be specified\n')
      if ([zeroes, pattern !== undefined, file !== undefined].filter(Boolean).length > 1) {
        throw new IoComplaint(`Only one of -z, -P, and -s can be specified at the same time\n`)
      }
      const [offset, count] = [numberAt(operands, 0), numberAt(operands, 1)]
      if (count > mostBytes && !fast) {
        throw new IoComplaint(`length cannot exceed ${mostBytes} without -n, given ${operands[1]}\n`)
      }
      if (state || compressed) checkSectors(offset, count)
      const fill = file === undefined ? patterned(pattern) : bytesOfFile(file)
      const elapsed = stopwatch()
      await attempt('write', () => {
        if (state) return noVmState()
        if (zeroes) return fast ? writeZeroesFast(call, offset, count, { through, unmap }) : writeZeroes(call, offset, count, { through, unmap }) // biome-ignore format: one line
        return writeBytes(call, offset, count, fill, { through, compressed })
      })
      const plain = options.C === true
      if (options.q !== true) call.say(reportText({ done: 'wrote', offset, bytes: count, plain }, elapsed()))
    },
  }),
  writev: ioCommand({
    words: { least: 2 },
    uses: ['write'],
    options: { C: 'flag', f: 'flag', q: 'flag', P: 'pattern' },
    args: '[-Cfq] [-P pattern] off len [len..]',
    oneline: 'writes a number of bytes at a specified offset',
    help: `
 writes a range of bytes from the given offset source from multiple buffers

 Example:
 'writev 512 1k 1k' - writes 2 kilobytes at 512 bytes into the open file

 Writes into a segment of the currently open file, using a buffer
 filled with a set pattern (0xcdcdcdcd).
 -P, -- use different pattern to fill file
 -C, -- report statistics in a machine parsable format
 -f, -- use Force Unit Access semantics
 -q, -- quiet mode, do not show I/O statistics

`,
    async run(call, { C, f, q, P }, operands) {
      if (operands.length < 2) throw new UsageComplaint()
      const offset = numberAt(operands, 0)
      const count = readLengths(operands.slice(1))
      const elapsed = stopwatch()
      await attempt('writev', () => writeBytes(call, offset, count, patterned(P), { through: f === true }))
      if (q !== true) call.say(reportText({ done: 'wrote', offset, bytes: count, plain: C === true }, elapsed()))
    },
  }),
}

/** Only if the image can do that without zeroes being written as bytes. @throws {BlockError} kind `unsupported` */
async function writeZeroesFast(call: IoCall, offset: bigint, count: bigint, how: Zeroing): Promise<void> {
  const { driver, name } = call.image()
  const { limits } = driver
  const aligned = [offset, count].every((value) => value % BigInt(limits?.alignment ?? 1) === 0n)
  if (driver.writeZeroes === undefined || !aligned) {
    throw new BlockError('unsupported', 'Zeroes would be written as bytes', { node: name })
  }
  return writeZeroes(call, offset, count, how)
}
