import type { Access } from '../../access.ts'
import { BlockError } from '../../block-error.ts'
import { combinePath } from '../../combine-path.ts'
import type {
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
  Snapshots,
  ZeroesOptions,
} from '../../driver.ts'
import { InFlight } from '../../in-flight.ts'
import type { BlockNode } from '../../node.ts'
import type { OptionValues } from '../../option-bag.ts'
import { LateKey } from '../luks/late-key.ts'
import { cipherSectorBytes } from '../luks/sector-cipher.ts'
import { checkImage } from './check.ts'
import { CompressedWriter } from './compressed-writer.ts'
import { Discards } from './discards.ts'
import { autoclear, incompatible } from './features.ts'
import { checkNotCorrupt, compressionTypes, longestBackingFilename, unsupported } from './header.ts'
import type { Image } from './image.ts'
import { Qcow2Snapshots } from './qcow2-snapshots.ts'
import { qcow2Specifics } from './qcow2-specifics.ts'
import { Reader } from './reader.ts'
import { empty, resize } from './resize.ts'
import { Status } from './status.ts'
import { Writer } from './writer.ts'

export interface Qcow2DriverOptions {
  /** Without what the image cannot be opened, as the user wrote it. */
  readonly needed: OptionValues
  /** The user has named the backing file. */
  readonly backingOverridden: boolean
  /** The image has a backing file, and the user wants none. */
  readonly backingRefused: boolean
  readonly readOnly: boolean
  /** Hears of damage, once. */
  readonly reportDamage: (damage: Damage) => void
  /** It is opened to be checked: damage is no reason to refuse it. */
  readonly forCheck: boolean
}

/** An image in QEMU's own format: a sparse map of clusters, over a backing file if there is one. */
export class Qcow2Driver implements Driver {
  readonly name = 'qcow2'
  readonly image: Image
  readonly snapshots: Snapshots
  readonly #options: Qcow2DriverOptions
  readonly #reader: Reader
  readonly #writer: Writer
  readonly #discards: Discards
  readonly #status: Status
  readonly #compressed: CompressedWriter
  readonly #inFlight = new InFlight()
  readonly changesFile = true
  #readOnly: boolean
  #writing = false
  /** Why nothing is served any more. */
  #damage: BlockError | undefined
  #reported = false
  /** Whether the backing image is another than the one that the image names, or is missing. */
  #backing: { readonly overridden: boolean; readonly refused: boolean }

  constructor(image: Image, options: Qcow2DriverOptions) {
    this.image = image
    this.#options = options
    this.#readOnly = options.readOnly
    const { backing } = image
    const overridden = options.backingOverridden && backing !== undefined && backing.filename !== this.#backingNamed
    this.#backing = { overridden, refused: options.backingRefused }
    this.#reader = new Reader(image)
    this.#writer = new Writer(image, this.#reader)
    this.#compressed = new CompressedWriter(image, this.#writer)
    this.snapshots = new Qcow2Snapshots(this)
    this.#discards = new Discards(image, this.#writer)
    this.#status = new Status(image)
  }

  get length(): number {
    return this.image.header.size
  }

  get lock(): KeyLock | undefined {
    const cipher = this.image.encryption?.cipher
    return cipher instanceof LateKey ? cipher : undefined
  }

  get limits(): DriverLimits {
    return this.image.encryption === undefined ? {} : { alignment: cipherSectorBytes }
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
    return alone ? this.image.file.driver.filename : undefined
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
    if (this.image.header.compressionType !== compressionTypes.deflate) {
      throw unsupported('Clusters cannot be compressed by zstd')
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
      this.#compareBacking()
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

  truncate(length: number): Promise<void> {
    return this.exclusive(() => resize(this.image, this.#discards, length))
  }

  status(offset: number, length: number): Promise<BlockStatus> {
    return this.#run(() => this.#status.look(offset, length))
  }

  async details(): Promise<ImageDetails> {
    const { header, geometry, file, backingFilename, extensions, encryption } = this.image
    const { actualSize } = await file.details()
    return {
      ...(actualSize === undefined ? {} : { actualSize }),
      dirty: (header.incompatible & incompatible.dirty) !== 0n,
      clusterSize: geometry.clusterSize,
      ...(encryption === undefined ? {} : { encrypted: true }),
      ...(backingFilename === undefined ? {} : { backingFilename }),
      ...(extensions.backingFormat === undefined ? {} : { backingFormat: extensions.backingFormat }),
      formatSpecific: { type: 'qcow2', data: qcow2Specifics(this.image) },
    }
  }

  async setAccess(): Promise<void> {
    if (this.#readOnly || this.#writing) return
    this.#writing = true
    await this.#beginWriting()
  }

  /** What is below belongs to this image alone while it is open for writing; a backing file is only ever read. */
  childAccess(role: ChildRole, access: Access): Access {
    if (role === 'backing') return { uses: ['read'], shares: access.shares.includes('write') ? all : ['read'] }
    const uses = this.#readOnly ? (['read'] as const) : all
    return { uses, shares: ['read'] }
  }

  setChild(role: ChildRole, child: BlockNode | undefined): void {
    if (role === 'file' && child !== undefined) {
      this.image.useFile(child)
      return
    }
    if (role !== 'backing') throw new BlockError('unsupported', `Node cannot change its ${role} node`)
    this.image.backing = child
    this.#compareBacking()
  }

  #compareBacking(): void {
    const { backing } = this.image
    const named = this.#backingNamed
    this.#backing = {
      overridden: backing !== undefined && backing.filename !== named,
      refused: backing === undefined && named !== undefined,
    }
  }

  /** The file that the image names as its backing file. */
  get #backingNamed(): string | undefined {
    const { backingFilename, file } = this.image
    return backingFilename === undefined ? undefined : combinePath(file.filename, backingFilename)
  }

  async settle(): Promise<void> {
    // What memory has of a damaged image is not to be trusted.
    if (!this.#writing || this.#damage !== undefined) return
    await this.image.writeback.settle()
    if (this.image.lazyRefcounts) await this.image.markClean()
  }

  /** @throws {BlockError} kind `corrupt`, if it is marked as damaged and is to be written */
  async setReadOnly(readOnly: boolean): Promise<void> {
    if (!readOnly) checkNotCorrupt(this.image.header)
    this.#readOnly = readOnly
    this.#writing = false
  }

  close(): Promise<void> {
    return this.settle()
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
      if (options.repair === 'all' && sound) await this.image.markClean()
      return result
    })
  }

  /** @throws {BlockError} kind `read-only` */
  checkWritable(): void {
    if (this.#readOnly) throw new BlockError('read-only', 'Block node is read-only')
  }

  /** Runs `work` while no request is under way, and the file has everything that memory has. */
  async exclusive<T>(work: () => Promise<T>): Promise<T> {
    try {
      await this.#inFlight.drain()
      if (this.#damage !== undefined) throw this.#damage
      if (this.#writing) await this.image.writeback.settle()
      return await work()
    } finally {
      this.image.metadata.reset()
      this.#inFlight.resume()
    }
  }

  /**
   * Bits of features that we do not keep up to date are cleared before anything changes, and reference counts that a
   * crash has left wrong are mended.
   */
  async #beginWriting(): Promise<void> {
    const { header } = this.image
    if (this.image.dirty && !this.#options.forCheck) {
      const { corruptions, checkErrors } = await checkImage(this.image, { repair: 'all' })
      if (corruptions + checkErrors > 0) throw new BlockError('corrupt', 'Could not repair dirty image')
      await this.image.markClean()
    }
    const kept = header.autoclear & autoclear.rawData
    if (kept !== header.autoclear) {
      await this.image.changeHeader({ autoclear: kept })
      await this.image.file.flush()
    }
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
