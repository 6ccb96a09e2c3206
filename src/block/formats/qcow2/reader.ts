import type { RequestOptions } from '../../open/driver.ts'
import type { ByteStore } from '../luks/encrypted-bytes.ts'
import { readCompressed } from './compression.ts'
import type { Image } from './image.ts'
import { kinds } from './mapping.ts'

/** A request in many pieces runs this many of them at once. */
const piecesAtOnce = 16

/** Reads what the guest sees. */
export class Reader {
  readonly #image: Image

  constructor(image: Image) {
    this.#image = image
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    const { mapping, data } = this.#image
    const length = target.byteLength
    // Nearly always: one run, and the table that tells so is in memory.
    if (length > 0 && mapping.lookUp(offset, length) === kinds.data && mapping.length === length) {
      if (mapping.host + length <= data.length) {
        this.#image.tell('read_aio')
        return data.readInto(mapping.host, target, options, offset)
      }
    }
    return this.#readRuns(offset, target, options)
  }

  async #readRuns(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    const { mapping, l2 } = this.#image
    let pieces: Promise<void>[] = []
    try {
      for (let at = 0; at < target.byteLength; ) {
        if (mapping.lookUp(offset + at, target.byteLength - at) === kinds.notLoaded) {
          await l2.load(mapping.host)
          continue
        }
        const part = target.subarray(at, at + mapping.length)
        const piece = this.#readRun(offset + at, part, options)
        at += part.byteLength
        if (piece !== undefined) pieces.push(piece)
        if (pieces.length < piecesAtOnce) continue
        await Promise.all(pieces)
        options?.signal?.throwIfAborted()
        pieces = []
      }
    } finally {
      // The target is in use until every piece has settled.
      await Promise.allSettled(pieces)
    }
    await Promise.all(pieces)
  }

  /** Reads the run that `mapping` has just found; undefined if that took no waiting. */
  #readRun(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> | undefined {
    const { mapping, data, geometry } = this.#image
    if (mapping.kind === kinds.data) {
      this.#image.tell('read_aio')
      return readPadded(data, mapping.host, target, options, offset)
    }
    if (mapping.kind === kinds.compressed) {
      const within = offset % geometry.clusterSize
      this.#image.tell('read_compressed')
      return readCompressed(this.#image, mapping.host, mapping.compressedLength).then((cluster) => {
        target.set(cluster.subarray(within, within + target.byteLength))
      })
    }
    if (mapping.kind === kinds.unallocated) return this.#readBacking(offset, target, options)
    target.fill(0)
    return undefined
  }

  /** A backing file that is shorter than the image goes on in zeroes. */
  #readBacking(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> | undefined {
    const { backing } = this.#image
    if (backing !== undefined) {
      this.#image.tell('read_backing_aio')
      return readPadded(backing, offset, target, options)
    }
    target.fill(0)
    return undefined
  }
}

/** Reads from a node that may end early, as if it went on in zeroes; undefined if that took no waiting. */
function readPadded(
  node: ByteStore,
  offset: number,
  target: Uint8Array,
  options: RequestOptions | undefined,
  guest = offset,
): Promise<void> | undefined {
  const available = Math.max(0, Math.min(target.byteLength, node.length - offset))
  target.fill(0, available)
  return available > 0 ? node.readInto(offset, target.subarray(0, available), options, guest) : undefined
}
