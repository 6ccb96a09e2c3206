import { BlockError } from '../block-error.ts'
import { reasonOf } from '../block-reason.ts'
import { chainStatus } from '../graph/chain-status.ts'
import type { BlockNode } from '../graph/node.ts'
import { isZero } from '../zeroes.ts'

const pieceSize = 2 ** 20
const sector = 512

export interface KeepOptions {
  /** How the image is written, where that is not as any node. */
  readonly through?: Pick<BlockNode, 'write' | 'writeZeroes' | 'flush'>
  /** Hears how far it is, in percent. */
  readonly progress?: ((percent: number) => void) | undefined
  /** Gives up between two pieces: the image still shows what it has shown. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes into an image itself what it shows of its backing file, where another one that is to take its place shows something
 * else.
 *
 * @param fresh - the new backing file; undefined for none
 * @throws {BlockError} in QEMU's words
 */
export async function keepContents(
  node: BlockNode,
  fresh: BlockNode | undefined,
  { through = node, progress, signal }: KeepOptions = {},
): Promise<void> {
  const old = node.child('backing')
  const common = sameImage(old, fresh)
  const reached = (offset: number): void => {
    progress?.((100 * offset) / node.length)
    signal?.throwIfAborted()
  }
  signal?.throwIfAborted()
  for (let at = 0; at < node.length; ) {
    const status = await node.status(at, node.length - at)
    let { length } = status
    if (!status.allocated) {
      const stretch = await untilCommon(old, common, at, length)
      length = stretch.length
      if (!stretch.common) await keepStretch(through, [old, fresh], { begin: at, length, reached })
    }
    at += length
    reached(at)
  }
  await through.flush()
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

interface Stretch {
  readonly begin: number
  readonly length: number
  /** Hears of the offset up to which everything is done, within the stretch. */
  readonly reached: (offset: number) => void
}

/** Writes the sectors of a stretch that are not the same in both backing files. */
async function keepStretch(
  target: Pick<BlockNode, 'write' | 'writeZeroes'>,
  backings: readonly (BlockNode | undefined)[],
  { begin, length, reached }: Stretch,
): Promise<void> {
  const end = begin + length
  for (let at = begin; at < end; at += pieceSize) {
    if (at > begin) reached(at)
    const size = Math.min(pieceSize, end - at)
    const [old, fresh] = await Promise.all(backings.map((backing) => readPadded(backing, at, size)))
    try {
      for (const { from, to } of differences(old!, fresh!)) {
        const bytes = old!.subarray(from, to)
        if (isZero(bytes)) await target.writeZeroes(at + from, to - from)
        else await target.write(at + from, bytes)
      }
    } catch (error) {
      throw inWords('Error while writing to COW image', error)
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
    throw inWords('error while reading from backing file', error)
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

function inWords(complaint: string, error: unknown): unknown {
  if (!(error instanceof BlockError)) return error
  return new BlockError(error.kind, `${complaint}: ${reasonOf(error)}`, error.context, { cause: error })
}
