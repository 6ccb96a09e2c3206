import { type BitmapMapping, longestAlias, mappedBy } from './bitmap-mapping.ts'
import { MigrationError } from './migration-error.ts'
import type { BitmapDescription } from './stream/bitmap-section.ts'
import type { MachineWriter } from './stream/machine-writer.ts'
import type { BitmapsOfNode, LeavingBitmap, MigratedBitmaps } from './surroundings.ts'

interface Chosen {
  readonly bitmap: LeavingBitmap
  readonly description: BitmapDescription
}

/**
 * Dirty bitmaps that go with the machine (capability dirty-bitmaps): they are in use until the migration ends, still record
 * writes, and go when the guest stands still.
 */
export class BitmapsOnTheWay implements Disposable {
  readonly #chosen: Chosen[] = []
  #handedOver = false

  /**
   * @param mapping - the only bitmaps that go, with their names in the stream; undefined for all, by their own names
   * @throws {MigrationError | BlockError} if one of them cannot go; in QEMU's words
   */
  constructor(bitmaps: Pick<MigratedBitmaps, 'leave'>, mapping: BitmapMapping | undefined) {
    try {
      for (const node of bitmaps.leave({ byDrive: mapping === undefined })) this.#choose(node, mapping)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** Says which ones go. */
  async describe(writer: MachineWriter): Promise<void> {
    if (this.#chosen.length > 0) await writer.bitmaps(this.#chosen.map(({ description }) => description))
  }

  /** Sends what they have recorded; nobody writes the images any more. @param checkWanted - throws if nothing is to be sent */
  async send(writer: MachineWriter, checkWanted: () => void): Promise<void> {
    for (const [index, { bitmap, description }] of this.#chosen.entries())
      for (const part of bitmap.parts(description.byteLength)) {
        checkWanted()
        await writer.bitmapPart(index, part)
      }
  }

  /** The other side has them: images here do not keep them, unless the guest goes on here all the same. */
  handedOver(): void {
    this.#handedOver = true
  }

  [Symbol.dispose](): void {
    for (const { bitmap } of this.#chosen.splice(0)) bitmap.end(this.#handedOver)
  }

  #choose({ name: nodeName, bitmaps }: BitmapsOfNode, mapping: BitmapMapping | undefined): void {
    const mapped = mapping === undefined ? undefined : mappedBy('name', mapping).get(nodeName)
    if (mapping !== undefined && mapped === undefined) return
    const node = mapped?.alias ?? nodeName
    if (node.startsWith('#')) {
      const text = `Bitmap '${bitmaps[0]?.name}' in a node with auto-generated name '${node}' can't be migrated`
      throw new MigrationError('request', text)
    }
    for (const bitmap of bitmaps) {
      const { granularity, byteLength, recording } = bitmap
      bitmap.check()
      const known = mapped?.bitmaps.get(bitmap.name)
      if (mapped !== undefined && known === undefined) continue
      const name = known?.alias ?? bitmap.name
      if (Buffer.byteLength(name) > longestAlias) {
        const text = `Cannot migrate bitmap '${name}' on node '${node}': Name is longer than ${longestAlias} bytes`
        throw new MigrationError('request', text)
      }
      const persistent = known?.transform?.persistent ?? bitmap.persistent
      bitmap.begin()
      const description = { node, name, granularity, byteLength, enabled: recording, persistent }
      this.#chosen.push({ bitmap, description })
    }
  }
}
