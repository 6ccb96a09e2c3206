import { Turns } from '../../graph/turns.ts'
import type { RequestOptions } from '../../open/driver.ts'
import { compress } from './compression.ts'
import type { Image } from './image.ts'
import { compressedHigh } from './l2-entry.ts'
import { notLoaded } from './refcounts.ts'
import type { Writer } from './writer.ts'

/** Writes clusters in little space: compressed, one behind the other, several to a cluster of the file. */
export class CompressedWriter {
  readonly #image: Image
  readonly #writer: Writer
  readonly #turns = new Turns()

  constructor(image: Image, writer: Writer) {
    this.#image = image
    this.#writer = writer
  }

  /** The range is whole clusters, but for the end of the image. @throws {BlockError} */
  async write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    const { clusterSize } = this.#image.geometry
    for (let at = 0; at < bytes.byteLength; at += clusterSize) {
      options?.signal?.throwIfAborted()
      const part = bytes.subarray(at, at + clusterSize)
      const whole = part.byteLength === clusterSize ? part : padded(part, clusterSize)
      const packed = await compress(this.#image, whole)
      if (packed === undefined) await this.#writer.write(offset + at, part, options)
      else await this.#place(offset + at, packed)
    }
  }

  async #place(guest: number, bytes: Uint8Array): Promise<void> {
    const { geometry, mapping, data, writeback } = this.#image
    if (writeback.crowded) await writeback.commit()
    const cluster = guest / geometry.clusterSize
    const { claims, tables, entries } = this.#writer
    for (let busy = claims.overlapping(cluster, cluster + 1); busy !== undefined; ) {
      await busy
      busy = claims.overlapping(cluster, cluster + 1)
    }
    const claim = claims.take(cluster, cluster + 1)
    try {
      if (!tables.has(guest)) await tables.make(guest)
      const offset = await this.#turns.take(() => this.#allocate(bytes.byteLength))
      this.#image.tell('write_compressed')
      await data.write(offset, bytes, { grow: true })
      const slice = await entries.slice(guest)
      const at = mapping.entryOffset(guest) - slice.offset
      entries.giveUp(slice, at)
      entries.set(slice, at, compressedHigh(offset, bytes.byteLength, geometry.clusterBits), offset % 2 ** 32)
      if (geometry.subclusters > 1) entries.setBits(slice, at, 0, 0)
    } finally {
      claims.release(claim)
    }
  }

  /** Finds room behind the last one, and counts a reference to each cluster that it touches. */
  async #allocate(length: number): Promise<number> {
    const { refcounts, geometry } = this.#image
    const { clusterSize } = geometry
    this.#image.tell('cluster_alloc_bytes')
    const next = this.#image.compressedEnd
    const used = next % clusterSize
    if (next !== 0 && used + length <= clusterSize && (await this.#share(next))) return this.#advance(next, length)
    const fresh = (await this.#image.allocate(1)) * clusterSize
    this.#image.takeUntouched(fresh, clusterSize)
    const follows = next !== 0 && fresh === next - used + clusterSize && used + length > clusterSize
    const spans = follows && refcounts.width.largest > 1 && (await this.#share(next))
    return this.#advance(spans ? next : fresh, length)
  }

  #advance(offset: number, length: number): number {
    const end = offset + length
    this.#image.compressedEnd = end % this.#image.geometry.clusterSize === 0 ? 0 : end
    return offset
  }

  /** Counts one reference more to the cluster of a byte, if it can have one and is still in use. */
  async #share(offset: number): Promise<boolean> {
    const { refcounts, geometry } = this.#image
    const cluster = Math.floor(offset / geometry.clusterSize)
    for (;;) {
      if (this.#image.compressedEnd !== offset) return false
      const count = refcounts.peek(cluster)
      if (count === 0 || count >= refcounts.width.largest) return false
      if (count !== notLoaded && refcounts.tryAdd(cluster, 1) !== notLoaded) return true
      await refcounts.cache.load(refcounts.missing)
    }
  }
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const whole = new Uint8Array(length)
  whole.set(bytes)
  return whole
}
