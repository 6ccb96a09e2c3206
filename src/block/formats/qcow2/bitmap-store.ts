import { type BitmapKeeper, changing, type DirtyBitmap, NodeBitmaps } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import type { FormatRequest } from '../../open/driver.ts'
import {
  type BitmapEntry,
  type BitmapsExtension,
  bitmapsExtensionOf,
  checkConstraints,
  checkDirectoryRoom,
  encodeDirectory,
  parseBitmapsExtension,
  parseDirectory,
  withBitmaps,
} from './bitmap-directory.ts'
import { clustersOf, loadBitmap, storeBitmap } from './bitmap-table.ts'
import { autoclear } from './features.ts'
import type { Image } from './image.ts'
import { readPadded } from './load-tables.ts'

const staleInVersion2 =
  'This qcow2 v2 image contains bitmaps, but they may have been modified by a program without persistent bitmap support; so now they must all be considered inconsistent'
const stale = 'a program lacking bitmap support modified this file, so all bitmaps are now considered inconsistent'
const maybeLeaked = "Some clusters may be leaked, run 'qemu-img check -r' on the image file to fix."

/**
 * The bitmaps that an image keeps: read when it is opened, marked as in use while it can be written, written when it is
 * closed, or to be read only (qcow2 spec, "Bitmaps"). Who finds one in use that nobody uses knows that it is out of date.
 */
export class BitmapStore implements BitmapKeeper {
  readonly bitmaps: NodeBitmaps
  readonly #image: Image
  /** As the file lists them. */
  #entries: readonly BitmapEntry[] = []
  /** Those that the file has, as it had them when they were read or written. */
  readonly #ofFile = new WeakSet<DirtyBitmap>()

  constructor(image: Image) {
    this.#image = image
    this.bitmaps = new NodeBitmaps(() => image.header.size, this)
  }

  get keeps(): boolean {
    return this.#image.header.version === 3
  }

  /** The bitmaps as the file lists them. */
  get entries(): readonly BitmapEntry[] {
    return this.#entries
  }

  /**
   * Reads them, unless the image is opened to be checked.
   *
   * @param request - `complain` hears that they cannot be trusted
   * @throws {BlockError} kind `corrupt`
   */
  async load({ complain, forCheck }: Pick<FormatRequest, 'complain' | 'forCheck'>): Promise<void> {
    const { file, geometry, header } = this.#image
    const place = this.#place()
    if (place === undefined) return
    if (place === 'stale') {
      complain(`warning: ${header.version === 2 ? staleInVersion2 : stale}\n${maybeLeaked}`)
      return
    }
    if (forCheck) return
    const { count, offset, size } = place
    const limits = { count, clusterSize: geometry.clusterSize, imageSize: header.size }
    this.#entries = parseDirectory(await readPadded(file, offset, size), limits)
    const present = new Set([...this.bitmaps].map((bitmap) => bitmap.name))
    for (const entry of this.#entries) {
      if (!present.has(entry.name)) await this.#add(entry)
      else if (!entry.inUse) throw new BlockError('duplicate', `Bitmap already exists: ${entry.name}`)
    }
    this.#setReadOnly(true)
  }

  /**
   * Reads them anew: somebody else has written the image. Those that have come in another way meanwhile stay, in the place of
   * what the file has of them, which is out of date.
   *
   * @throws {BlockError} kind `corrupt`; `duplicate`, if the file has a valid one of the same name
   */
  async reload(): Promise<void> {
    for (const bitmap of [...this.bitmaps]) if (this.#ofFile.has(bitmap) && !bitmap.leaving) this.bitmaps.drop(bitmap)
    this.#entries = []
    await this.load({ complain: () => undefined, forCheck: false })
  }

  /** The image is written from now on: what the file has of its bitmaps is out of date. @throws {BlockError} */
  async beginWriting(): Promise<void> {
    const { file, extensions } = this.#image
    const place = this.#place()
    if (place === undefined) return
    if (place === 'stale') {
      await this.#image.rewriteHeader({ extensions: withBitmaps(extensions, undefined) })
      return
    }
    if (this.#entries.some(({ inUse }) => !inUse)) {
      const entries = this.#entries.map((entry) => ({ ...entry, inUse: true }))
      // Only marks change: wherever a crash stops this, each bitmap is what its mark says.
      await file.write(place.offset, encodeDirectory(entries))
      await file.flush()
      this.#entries = entries
    }
    this.#setReadOnly(false)
  }

  /**
   * Writes them: nobody uses them any more, or the image is to be read only. Requests are not under way, and the file has
   * what memory has.
   *
   * @throws {BlockError} in QEMU's words; then the file has what it had
   */
  async endWriting(): Promise<void> {
    const kept = [...this.bitmaps].filter(
      (bitmap) => bitmap.persistent && !bitmap.leaving && !bitmap.is('inconsistent'),
    )
    if (kept.length === 0) return
    const { clusterSize } = this.#image.geometry
    const entries = [...this.#entries]
    const replaced: BitmapEntry[] = []
    for (const bitmap of kept) {
      try {
        checkConstraints(
          { name: bitmap.name ?? '', granularity: bitmap.granularity },
          { clusterSize, imageSize: bitmap.size },
        )
      } catch (cause) {
        throw new BlockError(
          'invalid',
          `Bitmap '${bitmap.name}' doesn't satisfy the constraints: ${(cause as Error).message}`,
        )
      }
    }
    // The table of such a bitmap would be empty, and QEMU does not open an image with one.
    if (kept.some(({ size }) => size === 0)) throw new BlockError('unsupported', 'No memory')
    for (const bitmap of kept) {
      const entry = await storeBitmap(this.#image, bitmap)
      const at = entries.findIndex(({ name }) => name === bitmap.name)
      if (at === -1) entries.push(entry)
      else replaced.push(...entries.splice(at, 1, entry))
    }
    await this.#replace(entries, replaced)
    for (const bitmap of kept) this.#ofFile.add(bitmap)
    this.#setReadOnly(true)
  }

  /** @throws {BlockError} in QEMU's words */
  checkNew(bitmap: { readonly name: string; readonly granularity: number }): void {
    const { header, geometry } = this.#image
    if (header.version === 2) throw new BlockError('unsupported', 'Cannot store dirty bitmaps in qcow2 v2 files')
    checkConstraints(bitmap, { clusterSize: geometry.clusterSize, imageSize: header.size })
    const names = [...this.bitmaps].flatMap(({ name, persistent }) => (persistent && name !== undefined ? [name] : []))
    checkDirectoryRoom([...names, bitmap.name])
  }

  /** The size of the image is about to change. @throws {BlockError} if that cannot be with its bitmaps */
  checkResizable(): void {
    for (const { name } of this.#entries) {
      const bitmap = this.bitmaps.find(name)
      if (bitmap === undefined) {
        const text = 'Cannot resize qcow2 with persistent bitmaps that were not loaded into memory'
        throw new BlockError('unsupported', text)
      }
      bitmap.check(changing)
    }
  }

  async forget(name: string): Promise<void> {
    const gone = this.#entries.filter((entry) => entry.name === name)
    if (gone.length === 0) return
    await this.#replace(
      this.#entries.filter((entry) => entry.name !== name),
      gone,
    )
  }

  /** Where the directory is; `stale` if somebody has written the image who knows nothing of bitmaps. */
  #place(): BitmapsExtension | 'stale' | undefined {
    const { geometry, header, extensions } = this.#image
    const data = bitmapsExtensionOf(extensions)
    if (data === undefined) return undefined
    if ((header.autoclear & autoclear.bitmaps) === 0n) return 'stale'
    return parseBitmapsExtension(data, geometry.clusterSize)
  }

  async #add(entry: BitmapEntry): Promise<DirtyBitmap> {
    const { name, granularityBits, inUse, auto } = entry
    const granularity = 2 ** granularityBits
    const bitmap = this.bitmaps.insert({ name, granularity, persistent: true, recording: auto && !inUse })
    this.#ofFile.add(bitmap)
    if (inUse) bitmap.become('inconsistent')
    else await loadBitmap(this.#image, bitmap, entry)
    return bitmap
  }

  #setReadOnly(readOnly: boolean): void {
    for (const bitmap of this.bitmaps) if (bitmap.persistent) bitmap.become('read-only', readOnly)
  }

  /** Lets the header name another directory; only when it does is given back what the old one had. */
  async #replace(entries: readonly BitmapEntry[], gone: readonly BitmapEntry[]): Promise<void> {
    const image = this.#image
    const { writeback, file, header, extensions } = image
    const old = this.#place()
    const freed = await Promise.all(gone.map((entry) => clustersOf(image, entry)))
    const directory = encodeDirectory(entries)
    const offset = entries.length === 0 ? 0 : await image.store(directory)
    await writeback.settle()
    await file.flush()
    const extension = entries.length === 0 ? undefined : { count: entries.length, offset, size: directory.byteLength }
    const bit = extension === undefined ? 0n : autoclear.bitmaps
    await image.rewriteHeader({
      header: { autoclear: (header.autoclear & ~autoclear.bitmaps) | bit },
      extensions: withBitmaps(extensions, extension),
    })
    this.#entries = entries
    for (const offset of freed.flat()) image.giveBack(offset, 1)
    for (const { tableOffset, tableSize } of gone) image.giveBack(tableOffset, tableSize * 8)
    if (typeof old === 'object') image.giveBack(old.offset, old.size)
    await writeback.settle()
    image.metadata.reset()
  }
}
