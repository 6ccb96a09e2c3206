import { BlockError, reasonOf } from '../../block/index.ts'
import { type IoCall, ioCommand } from '../io-command.ts'
import { IoComplaint, UsageComplaint } from '../io-complaint.ts'
import { numberAt } from '../read-words.ts'
import { reportText, stopwatch } from '../report.ts'
import { readLengths } from '../requests.ts'
import { readBytes, tellRead } from './read.ts'
import { patterned, writeBytes, writeZeroes } from './write.ts'

type Operation = 'read' | 'write'

/** Lets a request run on, and counts it as the guest's are. @param failure - what is said before the reason */
function start(
  call: IoCall,
  operation: Operation,
  { bytes, failure }: { readonly bytes: bigint; readonly failure: string },
  run: () => Promise<void>,
): void {
  const { statistics } = call.access
  const startedAt = performance.now()
  const work = async (): Promise<void> => {
    try {
      await run()
      statistics.done(operation, Number(bytes), startedAt)
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      statistics.failed(operation, startedAt)
      call.say(`${failure} failed: ${reasonOf(error)}\n`)
    }
  }
  call.later(work())
}

/** As `readLengths()`; what cannot be is counted. */
function countedLengths(call: IoCall, operation: Operation, words: readonly string[]): bigint {
  try {
    return readLengths(words)
  } catch (error) {
    call.access.statistics.invalid(operation)
    throw error
  }
}

/** Requests that run on when the command has ended. */
export const aioCommands = {
  aio_read: ioCommand({
    words: { least: 2 },
    options: { C: 'flag', P: 'pattern', i: 'last', q: 'flag', v: 'flag' },
    args: '[-Ciqv] [-P pattern] off len [len..]',
    oneline: 'asynchronously reads a number of bytes',
    help: `
 asynchronously reads a range of bytes from the given offset

 Example:
 'aio_read -v 512 1k 1k ' - dumps 2 kilobytes read from 512 bytes into the file

 Reads a segment of the currently open file, optionally dumping it to the
 standard output stream (with -v option) for subsequent inspection.
 The read is performed asynchronously and the aio_flush command must be
 used to ensure all outstanding aio requests have been completed.
 Note that due to its asynchronous nature, this command will be
 considered successful once the request is submitted, independently
 of potential I/O errors or pattern mismatches.
 -C, -- report statistics in a machine parsable format
 -P, -- use a pattern to verify read data
 -i, -- treat request as invalid, for exercising stats
 -v, -- dump buffer to standard output
 -q, -- quiet mode, do not show I/O statistics

`,
    run(call, { C, P: pattern, i: invalid, q, v }, operands) {
      if (invalid === true) {
        call.say('injecting invalid read request\n')
        call.access.statistics.invalid('read')
        return
      }
      if (operands.length < 2) throw new UsageComplaint()
      const offset = numberAt(operands, 0)
      const count = countedLengths(call, 'read', operands.slice(1))
      const elapsed = stopwatch()
      start(call, 'read', { bytes: count, failure: 'readv' }, async () => {
        const bytes = await readBytes(call, offset, count)
        tellRead(call, bytes, elapsed(), {
          offset,
          plain: C === true,
          quiet: q === true,
          dumps: v === true,
          expected: pattern === undefined ? undefined : { pattern, offset: 0n, count },
        })
      })
    },
  }),
  aio_write: ioCommand({
    words: { least: 2 },
    uses: ['write'],
    options: { C: 'flag', f: 'flag', i: 'last', q: 'flag', P: 'pattern', u: 'flag', z: 'flag' },
    args: '[-Cfiquz] [-P pattern] off len [len..]',
    oneline: 'asynchronously writes a number of bytes',
    help: `
 asynchronously writes a range of bytes from the given offset source
 from multiple buffers

 Example:
 'aio_write 512 1k 1k' - writes 2 kilobytes at 512 bytes into the open file

 Writes into a segment of the currently open file, using a buffer
 filled with a set pattern (0xcdcdcdcd).
 The write is performed asynchronously and the aio_flush command must be
 used to ensure all outstanding aio requests have been completed.
 Note that due to its asynchronous nature, this command will be
 considered successful once the request is submitted, independently
 of potential I/O errors or pattern mismatches.
 -P, -- use different pattern to fill file
 -C, -- report statistics in a machine parsable format
 -f, -- use Force Unit Access semantics
 -i, -- treat request as invalid, for exercising stats
 -q, -- quiet mode, do not show I/O statistics
 -u, -- with -z, allow unmapping
 -z, -- write zeroes using blk_aio_pwrite_zeroes

`,
    run(call, { C, f, i: invalid, q, P: pattern, u, z }, operands) {
      if (invalid === true) {
        call.say('injecting invalid write request\n')
        call.access.statistics.invalid('write')
        return
      }
      if (operands.length < 2) throw new UsageComplaint()
      if (z === true && operands.length !== 2) throw new IoComplaint('-z supports only a single length parameter\n')
      if (u === true && z !== true) throw new IoComplaint('-u requires -z to be specified\n')
      const offset = numberAt(operands, 0)
      const count = z === true ? numberAt(operands, 1) : countedLengths(call, 'write', operands.slice(1))
      const through = f === true
      const elapsed = stopwatch()
      start(call, 'write', { bytes: count, failure: 'aio_write' }, async () => {
        if (z === true) await writeZeroes(call, offset, count, { through, unmap: u === true })
        else await writeBytes(call, offset, count, patterned(pattern), { through })
        if (q !== true) call.say(reportText({ done: 'wrote', offset, bytes: count, plain: C === true }, elapsed()))
      })
    },
  }),
  aio_flush: ioCommand({
    words: { least: 0, most: 0 },
    oneline: 'completes all outstanding aio requests',
    async run(call) {
      const startedAt = performance.now()
      await call.quiet()
      call.access.statistics.done('flush', 0, startedAt)
    },
  }),
}
