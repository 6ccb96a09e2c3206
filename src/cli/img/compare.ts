import { BlockError, type BlockNode, type ChainStatus, chainStatus, reasonOf } from '../../block/index.ts'
import { Arguments } from '../arguments.ts'
import { ProgramError, UsageError } from '../program-error.ts'
import type { Output } from './img.ts'
import { graphFor, openImage, readCache } from './open.ts'
import { Progress } from './progress.ts'

const largestPiece = 2 * 2 ** 20
const sector = 512

/** What the program ends with. */
const statuses = { identical: 0, different: 1, notOpened: 2, unknownStatus: 3, unreadable: 4 } as const

/** One of the two images. */
interface Side {
  readonly filename: string
  readonly node: BlockNode
  /** What is read of it, piece by piece: fresh memory for each costs more than to read it. */
  readonly memory: Buffer
}

const zeroes = Buffer.alloc(largestPiece)

/** `vmon img compare`: says whether a guest sees the same in two images. */
export async function compare(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f:a-format= F:b-format= T= p q s object= image-opts U:force-share', 'compare')
  const [one, other] = args.operands
  if (one === undefined || other === undefined || args.operands.length > 2) {
    throw new UsageError('Expecting two image file names')
  }
  const cache = readCache(args.value('T'), 'source cache option', statuses.notOpened)
  const mode = {
    imageOptions: args.has('image-opts'),
    forceShare: args.has('U'),
    failure: statuses.notOpened,
    ...(cache === undefined ? {} : { cache }),
  }
  await using progress = new Progress(args.has('p') && !args.has('q') ? output : undefined, 2).begin()
  await using graph = await graphFor(args, output)
  await using first = await openImage(graph, one, { ...mode, format: args.value('f') })
  await using second = await openImage(graph, other, { ...mode, format: args.value('F') })
  const say = (text: string): void => {
    if (!args.has('q')) output.out(`${text}\n`)
  }
  const sides = [
    { filename: one, node: first.node, memory: Buffer.allocUnsafeSlow(largestPiece) },
    { filename: other, node: second.node, memory: Buffer.allocUnsafeSlow(largestPiece) },
  ] as const
  progress.show(0)
  const difference = await compareSides(sides, args.has('s'), say, progress)
  say(difference ?? 'Images are identical.')
  return difference === undefined ? statuses.identical : statuses.different
}

type Sides = readonly [Side, Side]

/** @returns what is different, if something is */
async function compareSides(
  sides: Sides,
  strict: boolean,
  say: (text: string) => void,
  progress: Progress,
): Promise<string | undefined> {
  const [a, b] = [sides[0].node.length, sides[1].node.length]
  const longest = Math.max(a, b)
  if (a !== b && strict) return 'Strict mode: Image size mismatch!'
  const difference = await compareShared(sides, Math.min(a, b), strict, (at) => progress.show((at / longest) * 100))
  if (difference !== undefined || a === b) return difference
  say('Warning: Image size mismatch!')
  return restDifference(a > b ? sides[0] : sides[1], Math.min(a, b), (at) => progress.show((at / longest) * 100))
}

async function compareShared(
  [one, other]: Sides,
  end: number,
  strict: boolean,
  reached: (at: number) => void,
): Promise<string | undefined> {
  for (let at = 0; at < end; ) {
    const [first, second] = [await statusOf(one, at, end - at), await statusOf(other, at, end - at)]
    const ends = [first, second].filter(({ length }) => at + length === end)
    if (strict && (!sameStatus(first, second) || ends.length === 1))
      return `Strict mode: Offset ${at} block status mismatch!`
    let length = Math.min(first.length, second.length)
    if (!(first.zero && second.zero)) {
      length = Math.min(length, largestPiece)
      const different = await compareRange(first.zero ? [other] : second.zero ? [one] : [one, other], at, length)
      if (different !== undefined) return mismatch(different)
    }
    at += length
    reached(at)
  }
  return undefined
}

/** What is longer than the other image must be zero. */
async function restDifference(side: Side, start: number, reached: (at: number) => void): Promise<string | undefined> {
  for (let at = start; at < side.node.length; ) {
    const status = await statusOf(side, at, side.node.length - at)
    const length = status.zero ? status.length : Math.min(status.length, largestPiece)
    const different = status.zero ? undefined : await compareRange([side], at, length)
    if (different !== undefined) return mismatch(different)
    at += length
    reached(at)
  }
  return undefined
}

/** Compares a range of two images, or of one with zeroes. @returns the first sector that differs */
async function compareRange(sides: readonly Side[], at: number, length: number): Promise<number | undefined> {
  const [first, second = zeroes.subarray(0, length)] = await Promise.all(sides.map((side) => read(side, at, length)))
  if (Buffer.compare(first!, second) === 0) return undefined
  for (let begin = 0; ; begin += sector) {
    const end = begin + sector
    if (Buffer.compare(first!.subarray(begin, end), second.subarray(begin, end)) !== 0) return at + begin
  }
}

function mismatch(offset: number): string {
  return `Content mismatch at offset ${offset}!`
}

function sameStatus(one: ChainStatus, other: ChainStatus): boolean {
  return (
    one.data === other.data &&
    one.zero === other.zero &&
    one.allocated === other.allocated &&
    (one.offset === undefined) === (other.offset === undefined)
  )
}

async function statusOf({ filename, node }: Side, at: number, length: number): Promise<ChainStatus> {
  try {
    return await chainStatus(node, at, length)
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`Sector allocation test failed for ${filename}`, statuses.unknownStatus)
  }
}

/** The result is the side's memory: the next call changes it. */
async function read({ filename, node, memory }: Side, at: number, length: number): Promise<Uint8Array> {
  const bytes = memory.subarray(0, length)
  try {
    await node.readInto(at, bytes)
    return bytes
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`Error while reading offset ${at} of ${filename}: ${reasonOf(error)}`, statuses.unreadable)
  }
}
