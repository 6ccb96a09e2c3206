import { changing, type DirtyBitmap } from '../bitmaps/index.ts'
import { BlockError } from '../block-error.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import type { BlockNode } from '../graph/node.ts'

/** Bytes of bits in a part. */
const partBytes = 65536

/** A dirty bitmap that is sent elsewhere. */
export class LeavingBitmap {
  readonly name: string
  readonly #bitmap: DirtyBitmap

  constructor(name: string, bitmap: DirtyBitmap) {
    this.name = name
    this.#bitmap = bitmap
  }

  get granularity(): number {
    return this.#bitmap.granularity
  }

  /** Of the image. */
  get byteLength(): number {
    return this.#bitmap.size
  }

  get recording(): boolean {
    return this.#bitmap.recording
  }

  get persistent(): boolean {
    return this.#bitmap.persistent
  }

  /** @throws {BlockError} kinds `busy`, `read-only` and `corrupt` */
  check(): void {
    this.#bitmap.check(changing)
  }

  /** It is in use from now on, and goes on recording; the image does not keep it. */
  begin(): void {
    this.#bitmap.become('busy')
    this.#bitmap.leaving = true
  }

  /** @param handedOver - whether it is another process's now: the image does not keep it until it is taken back */
  end(handedOver: boolean): void {
    this.#bitmap.become('busy', false)
    this.#bitmap.leaving = handedOver
  }

  /** Its bits, but for long stretches of zeros. @param byteLength - how much of the image counts */
  *parts(byteLength: number): Generator<{ readonly offset: number; readonly bytes: Uint8Array }> {
    const bytesOfBits = Math.ceil(Math.ceil(Math.min(byteLength, this.byteLength) / this.granularity) / 8)
    const bytesOfImage = this.granularity * 8
    for (let at = 0; at < bytesOfBits; ) {
      const dirty = this.#bitmap.nextDirty(at * bytesOfImage)
      if (dirty === undefined) return
      const byte = Math.floor(dirty.offset / bytesOfImage)
      const offset = byte - (byte % partBytes)
      const length = Math.min(partBytes, bytesOfBits - offset)
      if (length <= 0) return
      yield { offset, bytes: this.#bitmap.bytes(offset, length) }
      at = offset + length
    }
  }
}

/** The bitmaps of a node that users can name. */
export interface BitmapsOfNode {
  /** Of the node, or of the drive that holds it. */
  readonly name: string
  readonly bitmaps: readonly LeavingBitmap[]
}

/**
 * All bitmaps that users can name, the newest of a node first.
 *
 * @param options.byDrive - nodes go by the name of the drive that holds them, where it has one
 */
export function leavingBitmaps(drives: DriveSet, { byDrive }: { readonly byDrive: boolean }): BitmapsOfNode[] {
  const names = new Map<BlockNode, string>()
  for (const { id, node } of byDrive ? drives : []) {
    const image = belowEmptyFilters(node)
    if (id !== '' && image !== undefined && !names.has(image)) names.set(image, id)
  }
  for (const node of drives.graph.nodes) if (!names.has(node)) names.set(node, node.name)
  return [...names]
    .map(([node, name]) => ({ name, bitmaps: namedBitmaps(node) }))
    .filter(({ bitmaps }) => bitmaps.length > 0)
}

/** The image below filters without bitmaps; undefined where a filter has some, which goes by its own name. */
function belowEmptyFilters(node: BlockNode | undefined): BlockNode | undefined {
  if (node?.driver.filters !== true) return node
  return namedBitmaps(node).length === 0 ? belowEmptyFilters(node.behind) : undefined
}

function namedBitmaps(node: BlockNode): LeavingBitmap[] {
  return [...node.bitmaps].flatMap((bitmap) =>
    bitmap.name === undefined ? [] : [new LeavingBitmap(bitmap.name, bitmap)],
  )
}

/** A node to which dirty bitmaps come. */
export class ArrivingNode {
  readonly #node: BlockNode

  /** @throws {BlockError} kinds `missing` and `empty`, in QEMU's words */
  constructor(drives: DriveSet, { drive, nodeName }: { readonly drive?: string; readonly nodeName: string }) {
    this.#node = drives.image({ device: drive, nodeName })
  }

  get name(): string {
    return this.#node.name
  }

  get byteLength(): number {
    return this.#node.length
  }

  /**
   * Makes a bitmap that is in use until it has everything. One that the image has, but as out of date, gives way to it.
   *
   * @throws {BlockError} kinds `duplicate` and `invalid`, in QEMU's words
   */
  add(wanted: { readonly name: string; readonly granularity: number; readonly persistent: boolean }): ArrivingBitmap {
    const { name, granularity, persistent } = wanted
    const { bitmaps } = this.#node
    const present = bitmaps.find(name)
    if (present?.is('inconsistent') === true) bitmaps.drop(present)
    else if (present !== undefined)
      throw new BlockError('duplicate', `Bitmap with the same name ('${name}') already exists on destination`)
    const bitmap = bitmaps.add({ name, granularity, recording: false }, this.name)
    bitmap.persistent = persistent
    bitmap.become('busy')
    return new ArrivingBitmap(this.#node, bitmap)
  }
}

/** A dirty bitmap that comes from elsewhere. */
export class ArrivingBitmap {
  readonly #node: BlockNode
  readonly #bitmap: DirtyBitmap

  constructor(node: BlockNode, bitmap: DirtyBitmap) {
    this.#node = node
    this.#bitmap = bitmap
  }

  /** @param offset - of the first byte among all of its bits, the lowest bit of a byte first */
  put(offset: number, bytes: Uint8Array): void {
    this.#bitmap.addBytes(offset, bytes)
  }

  /** It has everything. @param recording - whether it records writes from now on */
  finish(recording: boolean): void {
    this.#bitmap.recording = recording
    this.#bitmap.become('busy', false)
  }

  /** It is not to come after all. */
  drop(): void {
    this.#node.bitmaps.drop(this.#bitmap)
  }
}
