import { BlockError } from '../../block-error.ts'
import type { VmState } from '../../open/driver.ts'
import { largestL1 } from './create.ts'
import { l1EntriesFor } from './geometry.ts'
import type { Image } from './image.ts'
import type { Reader } from './reader.ts'
import { growL1 } from './resize.ts'
import type { SharedTables } from './shared-tables.ts'
import type { Writer } from './writer.ts'

export interface StateAreaHost {
  readonly image: Image
  readonly shared: SharedTables
  /** @throws {BlockError} kinds `read-only`, `unsupported`, if the image cannot have snapshots made in it */
  check(): void
  /** Runs work that changes tables while no request is under way. @throws {BlockError} kinds `read-only`, `unsupported` */
  change<T>(work: (image: Image) => Promise<T>): Promise<T>
  request(work: (parts: { readonly reader: Reader; readonly writer: Writer }) => Promise<void>): Promise<void>
}

/** Tables for so many bytes more are made room for at once. */
const growthBytes = 2 ** 28

/** The part of the active L1 table behind the guest's bytes: a machine's state is there until a snapshot takes it. */
export class StateArea implements VmState {
  readonly #host: StateAreaHost

  constructor(host: StateAreaHost) {
    this.#host = host
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#host.check()
    const begin = this.#begin + offset
    await this.#makeRoom(begin + bytes.byteLength)
    await this.#host.request(({ writer }) => {
      this.#host.image.tell('vmstate_save')
      return writer.write(begin, bytes)
    })
  }

  readInto(offset: number, target: Uint8Array): Promise<void> {
    return this.#host.request(({ reader }) => {
      this.#host.image.tell('vmstate_load')
      return reader.readInto(this.#begin + offset, target)
    })
  }

  async clear(): Promise<void> {
    if (holdsState(this.#host.image)) await this.#host.change((image) => this.drop(image))
  }

  /** Takes the state out of the active tables; the image is drained, and the file has what memory has. */
  async drop(image: Image): Promise<void> {
    if (!holdsState(image)) return
    const { l1, header, geometry, writeback, file } = image
    const first = l1EntriesFor(header.size, geometry)
    const bytes = l1.encode(first)
    for (let index = first; index < l1.length; index++) if (l1.rawTableAt(index) !== 0) l1.set(index, 0, false)
    await writeback.settle()
    await file.flush()
    await this.#host.shared.add(bytes, -1)
  }

  get #begin(): number {
    const { header, geometry } = this.#host.image
    return l1EntriesFor(header.size, geometry) * geometry.l2Reach
  }

  async #makeRoom(end: number): Promise<void> {
    const { l1, geometry } = this.#host.image
    if (l1EntriesFor(end, geometry) <= l1.length) return
    await this.#host.change(async (image) => {
      if (l1EntriesFor(end, geometry) * 8 > largestL1)
        throw new BlockError('invalid', 'File too large', { code: 'EFBIG' })
      await growL1(image, Math.min(l1EntriesFor(end + growthBytes, geometry), largestL1 / 8))
    })
  }
}

function holdsState({ l1, header, geometry }: Image): boolean {
  for (let index = l1EntriesFor(header.size, geometry); index < l1.length; index++) {
    if (l1.rawTableAt(index) !== 0) return true
  }
  return false
}
