import {
  BlockError,
  type BlockNode,
  chainStatus,
  combinePath,
  imageFormats,
  isZero,
  type NodeGraph,
  reasonOf,
  storageName,
  textOfBlockError,
} from '../../block/index.ts'
import { Arguments } from './arguments.ts'
import type { Output } from './img.ts'
import { ImgError, UsageError } from './img-error.ts'
import { graphFor, type OpenImage, type OpenMode, openImage, readCache } from './open.ts'
import { Progress } from './progress.ts'

const pieceSize = 2 ** 20
const sector = 512

/** `vmon img rebase`: gives an image another backing file, or none; what the guest sees stays, unless `-u` says so. */
export async function rebase(argv: readonly string[], output: Output): Promise<number> {
  const args = new Arguments(argv, 'f= F:backing-format= b= u p t= T= q U:force-share object= image-opts', 'rebase')
  const [filename] = args.operands
  if (filename === undefined || args.operands.length > 1) throw new UsageError('Expecting one image file name')
  const backing = args.value('b')
  const unsafe = args.has('u')
  if (backing === undefined && !unsafe) throw new UsageError('Must specify backing file (-b) or use unsafe mode (-u)')
  const cache = readCache(args.value('t'), 'cache option')
  const sourceCache = readCache(args.value('T'), 'source cache option')
  const format = args.value('F')
  await using progress = new Progress(args.has('p') && !args.has('q') ? output : undefined).begin()
  progress.show(0)
  await using graph = graphFor(args, output)
  await using image = await openImage(graph, filename, {
    format: args.value('f'),
    imageOptions: args.has('image-opts'),
    writable: true,
    noBacking: unsafe,
    ...(cache === undefined ? {} : { cache }),
  })
  if (format !== undefined && !imageFormats.has(format)) throw new ImgError(`Invalid format name: '${format}'`)
  if (!unsafe) {
    const mode = { format, ...(sourceCache === undefined ? {} : { cache: sourceCache }) }
    await using fresh = await openNewBacking(graph, image, backing!, mode)
    checkNaming(image, backing!, format)
    await keepContents(image, fresh?.node, progress)
  }
  progress.show(100)
  await nameBacking(image, backing ?? '', format)
  return 0
}

/** @returns nothing, if there is to be none @throws {ImgError} */
async function openNewBacking(
  graph: NodeGraph,
  { node }: OpenImage,
  name: string,
  mode: OpenMode,
): Promise<OpenImage | undefined> {
  if (name === '') return undefined
  try {
    return await openImage(graph, combinePath(storageName(node), name), mode)
  } catch (error) {
    if (!(error instanceof ImgError)) throw error
    throw new ImgError(error.message.replace(/^Could not open '.*?': /s, `Could not open new backing file '${name}': `))
  }
}

/** Looks whether the image can name the backing file, before anything is written for it. @throws {ImgError} */
function checkNaming({ node }: OpenImage, backing: string, format: string | undefined): void {
  const complaint = `Could not change the backing file to '${backing}'`
  if (backing !== '' && format === undefined) throw new ImgError(`${complaint}: backing format must be specified`)
  if (node.driver.nameBacking === undefined) throw new ImgError(`${complaint}: Operation not supported`)
}

async function nameBacking(image: OpenImage, backing: string, format: string | undefined): Promise<void> {
  checkNaming(image, backing, format)
  try {
    await image.node.driver.nameBacking!(backing === '' ? undefined : { filename: backing, format })
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    const reason = error.kind === 'invalid' ? 'No space left in the file header' : textOfBlockError(error)
    throw new ImgError(`Could not change the backing file to '${backing}': ${reason}`)
  }
}

/** Writes into the image itself what it shows of the old backing file, where the new one shows something else. */
async function keepContents(image: OpenImage, fresh: BlockNode | undefined, progress: Progress): Promise<void> {
  const { node } = image
  const old = node.child('backing')
  const common = sameImage(old, fresh)
  for (let at = 0; at < node.length; progress.show((100 * at) / node.length)) {
    const status = await node.status(at, node.length - at)
    if (status.allocated) {
      at += status.length
      continue
    }
    const stretch = await untilCommon(old, common, at, status.length)
    if (!stretch.common) await keepStretch(image, [old, fresh], at, stretch.length)
    at += stretch.length
  }
  await image.target.flush()
}

/** The image of the old chain that is the new backing file. */
function sameImage(old: BlockNode | undefined, fresh: BlockNode | undefined): BlockNode | undefined {
  for (let node = old; node !== undefined; node = node.child('backing')) {
    if (node.filename === fresh?.filename) return node
  }
  return undefined
}

/** A stretch that only images hold which the old chain and the new one have in common, or one that may be another. */
async function untilCommon(
  old: BlockNode | undefined,
  common: BlockNode | undefined,
  at: number,
  length: number,
): Promise<{ readonly common: boolean; readonly length: number }> {
  if (old === undefined || common === undefined || at >= old.length) return { common: false, length }
  if (old === common) return { common: true, length }
  const status = await chainStatus(old, at, Math.min(length, old.length - at), { base: common })
  return { common: !status.allocated && !status.zero, length: status.length }
}

/** Writes the sectors of a stretch that are not the same in both backing files. */
async function keepStretch(
  { target }: OpenImage,
  backings: readonly (BlockNode | undefined)[],
  begin: number,
  length: number,
): Promise<void> {
  for (let at = begin; at < begin + length; at += pieceSize) {
    const size = Math.min(pieceSize, begin + length - at)
    const [old, fresh] = await Promise.all(backings.map((backing) => readPadded(backing, at, size)))
    try {
      for (const { from, to } of differences(old!, fresh!)) {
        const bytes = old!.subarray(from, to)
        if (isZero(bytes)) await target.writeZeroes(at + from, to - from)
        else await target.write(at + from, bytes)
      }
    } catch (error) {
      throw error instanceof BlockError ? new ImgError(`Error while writing to COW image: ${reasonOf(error)}`) : error
    }
  }
}

/** What a backing file shows; behind its end, zeroes. */
async function readPadded(node: BlockNode | undefined, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  const there = Math.max(0, Math.min(length, (node?.length ?? 0) - offset))
  try {
    if (there > 0) await node!.readInto(offset, bytes.subarray(0, there))
  } catch (error) {
    if (error instanceof BlockError) throw new ImgError(`error while reading from backing file: ${reasonOf(error)}`)
    throw error
  }
  return bytes
}

/** Runs of sectors that differ. */
function* differences(one: Uint8Array, other: Uint8Array): Generator<{ readonly from: number; readonly to: number }> {
  if (Buffer.compare(one, other) === 0) return
  let from: number | undefined
  for (let at = 0; at < one.byteLength; at += sector) {
    const same = Buffer.compare(one.subarray(at, at + sector), other.subarray(at, at + sector)) === 0
    if (!same) from ??= at
    else if (from !== undefined) {
      yield { from, to: at }
      from = undefined
    }
  }
  if (from !== undefined) yield { from, to: one.byteLength }
}
