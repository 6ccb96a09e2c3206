import type { BlockStatus } from '../../open/driver.ts'
import type { Image } from './image.ts'
import { kinds } from './mapping.ts'
import { notLoaded } from './refcounts.ts'

/** Tells what ranges of an image hold, without reading them. */
export class Status {
  readonly #image: Image
  /** The image has places for clusters that nobody has written: holes in its file. Undefined: nobody has looked yet. */
  #preallocated: boolean | undefined

  constructor(image: Image) {
    this.#image = image
  }

  /** As `Driver.status()`. */
  look(offset: number, length: number): Promise<BlockStatus> {
    const { mapping } = this.#image
    if (this.#preallocated === undefined || mapping.lookUp(offset, length) === kinds.notLoaded) {
      return this.#load(offset, length)
    }
    const status = this.#current(offset)
    return this.#preallocated && mapping.kind === kinds.data ? this.#withHoles(status) : Promise.resolve(status)
  }

  async #load(offset: number, length: number): Promise<BlockStatus> {
    this.#preallocated ??= await this.#findPreallocation()
    const { mapping, l2 } = this.#image
    while (mapping.lookUp(offset, length) === kinds.notLoaded) await l2.load(mapping.host)
    return this.look(offset, length)
  }

  /** What `mapping` has just found. */
  #current(offset: number): BlockStatus {
    const { mapping, backing, encryption } = this.#image
    const { kind, host, length } = mapping
    if (kind === kinds.data) {
      const asIs = encryption === undefined ? { offset: host } : {}
      return { length, allocated: true, data: true, zero: false, ...asIs }
    }
    if (kind === kinds.compressed) return { length, allocated: true, data: true, zero: false, compressed: true }
    if (kind === kinds.zero) {
      const located = host !== 0 ? { offset: host } : {}
      return { length, allocated: true, data: false, zero: true, ...located }
    }
    const shown = Math.max(0, (backing?.length ?? 0) - offset)
    if (shown === 0) return { length, allocated: false, data: false, zero: true }
    return { length: Math.min(length, shown), allocated: false, data: false, zero: false }
  }

  /** A place in a hole of the file has never been written: it reads as zeroes. */
  async #withHoles(status: BlockStatus): Promise<BlockStatus> {
    if (status.offset === undefined) return status
    const { storage } = this.#image
    const stored = Math.min(status.length, storage.length - status.offset)
    if (stored <= 0) return { ...status, zero: true } // what lies beyond the end of the file
    const below = await storage.status(status.offset, stored)
    return { ...status, length: below.length, zero: below.zero }
  }

  /** Looks whether the file has clearly less on its disk than the clusters that count as used would take. */
  async #findPreallocation(): Promise<boolean> {
    const { file, geometry, refcounts, externalData } = this.#image
    const { actualSize } = await file.details()
    if (externalData || actualSize === undefined) return false
    const stored = Math.floor(actualSize / geometry.clusterSize)
    const suspicious = Math.max(Math.floor((stored * 10) / 9), stored + 2)
    const end = Math.ceil(file.length / geometry.clusterSize)
    let used = 0
    for (let cluster = 0; cluster < end && used < suspicious; ) {
      const count = refcounts.peek(cluster)
      if (count === notLoaded) {
        await refcounts.cache.load(refcounts.missing)
        continue
      }
      if (count > 0) used++
      cluster++
    }
    return used >= suspicious
  }
}
