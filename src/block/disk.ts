import { BlockError } from './block-error.ts'
import { ImageCopy } from './copy/image-copy.ts'
import { keepContents } from './copy/keep-contents.ts'
import { WriteTarget } from './copy/write-target.ts'
import { type CreateImageOptions, createImage } from './create/create-image.ts'
import { DiskGate } from './disk-gate.ts'
import { ReadOnlyAgain } from './drives/read-only-again.ts'
import { gatedSnapshots } from './gated-snapshots.ts'
import type { Attachment } from './graph/attachment.ts'
import { chainStatus } from './graph/chain-status.ts'
import { copyDown } from './graph/copy-down.ts'
import { imageMap, type MapEntry, type MapRange } from './graph/image-map.ts'
import type { BlockNode } from './graph/node.ts'
import { NodeGraph } from './graph/node-graph.ts'
import { type ImageInfo, imageInfo } from './graph/node-info.ts'
import { combinePath } from './open/combine-path.ts'
import type {
  BlockStatus,
  CheckResult,
  ImageDetails,
  Repair,
  RequestOptions,
  Snapshots,
  ZeroesOptions,
} from './open/driver.ts'
import type { OptionValues } from './open/option-bag.ts'
import { storageName } from './open/storage-name.ts'

export interface OpenDiskOptions {
  /** `raw`, `qcow2`, ... Default: what the image looks like. */
  readonly format?: string
  readonly readOnly?: boolean
  /** What else `-blockdev` takes, by dotted keys: `backing.file.filename`, `discard`, `cache.no-flush`, ... */
  readonly options?: OptionValues
  /** Passwords, by the names that options such as `key-secret` and `encrypt.key-secret` have for them. */
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>
  /** Hears what a user should know: that a format was guessed, say. */
  readonly warn?: (text: string) => void
  /** It is opened to be checked: faults are found by `check()`, and do not keep it from being opened. */
  readonly forCheck?: boolean
}

/** Work that may take long. */
export interface WorkOptions {
  /** Hears how far it is, in percent. */
  readonly progress?: (percent: number) => void
  /** Gives the work up. */
  readonly signal?: AbortSignal
}

export interface CopyDiskOptions extends WorkOptions {
  /** Clusters are written in little space, where the target's format can. */
  readonly compressed?: boolean
  /** Zeroes of at least so many bytes take no space in the target. Default: 4096; 0: all are written. */
  readonly sparse?: number
  /** What is not written to the target reads as zeroes. Default: it is looked at. */
  readonly targetIsZero?: boolean
}

export interface CheckDiskOptions {
  /** Mends counts that are too high, or everything that it can. */
  readonly repair?: Repair
  /** Hears of each fault, in QEMU's words. */
  readonly report?: (text: string) => void
}

export interface RebaseOptions extends WorkOptions {
  /** Of the new backing file. */
  readonly format: string
}

/**
 * An image by itself, without a machine: what a guest would see of it, byte for byte. Offsets and lengths are bytes and
 * need no alignment; requests may run at the same time in any number. Work on the whole image (resize, check, snapshots,
 * commit, rebase, copies) takes turns with what changes it: writes wait for its end, reads go on.
 *
 * While it is open nobody else can write to it: the locks are QEMU's.
 */
export class Disk implements AsyncDisposable {
  /** The image's node, with everything below it. */
  readonly node: BlockNode
  readonly #graph: NodeGraph
  readonly #hold: Attachment
  readonly #gate = new DiskGate()
  /** In the order in which a copy takes the turns at its two images: two that go opposite ways never wait for each other. */
  readonly #order = ++disks
  #snapshots: Snapshots | undefined

  /** @internal disks come from `openDisk()` */
  constructor(graph: NodeGraph, hold: Attachment) {
    this.#graph = graph
    this.#hold = hold
    this.node = hold.node
  }

  get length(): number {
    return this.node.length
  }

  /** @throws {BlockError} kinds `range`, `io` */
  read(offset: number, length: number, options?: RequestOptions): Promise<Uint8Array> {
    return this.node.read(offset, length, options)
  }

  /** Writes; it is on stable storage after the next `flush()`. @throws {BlockError} kinds `range`, `read-only`, `no-space`, `io` */
  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    return this.#gate.run('change', () => this.node.write(offset, bytes, options), options?.signal)
  }

  /** Makes a range read as zeroes, without writing them where the format can say so. @throws {BlockError} as `write()` */
  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.#gate.run('change', () => this.node.writeZeroes(offset, length, options), options?.signal)
  }

  /** What is known of the beginning of a range without reading it. @throws {BlockError} */
  status(offset: number, length: number): Promise<BlockStatus> {
    return this.node.status(offset, length)
  }

  /** Settles when everything whose write has settled before is on stable storage. @throws {BlockError} kind `io` */
  flush(): Promise<void> {
    return this.node.flush()
  }

  /** Changes the size to a multiple of 512 bytes; new bytes are zeroes. @throws {BlockError} */
  resize(length: number): Promise<void> {
    return this.#gate.run('whole', () => this.node.truncate(length))
  }

  /** What the image says of itself, and of those behind it, as query-block shows it. */
  info(): Promise<ImageInfo> {
    return imageInfo(this.node)
  }

  /** Where the image, or one behind it, keeps what: stretches in order. @throws {BlockError} */
  map(range?: MapRange): AsyncGenerator<MapEntry> {
    return imageMap(this.node, range)
  }

  /**
   * Looks for faults, and mends them if that is wanted.
   *
   * @throws {BlockError} kind `unsupported`, if the format has nothing to check; `corrupt`, if it cannot be checked
   */
  async check(options: CheckDiskOptions = {}): Promise<CheckResult> {
    const { node } = this
    const { driver } = node
    if (driver.check === undefined) throw new BlockError('unsupported', 'This image format does not support checks')
    return this.#gate.run('whole', async () => {
      node.checkOpen()
      return driver.check!(options)
    })
  }

  /** What the image keeps of earlier times: listed, made, applied and deleted. Undefined where the format keeps nothing. */
  get snapshots(): Snapshots | undefined {
    const { snapshots } = this.node.driver
    if (snapshots !== undefined) this.#snapshots ??= gatedSnapshots(snapshots, this.#gate)
    return this.#snapshots
  }

  /**
   * Writes what the image holds into the one behind it, and empties it.
   *
   * @throws {BlockError} kind `missing`, if there is none behind it; as `write()`
   * @throws the reason of `signal`; then the image still holds everything
   */
  commit(options: WorkOptions = {}): Promise<void> {
    return this.#gate.run('whole', () => this.#commit(options), options.signal)
  }

  async #commit({ progress, signal }: WorkOptions): Promise<void> {
    signal?.throwIfAborted()
    const top = this.node
    const base = top.child('backing')
    if (base === undefined) throw new BlockError('missing', 'Image does not have a backing file')
    const reopened = new ReadOnlyAgain(base)
    // Who writes below an image writes what its users see; that of its own file nobody else may do even so.
    const { access: alone } = this.#hold
    try {
      await this.#hold.update({ uses: alone.uses, shares: ['read', 'write', 'resize'] })
      await reopened.begin()
      const access = { uses: ['write', 'resize'], shares: ['read', 'write', 'resize'] } as const
      const writer = await base.attach({ description: 'commit', access })
      const reached = (offset: number): void => {
        progress?.((100 * offset) / top.length)
        signal?.throwIfAborted()
      }
      try {
        await copyDown(top, base, { keepsHoles: true, reached })
      } finally {
        await writer.detach()
      }
      await top.driver.empty?.()
    } finally {
      await reopened.undo()
      await this.#hold.update(alone)
    }
  }

  /**
   * Gives the image another backing file, or none. What a guest sees stays: what only the old one shows is written into the
   * image first.
   *
   * @param filename - as it is seen from the image; undefined for none
   * @throws {BlockError} if it cannot be opened, or the image names none @throws the reason of `signal`
   */
  rebase(filename: string | undefined, options: Partial<RebaseOptions> = {}): Promise<void> {
    return this.#gate.run('whole', () => this.#rebase(filename, options), options.signal)
  }

  async #rebase(filename: string | undefined, { format, progress, signal }: Partial<RebaseOptions>): Promise<void> {
    const { node } = this
    if (node.driver.nameBacking === undefined) throw new BlockError('unsupported', 'Operation not supported')
    if (filename === undefined) {
      await keepContents(node, undefined, { progress, signal })
      await node.driver.nameBacking(undefined)
      if (node.child('backing') !== undefined) await node.replaceChild('backing', undefined)
      return
    }
    if (format === undefined) throw new BlockError('invalid', 'backing format must be specified')
    const fresh = await this.#graph.open({
      filename: combinePath(storageName(node), filename),
      options: { driver: format },
      readOnly: true,
    })
    const hold = await fresh.attach({ description: 'rebase', access: { uses: ['read'], shares: ['read', 'write'] } })
    try {
      await keepContents(node, fresh, { progress, signal })
      await node.driver.nameBacking({ filename, format })
      await node.replaceChild('backing', fresh)
    } finally {
      await hold.detach()
    }
  }

  /**
   * Writes everything that a guest sees of this image, from the beginning, to another one that is at least as long: a
   * conversion, if that has another format. It is what the image holds at one moment: writes to either wait.
   *
   * @throws {BlockError} in QEMU's words @throws the reason of `signal`; what has been written stays
   */
  copyTo(target: Disk, options: CopyDiskOptions = {}): Promise<void> {
    const { signal } = options
    const copy = (): Promise<void> => this.#copyTo(target, options)
    const read = (work: () => Promise<void>) => this.#gate.run('copy', work, signal)
    const written = (work: () => Promise<void>) => target.#gate.run('whole', work, signal)
    if (target === this) return written(copy)
    return this.#order < target.#order ? read(() => written(copy)) : written(() => read(copy))
  }

  async #copyTo(
    target: Disk,
    { compressed = false, sparse = 4096, targetIsZero, progress, signal }: CopyDiskOptions,
  ): Promise<void> {
    const { node } = target
    if (node.length < this.length) throw new BlockError('range', 'output file is smaller than input file')
    if (compressed && node.driver.writeCompressed === undefined) {
      throw new BlockError('unsupported', 'Compression not supported for this file format')
    }
    await new ImageCopy({
      sources: [this.node],
      target: new WriteTarget(node, { flushesEach: false }),
      keepBacking: false,
      backingLength: 0,
      targetIsZero: targetIsZero ?? (sparse > 0 && (await readsAsZeroes(node))),
      compressed,
      sparse,
      verbatim: false,
      parallel: 8,
      inOrder: true,
      limit: undefined,
      salvage: undefined,
      progress,
      signal,
    }).run()
    await node.flush()
    progress?.(100)
  }

  details(): Promise<ImageDetails> {
    return this.node.details()
  }

  /** Waits for what is under way, brings everything to the file and closes it. @throws {BlockError} kinds `no-space`, `io` */
  close(): Promise<void> {
    return this.#gate.run('whole', async () => {
      await this.#hold.detach()
      await this.#graph.close()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** How many have been opened. */
let disks = 0

/**
 * Opens an image, with the backing files that it names.
 *
 * @throws {BlockError} in QEMU's words: `missing`, `permission`, `locked`, `corrupt`, `unsupported`, `invalid`
 */
export async function openDisk(filename: string, options: OpenDiskOptions = {}): Promise<Disk> {
  const { format, readOnly = false, secrets = {}, warn } = options
  const graph = new NodeGraph({ secret: lookUpIn(secrets), ...(warn === undefined ? {} : { warn }) })
  try {
    const driver = format === undefined ? {} : { driver: format }
    const { forCheck = false } = options
    const node = await graph.open({ filename, readOnly, forCheck, options: { ...options.options, ...driver } })
    const access = readOnly
      ? ({ uses: ['read'], shares: ['read'] } as const)
      : ({ uses: ['read', 'write', 'resize'], shares: ['read'] } as const)
    return new Disk(graph, await node.attach({ description: `disk '${filename}'`, access }))
  } catch (error) {
    await graph.close()
    throw error
  }
}

/**
 * Makes an empty image; what the file holds is lost.
 *
 * @throws {BlockError} in QEMU's words: `invalid` and `unsupported`, if there can be no such image; `locked`, `permission`
 */
export async function createDisk(
  filename: string,
  { secrets = {}, ...options }: Omit<CreateImageOptions, 'filename'> & Pick<OpenDiskOptions, 'secrets'>,
): Promise<void> {
  await using graph = new NodeGraph({ secret: lookUpIn(secrets) })
  await createImage(graph, { filename, ...options })
}

/** Whether an image is known to hold nothing but zeroes, without its being read. */
async function readsAsZeroes(node: BlockNode): Promise<boolean> {
  if (node.length === 0) return true
  const { allocated, zero, length } = await chainStatus(node, 0, node.length)
  return (zero || !allocated) && length === node.length
}

function lookUpIn(secrets: NonNullable<OpenDiskOptions['secrets']>): (id: string) => Uint8Array | undefined {
  return (id) => (Object.hasOwn(secrets, id) ? Buffer.from(secrets[id] as string) : undefined)
}
