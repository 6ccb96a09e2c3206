import { BlockError } from '../block-error.ts'
import { DirtyBitmap, type NewDirtyBitmap, type Noted, removing, using } from './dirty-bitmap.ts'

/** What keeps bitmaps when their node closes: an image of a format that has a place for them. */
export interface BitmapKeeper {
  /** Whether it is of a version that can. */
  readonly keeps: boolean
  /** @throws {BlockError} if the image cannot keep one more, of that name and granularity */
  checkNew(bitmap: { readonly name: string; readonly granularity: number }): void
  /** Takes a bitmap out of the image, if it is there. @throws {BlockError} */
  forget(name: string): Promise<void>
}

export interface AddedBitmap extends NewDirtyBitmap {
  readonly name: string
}

const longestName = 1023

/** The dirty bitmaps of a node. The node tells them of what is written, and how long the image is. */
export class NodeBitmaps implements Iterable<DirtyBitmap> {
  /** The newest first. */
  #list: readonly DirtyBitmap[] = []
  /** Those that there were when the image went to another process, which has what the image keeps. */
  #before: readonly DirtyBitmap[] = []
  readonly #size: () => number
  readonly #keeper: BitmapKeeper | undefined

  /**
   * @param size - bytes of the image
   * @param keeper - undefined for a node that keeps no bitmaps
   */
  constructor(size: () => number, keeper?: BitmapKeeper) {
    this.#size = size
    this.#keeper = keeper
  }

  [Symbol.iterator](): Iterator<DirtyBitmap> {
    return this.#list[Symbol.iterator]()
  }

  get isEmpty(): boolean {
    return this.#list.length === 0
  }

  /** Whether the image can keep bitmaps. */
  get canPersist(): boolean {
    return this.#keeper?.keeps === true
  }

  find(name: string): DirtyBitmap | undefined {
    return this.#list.find((bitmap) => bitmap.name === name)
  }

  /** @throws {BlockError} kind `missing` */
  named(name: string): DirtyBitmap {
    const bitmap = this.find(name)
    if (bitmap === undefined) throw new BlockError('missing', `Dirty bitmap '${name}' not found`)
    return bitmap
  }

  /**
   * Makes a bitmap that a user can name; nothing is dirty in it.
   *
   * @param owner - what the image is called where users read it
   * @throws {BlockError} kinds `invalid`, `duplicate` and `unsupported`, in QEMU's words
   */
  add(bitmap: AddedBitmap, owner: string): DirtyBitmap {
    const { name, granularity, persistent = false } = bitmap
    if (!(granularity >= 512 && Number.isInteger(Math.log2(granularity)))) {
      throw new BlockError('invalid', 'Granularity must be power of 2 and at least 512')
    }
    if (persistent) this.#checkKept({ name, granularity }, owner)
    if (this.find(name) !== undefined) throw new BlockError('duplicate', `Bitmap already exists: ${name}`)
    if (Buffer.byteLength(name) > longestName) throw new BlockError('invalid', `Bitmap name too long: ${name}`)
    return this.insert(bitmap)
  }

  /** Makes a bitmap without asking whether it can be: for operations, which leave the name out, and for images. */
  insert(bitmap: NewDirtyBitmap): DirtyBitmap {
    const made = new DirtyBitmap(bitmap, this.#size())
    this.#list = [made, ...this.#list]
    return made
  }

  /**
   * Takes a bitmap out of the image that keeps it. In the node it stays until `drop()`.
   *
   * @throws {BlockError} kinds of `DirtyBitmap.check()`; as `BitmapKeeper.forget()`
   */
  async unkeep(bitmap: DirtyBitmap): Promise<void> {
    bitmap.check(removing)
    if (bitmap.persistent && bitmap.name !== undefined) await this.#keeper?.forget(bitmap.name)
  }

  /** The image, which has been written, is another process's: nobody sees here what it keeps. */
  leave(): void {
    this.#before = this.#list
    this.#list = this.#list.filter((bitmap) => !isKept(bitmap))
  }

  /** The image comes back as it was left: all are there again. */
  comeBack(): void {
    const [before, now] = [this.#before, this.#list]
    const there = before.filter((bitmap) => now.includes(bitmap) || isKept(bitmap))
    this.#list = [...now.filter((bitmap) => !before.includes(bitmap)), ...there]
    this.#before = []
  }

  /** The image is this process's: it keeps those again that have gone elsewhere, too. */
  stay(): void {
    for (const bitmap of this.#list) if (!bitmap.is('busy')) bitmap.leaving = false
  }

  /** Takes a bitmap out of the node. */
  drop(bitmap: DirtyBitmap): void {
    this.#list = this.#list.filter((other) => other !== bitmap)
  }

  /**
   * Notes what several bitmaps have noted, or nothing if one of them cannot be used.
   *
   * @returns what takes that back
   * @throws {BlockError} as `DirtyBitmap.merge()`
   */
  merge(target: DirtyBitmap, sources: Iterable<DirtyBitmap>): () => void {
    let before: Noted | undefined
    const undo = (): void => {
      if (before !== undefined) target.restore(before)
    }
    try {
      for (const source of sources) {
        const noted = target.merge(source)
        before ??= noted
      }
    } catch (error) {
      undo()
      throw error
    }
    return undo
  }

  /** Something was written, or given up, or may have been. */
  mark(offset: number, length: number): void {
    for (const bitmap of this.#list) if (bitmap.recording) bitmap.mark(offset, length)
  }

  /** The image has become longer or shorter. */
  resize(): void {
    const size = this.#size()
    for (const bitmap of this.#list) if (bitmap.size !== size) bitmap.resize(size)
  }

  /**
   * An operation begins to use what a bitmap has noted: it is busy, and a successor without a name takes the notes. Ends
   * with `abdicate()` or `reclaim()`.
   *
   * @throws {BlockError} kind `busy`
   */
  freeze(bitmap: DirtyBitmap): DirtyBitmap {
    bitmap.check(['busy'])
    if (bitmap.successor !== undefined) {
      throw new BlockError('busy', 'Cannot create a successor for a bitmap that already has one')
    }
    const { granularity, recording } = bitmap
    const successor = this.insert({ granularity, recording })
    bitmap.recording = false
    bitmap.successor = successor
    bitmap.become('busy')
    return successor
  }

  /** The operation has done its work: the successor takes the bitmap's name and place. @returns the successor */
  abdicate(bitmap: DirtyBitmap): DirtyBitmap {
    const successor = successorOf(bitmap)
    successor.name = bitmap.name
    successor.persistent = bitmap.persistent
    this.drop(bitmap)
    return successor
  }

  /** The operation has failed: the bitmap has noted what its successor has, besides, and goes on. @returns the bitmap */
  reclaim(bitmap: DirtyBitmap): DirtyBitmap {
    const successor = successorOf(bitmap)
    bitmap.take(successor)
    bitmap.recording = successor.recording
    bitmap.successor = undefined
    bitmap.become('busy', false)
    this.drop(successor)
    return bitmap
  }

  #checkKept(bitmap: { readonly name: string; readonly granularity: number }, owner: string): void {
    if (this.#keeper === undefined) {
      throw new BlockError('unsupported', `Can't store persistent bitmaps to ${owner}: Operation not supported`)
    }
    try {
      this.#keeper.checkNew(bitmap)
    } catch (cause) {
      if (!(cause instanceof BlockError)) throw cause
      const text = `Can't make bitmap '${bitmap.name}' persistent in '${owner}': ${cause.message}`
      throw new BlockError(cause.kind, text, cause.context, { cause })
    }
  }
}

/** Whether the image holds all that the bitmap has noted. */
function isKept(bitmap: DirtyBitmap): boolean {
  return bitmap.persistent && !bitmap.leaving && !using.some((hindrance) => bitmap.is(hindrance))
}

function successorOf(bitmap: DirtyBitmap): DirtyBitmap {
  if (bitmap.successor === undefined) throw new Error(`bitmap ${bitmap.name ?? ''} has no successor`)
  return bitmap.successor
}

/** @throws {BlockError} kind `invalid` */
export function checkBitmapName(name: string): void {
  if (name === '') throw new BlockError('invalid', 'Bitmap name cannot be empty')
}

/** The granularity of a bitmap for which nobody says one: a cluster, between 4 and 64 KiB. */
export function defaultGranularity(clusterSize: number | undefined): number {
  return clusterSize === undefined ? 65536 : Math.min(65536, Math.max(4096, clusterSize))
}
