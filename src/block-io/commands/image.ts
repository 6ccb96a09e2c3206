import {
  BlockError,
  type BlockNode,
  type Preallocation,
  preallocations,
  reasonOf,
  resizeImage,
  specificLines,
  textOfBlockError,
} from '../../block/index.ts'
import { type IoCall, ioCommand } from '../io-command.ts'
import { IoComplaint, UsageComplaint } from '../io-complaint.ts'
import { readNumber } from '../numbers.ts'
import { unitText } from '../report.ts'

/** The image as a whole. */
export const imageCommands = {
  flush: ioCommand({
    alias: 'f',
    words: { least: 0, most: 0 },
    oneline: 'flush all in-core file state to disk',
    async run(call) {
      try {
        call.image()
        await call.access.request('flush', 0, (node) => node.flush())
      } catch (error) {
        if (!(error instanceof BlockError)) throw error
        return false
      }
      return true
    },
  }),
  truncate: ioCommand({
    alias: 't',
    words: { least: 1, most: 3 },
    uses: ['write', 'resize'],
    options: { m: 'text' },
    args: '[-m prealloc_mode] off',
    oneline: 'truncates the current file at the given offset',
    async run(call, options, operands) {
      const { m: word = 'off' } = options
      const mode = preallocations.find((one) => one === word)
      if (mode === undefined) throw new IoComplaint(`Invalid preallocation mode '${word}'`, 'complain')
      const [text] = operands
      if (text === undefined) throw new UsageComplaint()
      // QEMU shows the first word, whatever it is.
      const length = readNumber(text, options.m === undefined ? text : '-m')
      try {
        const node = noMediumInWords(call)
        checkResize(node, length, mode)
        await resizeImage(node, Number(length), mode)
      } catch (error) {
        if (error instanceof BlockError) throw new IoComplaint(textOfBlockError(error), 'complain')
        throw error
      }
    },
  }),
  length: ioCommand({
    alias: 'l',
    words: { least: 0, most: 0 },
    oneline: 'gets the length of the current file',
    run(call) {
      try {
        call.say(`${unitText(call.image().length)}\n`)
      } catch (error) {
        throw error instanceof BlockError ? new IoComplaint(`getlength: ${reasonOf(error)}\n`) : error
      }
    },
  }),
  info: ioCommand({
    alias: 'i',
    words: { least: 0, most: 0 },
    oneline: 'prints information about the current file',
    async run(call) {
      const node = call.image()
      const { driver } = node
      call.say(`format name: ${driver.name}\n`)
      if (node.children.size === 0) call.say(`format name: ${driver.name}\n`)
      if (!tellsClusters(node)) return false
      const { clusterSize = 0, vmStateOffset = 0, formatSpecific } = await node.details()
      call.say(`cluster size: ${unitText(clusterSize)}\nvm state offset: ${unitText(vmStateOffset)}\n`)
      const [title, ...lines] = specificLines(formatSpecific)
      if (title === undefined) return true
      call.say(`${title}\n`)
      for (const line of lines) call.show(`${line}\n`)
      return true
    },
  }),
}

/** QEMU's `BDRV_MAX_LENGTH`. */
const largestLength = 0x7fff_ffff_c000_0000n

/** @throws {IoComplaint} in QEMU's words */
function checkResize({ driver, length: before }: BlockNode, length: bigint, mode: Preallocation): void {
  const refuse = (text: string): never => {
    throw new IoComplaint(text, 'complain')
  }
  if (length > largestLength) refuse(`offset(${length}) exceeds maximum(${largestLength})`)
  const structured = driver.preallocate !== undefined
  if (length < BigInt(before) && mode !== 'off' && (structured || mode !== 'metadata')) {
    refuse(
      structured
        ? "Preallocation can't be used for shrinking an image"
        : 'Cannot use preallocation for shrinking files',
    )
  }
  if (length <= BigInt(Number.MAX_SAFE_INTEGER)) return
  refuse(structured ? 'Failed to grow the L1 table: File too large' : 'Could not resize file: File too large')
}

function noMediumInWords(call: IoCall): BlockNode {
  try {
    return call.image()
  } catch (error) {
    throw error instanceof BlockError ? new IoComplaint('No medium inserted', 'complain') : error
  }
}

/** Storage that is no file has no clusters that QEMU would tell of, nor has what only shows it. */
function tellsClusters({ driver, children }: BlockNode): boolean {
  const file = children.get('file')
  if (file === undefined) return driver.name === 'file' || driver.name.startsWith('host_')
  return driver.name === 'raw' || driver.name === 'luks' || driver.filters === true ? tellsClusters(file) : true
}
