import type { NodeBitmaps } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import { type Access, keepingLength } from '../../graph/access.ts'
import { InFlight } from '../../graph/in-flight.ts'
import type { BlockNode } from '../../graph/node.ts'
import { Turns } from '../../graph/turns.ts'
import { combinePath } from '../../open/combine-path.ts'
import type {
  AmendRequest,
  BlockStatus,
  CheckOptions,
  CheckResult,
  ChildRole,
  Damage,
  Driver,
  DriverLimits,
  ImageDetails,
  KeyLock,
  NamedChild,
  NestedOptions,
  RequestOptions,
  ZeroesOptions,
} from '../../open/driver.ts'
import { filenameFor } from '../../open/filename-for.ts'
import type { OptionBag, OptionValues } from '../../open/option-bag.ts'
import { storageName } from '../../open/storage-name.ts'
import { LateKey } from '../luks/late-key.ts'
import { cipherSectorBytes } from '../luks/sector-cipher.ts'
import { amendImage } from './amend/amend-image.ts'
import type { BitmapStore } from './bitmap-store.ts'
import { changeableOptions, takeChangedOptions } from './changed-options.ts'
import { checkImage } from './check/check-image.ts'
import { CompressedWriter } from './compressed-writer.ts'
import { compressionRefusal } from './compression.ts'
import { Discards } from './discards.ts'
import { autoclear, incompatible } from './features.ts'
import { l1EntriesFor } from './geometry.ts'
import { checkNotCorrupt, longestBackingFilename, unsupported } from './header.ts'
import type { Image } from './image.ts'
import { Qcow2Snapshots } from './qcow2-snapshots.ts'
import { qcow2Specifics } from './qcow2-specifics.ts'
import { readStart } from './read-start.ts'
import { Reader } from './reader.ts'
import { cutFileIfPossible, empty, resize } from './resize.ts'
import { Status } from './status.ts'
import { Writer } from './writer.ts'

export interface Qcow2DriverOptions {
  /** Without what the image cannot be opened, as the user wrote it. */
  readonly needed: OptionValues
  /** The user has named the backing file. */
  readonly backingOverridden: boolean
  readonly readOnly: boolean
  /** Hears of damage, once. */
  readonly reportDamage: (damage: Damage) => void
  /** It is opened to be checked: damage is no reason to refuse it. */
  readonly forCheck: boolean
  /** Hears why bitmaps could not be written when it was closed. */
  readonly lostBitmaps: (reason: string) => void
  /** Says something to the user. */
  readonly warn: (text: string) => void
}

/** An image in QEMU's own format: a sparse map of clusters, over a backing file if there is one. */
export class Qcow2Driver implements Driver {
  readonly name = 'qcow2'
  readonly image: Image
  readonly snapshots: Qcow2Snapshots
  readonly bitmaps: NodeBitmaps
  readonly #kept: BitmapStore
  readonly #options: Qcow2DriverOptions
  readonly #reader: Reader
  readonly #writer: Writer
  readonly #discards: Discards
  readonly #status: Status
  readonly #compressed: CompressedWriter
  readonly #inFlight = new InFlight()
  readonly #turns = new Turns()
  readonly changesFile = true
  readonly takesBacking = true
  readonly resettable = changeableOptions
  #readOnly: boolean
  #writing = false
  /** Somebody else has written the image since it was read. */
  #distrusted = false
  /** Why nothing is served any more. */
  #damage: BlockError | undefined
  #reported = false
  /** What the backing file is called that is opened if nobody names another; undefined if the image has none. */
  #ownBacking: string | undefined

  constructor(image: Image, bitmaps: BitmapStore, options: Qcow2DriverOptions) {
    this.image = image
    this.#kept = bitmaps
    this.bitmaps = bitmaps.bitmaps
    this.#options = options
    this.#readOnly = options.readOnly
    const { backing } = image
    this.#ownBacking = backing === undefined || options.backingOverridden ? this.#backingNamed : backing.filename
    this.#reader = new Reader(image)
    this.#writer = new Writer(image, this.#reader)
    this.#compressed = new CompressedWriter(image, this.#writer)
    this.snapshots = new Qcow2Snapshots(this)
    this.#discards = new Discards(image, this.#writer)
    this.#status = new Status(image)
  }

  takeChanges(options: OptionBag): () => () => void {
    return takeChangedOptions(options, this.image)
  }

  get length(): number {
    const { size } = this.image.header
    return size - (size % 512)
  }

  get lock(): KeyLock | undefined {
    const cipher = this.image.encryption?.cipher
    return cipher instanceof LateKey ? cipher : undefined
  }

  get limits(): DriverLimits {
    return this.image.encryption === undefined ? {} : { alignment: cipherSectorBytes }
  }

  get compressionRefusal(): string | undefined {
    return compressionRefusal(this.image)
  }

  get children(): ReadonlyMap<ChildRole, BlockNode> {
    const { file, storage, externalData, backing } = this.image
    const children = new Map<ChildRole, BlockNode>([['file', file]])
    if (externalData) children.set('data-file', storage)
    if (backing !== undefined) children.set('backing', backing)
    return children
  }

  get filename(): string | undefined {
    const { overridden, refused } = this.#backing
    const alone = !overridden && !refused && Object.keys(this.#options.needed).length === 0
    return alone ? filenameFor(this.image.file) : undefined
  }

  fullOptions(): NestedOptions {
    const { overridden, refused } = this.#backing
    const { file, backing } = this.image
    return {
      driver: this.name,
      ...this.#options.needed,
      file: file.driver.fullOptions(),
      ...(overridden && backing !== undefined ? { backing: backing.driver.fullOptions() } : {}),
      ...(refused ? { backing: null } : {}),
    }
  }

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#run(() => this.#reader.readInto(offset, target, options), options)
  }

  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#run(() => this.#writer.write(offset, bytes, options), options)
  }

  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#run(() => this.#discards.writeZeroes(offset, length, options), options)
  }

  discard(offset: number, length: number, options?: RequestOptions): Promise<void> {
    return this.#run(() => this.#discards.discard(offset, length, options), options)
  }

  writeCompressed(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    if (this.compressionRefusal !== undefined) throw unsupported(this.compressionRefusal)
    if (this.image.externalData) {
      throw new BlockError('unsupported', 'Operation not supported', { code: 'ENOTSUP' })
    }
    if (this.image.encryption !== undefined) throw unsupported('Compressed clusters cannot be encrypted')
    const { clusterSize } = this.image.geometry
    const toEnd = offset + bytes.byteLength === this.length
    if (offset % clusterSize !== 0 || (bytes.byteLength % clusterSize !== 0 && !toEnd)) {
      throw new BlockError('invalid', 'Only whole clusters can be written compressed', { offset })
    }
    return this.#run(() => this.#compressed.write(offset, bytes, options), options)
  }

  /** @throws {BlockError} kinds `invalid`, if the name does not fit, and `read-only` */
  nameBacking(backing: NamedChild | undefined): Promise<void> {
    return this.exclusive(async () => {
      this.checkWritable()
      if (Buffer.byteLength(backing?.filename ?? '') > longestBackingFilename) {
        throw new BlockError('invalid', 'Backing file name too long')
      }
      await this.image.nameBacking(backing)
      this.#ownBacking = backing?.filename
    })
  }

  /** @throws {BlockError} kind `read-only`; as `amendImage()` */
  amend(request: AmendRequest): Promise<void> {
    return this.exclusive(async () => {
      this.checkWritable()
      const { image } = this
      const stale = await amendImage(
        {
          image,
          resize: (size) => this.#resize(size),
          keepBitmaps: () => this.#kept.endWriting(),
          completeSnapshots: () => this.snapshots.complete(),
        },
        request,
      )
      // What memory has of the tables is not what the file has now.
      if (stale) this.#damage = new BlockError('closed', 'The image has other features now: open it again')
    })
  }

  /** @throws {BlockError} kind `read-only` */
  empty(): Promise<void> {
    return this.exclusive(async () => {
      this.checkWritable()
      await empty(this.image, this.#discards)
    })
  }

  flush(options?: RequestOptions): Promise<void> {
    // Not as the others: a flush knows no cluster, and those that are free after it need not wait for it.
    return this.#inFlight.run(() => {
      if (this.#damage !== undefined) throw this.#damage
      return this.#flush(options).catch((error) => this.#failed(error))
    }, options?.signal)
  }

  async #flush(options?: RequestOptions): Promise<void> {
    const { writeback, file, storage, externalData } = this.image
    this.image.tell('flush_to_os')
    await writeback.commit()
    if (externalData) await storage.flush(options)
    this.image.tell('flush_to_disk')
    await file.flush(options)
  }

  async truncate(length: number): Promise<void> {
    const before = this.length
    await this.exclusive(() => this.#resize(length))
    // A data file that is a raw image is all data.
    if (this.image.rawData && length > before) await this.preallocate(before, length - before)
  }

  async #resize(length: number): Promise<void> {
    if (length % 512 !== 0) throw new BlockError('invalid', 'The new size must be a multiple of 512', { length })
    await this.snapshots.state.drop(this.image) // else what the guest sees grows over it
    await resize(this.image, this.#discards, this.#kept, length)
    this.bitmaps.resize()
  }

  async preallocate(offset: number, length: number): Promise<void> {
    await this.#run(() => this.#writer.takePlaces(offset, length))
    await this.exclusive(() => cutFileIfPossible(this.image)) // what was made longer in advance for more tables
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#run(() => this.#status.look(offset, length))
  }

  async details(): Promise<ImageDetails> {
    const { header, geometry, file, backingFilename, extensions, encryption, storage } = this.image
    const own = [...new Set([file, storage])]
    const sizes = await Promise.all(own.map(async (node) => (await node.details()).actualSize))
    const actualSize = sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
    return {
      ...(actualSize === undefined ? {} : { actualSize }),
      dirty: (header.incompatible & incompatible.dirty) !== 0n,
      clusterSize: geometry.clusterSize,
      vmStateOffset: l1EntriesFor(header.size, geometry) * geometry.l2Reach,
      ...(encryption === undefined ? {} : { encrypted: true }),
      ...(backingFilename === undefined ? {} : { backingFilename }),
      ...(extensions.backingFormat === undefined ? {} : { backingFormat: extensions.backingFormat }),
      formatSpecific: { type: 'qcow2', data: qcow2Specifics(this.image, this.#kept.entries) },
    }
  }

  async setAccess(): Promise<void> {
    if (this.#distrusted) {
      this.#distrusted = false
      await this.exclusive(() => this.#takeAnew())
    }
    if (this.#readOnly || this.#writing) return
    this.#writing = true
    await this.#beginWriting()
  }

  /** Its file belongs to this image alone while it is open for writing; a backing file is only ever read. */
  childAccess(role: ChildRole, access: Access): Access {
    if (role === 'backing') {
      const uses = access.uses.filter((permission) => permission === 'read')
      return { uses, shares: access.shares.includes('write') ? all : ['read'] }
    }
    if (role === 'data-file') return forData(access)
    return fileAccess(this.#readOnly)
  }

  setChild(role: ChildRole, child: BlockNode | undefined): void {
    if (role === 'file' && child !== undefined) {
      this.image.useFile(child)
      return
    }
    if (role !== 'backing') throw new BlockError('unsupported', `Node cannot change its ${role} node`)
    this.image.backing = child
  }

  /** Whether the backing image is another than the one that the image names, or is missing. */
  get #backing(): { readonly overridden: boolean; readonly refused: boolean } {
    const { backing } = this.image
    const own = this.#ownBacking
    return {
      overridden: backing !== undefined && backing.filename !== own,
      refused: backing === undefined && own !== undefined,
    }
  }

  /** The file that the image names as its backing file. */
  get #backingNamed(): string | undefined {
    const { backingFilename, file } = this.image
    return backingFilename === undefined ? undefined : combinePath(storageName(file), backingFilename)
  }

  async settle(): Promise<void> {
    // What memory has of a damaged image is not to be trusted.
    if (!this.#writing || this.#damage !== undefined) return
    await this.image.writeback.settle()
    if (this.image.hasBeenLazy) await this.image.markClean()
  }

  async handOver(): Promise<void> {
    await this.settle()
    if (this.#keepsBitmaps) await this.#kept.endWriting()
    await this.settle()
    this.#writing = false
  }

  distrust(): void {
    this.#distrusted = true
  }

  /** @throws {BlockError} if it is another image now, or a damaged one */
  async #takeAnew(): Promise<void> {
    await this.image.reopen(await readStart(this.image.file))
    await this.#kept.reload()
  }

  /** @throws {BlockError} kind `corrupt`, if it is marked as damaged and is to be written */
  async setReadOnly(readOnly: boolean): Promise<void> {
    if (!readOnly) checkNotCorrupt(this.image.header)
    else if (this.#keepsBitmaps) await this.#kept.endWriting()
    this.#readOnly = readOnly
    this.#writing = false
  }

  async close(): Promise<void> {
    await this.settle()
    if (!this.#keepsBitmaps) return
    try {
      await this.#kept.endWriting()
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      this.#options.lostBitmaps(error.message)
    }
    await this.settle()
  }

  get #keepsBitmaps(): boolean {
    return this.#writing && this.#damage === undefined && !this.#options.forCheck
  }

  /**
   * Compares reference counts with references, and mends them if that is wanted. Requests wait meanwhile.
   *
   * @throws {BlockError} kind `read-only`, if there is something to mend in an image that is open for reading; as
   *   `BlockNode.read()` and `BlockNode.write()`
   */
  check(options: CheckOptions = {}): Promise<CheckResult> {
    return this.exclusive(async () => {
      const result = await checkImage(this.image, options)
      const sound = result.corruptions === 0 && result.checkErrors === 0
      if (options.repair !== undefined && sound) await this.image.markClean()
      return result
    })
  }

  /** @throws {BlockError} kind `read-only` */
  checkWritable(): void {
    if (this.#readOnly) throw new BlockError('read-only', 'Block node is read-only')
  }

  /**
   * Runs `work` while no request and no other such work is under way, and the file has everything that memory has. It is
   * not called within such work.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      try {
        await this.#inFlight.drain()
        if (this.#damage !== undefined) throw this.#damage
        if (this.#writing) await this.image.writeback.settle()
        return await work()
      } finally {
        this.image.metadata.reset()
        this.#inFlight.resume()
      }
    })
  }

  /** Runs a request to what lies behind the guest's bytes. */
  request(work: (parts: { readonly reader: Reader; readonly writer: Writer }) => Promise<void>): Promise<void> {
    return this.#run(() => work({ reader: this.#reader, writer: this.#writer }))
  }

  /**
   * Bits of features that we do not keep up to date are cleared before anything changes, and reference counts that a
   * crash has left wrong are mended.
   */
  async #beginWriting(): Promise<void> {
    if (this.image.dirty && !this.#options.forCheck) {
      const { corruptions, checkErrors } = await checkImage(this.image, { repair: 'all', report: this.#options.warn })
      if (corruptions + checkErrors > 0) throw new BlockError('corrupt', 'Could not repair dirty image')
      await this.image.markClean()
    }
    const known = this.image.header.autoclear & (autoclear.rawData | autoclear.bitmaps)
    if (known !== this.image.header.autoclear) {
      await this.image.changeHeader({ autoclear: known })
      await this.image.file.flush()
    }
    // A repair changes no byte that the guest sees: what is known of them stays true.
    if (!this.#options.forCheck) await this.#kept.beginWriting()
  }

  /** Runs a request: its clusters are not used for anything else before it has ended. */
  #run<T>(start: () => Promise<T>, options?: RequestOptions): Promise<T> {
    return this.#inFlight.run(() => {
      if (this.#damage !== undefined) throw this.#damage
      const { quarantine } = this.image
      const generation = quarantine.enter()
      let running: Promise<T>
      try {
        running = start()
      } catch (error) {
        running = Promise.reject(error)
      }
      return running.then(
        (result) => {
          quarantine.leave(generation)
          return result
        },
        (error) => {
          quarantine.leave(generation)
          return this.#failed(error)
        },
      )
    }, options?.signal)
  }

  /**
   * A request that has met damage fails as if the disk had. An image that is open for writing is marked and serves
   * nothing more, so that the damage does not spread.
   */
  async #failed(error: unknown): Promise<never> {
    if (!(error instanceof BlockError) || error.kind !== 'corrupt') throw error
    const { message } = error
    const { offset, length } = error.context
    const range = offset !== undefined && length !== undefined && { offset, length }
    const damage = new BlockError('io', 'Input/output error', { code: 'EIO' }, { cause: error })
    const fatal = this.#writing
    if (!this.#reported) {
      this.#reported = true
      this.#options.reportDamage({ message, fatal, ...(range && { range }) })
    }
    if (fatal && this.#damage === undefined) {
      this.#damage = damage
      const { header } = this.image
      if (header.version === 3)
        await this.image.changeHeader({ incompatible: header.incompatible | incompatible.corrupt })
    }
    throw damage
  }
}

const all = ['read', 'write', 'resize'] as const

/** What an image does with its file, whoever uses the image. */
export function fileAccess(readOnly: boolean): Access {
  return { uses: readOnly ? ['read'] : all, shares: ['read'] }
}

/** Others may write what is nothing but data, though not resize it; it grows with what is written. */
function forData({ uses, shares }: Access): Access {
  const writes = uses.includes('write') || uses.includes('write-unchanged')
  return keepingLength({ uses: writes ? [...new Set([...uses, 'write' as const, 'resize' as const])] : uses, shares })
}
