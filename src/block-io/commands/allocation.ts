import { BlockError, type BlockNode, reasonOf } from '../../block/index.ts'
import { ioCommand } from '../io-command.ts'
import { IoComplaint, UsageComplaint } from '../io-complaint.ts'
import { mostBytes, readNumber } from '../numbers.ts'
import { numberAt } from '../read-words.ts'
import { reportText, stopwatch, unitText } from '../report.ts'
import { attempt, placeOf } from '../requests.ts'

/** What the image holds itself, and what it is to hold no more. */
export const allocationCommands = {
  discard: ioCommand({
    alias: 'd',
    words: { least: 2 },
    uses: ['write'],
    options: { C: 'flag', q: 'flag' },
    args: '[-Cq] off len',
    oneline: 'discards a number of bytes at a specified offset',
    help: `
 discards a range of bytes from the given offset

 Example:
 'discard 512 1k' - discards 1 kilobyte from 512 bytes into the file

 Discards a segment of the currently open file.
 -C, -- report statistics in a machine parsable format
 -q, -- quiet mode, do not show I/O statistics

`,
    async run(call, { C, q }, operands) {
      if (operands.length !== 2) throw new UsageComplaint()
      const [offset, bytes] = [numberAt(operands, 0), numberAt(operands, 1)]
      if (bytes > mostBytes) throw new IoComplaint(`length cannot exceed ${mostBytes}, given ${operands[1]}\n`)
      const elapsed = stopwatch()
      await attempt('discard', async () => {
        const { at, length } = placeOf(call, offset, bytes)
        await call.access.request('unmap', length, (node) => node.discard(at, length))
      })
      if (q !== true) call.say(reportText({ done: 'discard', offset, bytes, plain: C === true }, elapsed()))
    },
  }),
  alloc: ioCommand({
    alias: 'a',
    words: { least: 1, most: 2 },
    args: 'offset [count]',
    oneline: 'checks if offset is allocated in the file',
    async run(call, _options, [first = '', second]) {
      const offset = readNumber(first)
      const wanted = second === undefined ? 512n : readNumber(second)
      const node = call.image()
      const there = BigInt(node.length) - offset
      const count = there < 0n ? 0n : wanted < there ? wanted : there
      let allocated = 0
      try {
        for (let at = Number(offset), end = at + Number(count); at < end; ) {
          const status = await node.status(at, end - at)
          if (status.allocated) allocated += status.length
          at += status.length
        }
      } catch (error) {
        throw error instanceof BlockError ? new IoComplaint(`is_allocated failed: ${reasonOf(error)}\n`) : error
      }
      call.say(`${allocated}/${count} bytes allocated at offset ${unitText(Number(offset))}\n`)
    },
  }),
  map: ioCommand({
    words: { least: 0, most: 0 },
    args: '',
    oneline: 'prints the allocated areas of a file',
    async run(call) {
      const node = lengthOrComplaint(() => call.image())
      for (let at = 0; at < node.length; ) {
        const { allocated, length } = await stretch(node, at)
        const what = allocated ? '    allocated' : 'not allocated'
        call.say(`${unitText(length)} (0x${length.toString(16)}) bytes ${what} at offset ${unitText(at)} (0x${at.toString(16)})\n`) // biome-ignore format: one line
        at += length
      }
    },
  }),
}

function lengthOrComplaint(image: () => BlockNode): BlockNode {
  try {
    return image()
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new IoComplaint(`Failed to query image length: ${reasonOf(error)}`, 'complain')
  }
}

/** What is there from an offset on, as far as it is of one kind. @throws {IoComplaint} */
async function stretch(node: BlockNode, start: number): Promise<{ allocated: boolean; length: number }> {
  try {
    const { allocated, length: first } = await node.status(start, node.length - start)
    let length = first
    while (start + length < node.length) {
      const next = await node.status(start + length, node.length - start - length)
      if (next.allocated !== allocated) break
      length += next.length
    }
    return { allocated, length }
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new IoComplaint(`Failed to get allocation status: ${reasonOf(error)}`, 'complain')
  }
}
