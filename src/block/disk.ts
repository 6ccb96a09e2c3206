import { type CreateImageOptions, createImage } from './create/create-image.ts'
import type { Attachment, BlockNode } from './graph/node.ts'
import { NodeGraph } from './graph/node-graph.ts'
import type { BlockStatus, ImageDetails, RequestOptions, ZeroesOptions } from './open/driver.ts'
import type { OptionValues } from './open/option-bag.ts'

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
}

/**
 * An image by itself, without a machine: what a guest would see of it, byte for byte. Offsets and lengths are bytes and
 * need no alignment; requests may run at the same time in any number.
 *
 * While it is open nobody else can write to it: the locks are QEMU's.
 */
export class Disk implements AsyncDisposable {
  /** The image's node, with everything below it. */
  readonly node: BlockNode
  readonly #graph: NodeGraph
  readonly #hold: Attachment

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
    return this.node.write(offset, bytes, options)
  }

  /** Makes a range read as zeroes, without writing them where the format can say so. @throws {BlockError} as `write()` */
  writeZeroes(offset: number, length: number, options?: ZeroesOptions): Promise<void> {
    return this.node.writeZeroes(offset, length, options)
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
    return this.node.truncate(length)
  }

  details(): Promise<ImageDetails> {
    return this.node.details()
  }

  /** Brings everything to the file and closes it. @throws {BlockError} kinds `no-space`, `io` */
  async close(): Promise<void> {
    await this.#hold.detach()
    await this.#graph.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

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
    const node = await graph.open({ filename, readOnly, options: { ...options.options, ...driver } })
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

function lookUpIn(secrets: NonNullable<OpenDiskOptions['secrets']>): (id: string) => Uint8Array | undefined {
  return (id) => (Object.hasOwn(secrets, id) ? Buffer.from(secrets[id] as string) : undefined)
}
