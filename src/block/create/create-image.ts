import { constants } from 'node:fs'
import { open as openFile, rm } from 'node:fs/promises'
import { reasonText, systemCode } from '../../errno/index.ts'
import { BlockError, kindOfSystemError } from '../block-error.ts'
import { checkWritten } from '../formats/read-only-image.ts'
import { formats } from '../formats/table.ts'
import type { NodeGraph } from '../graph/node-graph.ts'
import { combinePath } from '../open/combine-path.ts'
import type { CreateRequest, Maker } from '../open/create-request.ts'
import { OptionBag, type OptionValues } from '../open/option-bag.ts'
import { protocolOf } from '../protocols/of-filename.ts'

export interface CreateImageOptions {
  /** A file, which need not be there. What it holds is lost. */
  readonly filename: string
  /** `raw`, `qcow2`, ... Default: `raw`. */
  readonly format?: string
  /** Guest bytes, a multiple of 512. Default: the size of the backing file. */
  readonly size?: number | bigint
  /** Whether it will be written: an image that this version only reads is refused. */
  readonly toWrite?: boolean
  /** What shows where nothing is written; relative names are relative to the new image. */
  readonly backing?: { readonly filename: string; readonly format?: string }
  /** What the format knows besides, by the names of `qemu-img create -o`: `cluster_size`, `compat`, ... */
  readonly options?: OptionValues
}

/**
 * Makes an empty image.
 *
 * @param graph - where the file and its backing file are open meanwhile
 * @param beginning - called when there can be such an image, before there is one
 * @throws {BlockError} in QEMU's words: `invalid` and `unsupported`, if there can be no such image; `locked`, if
 *   somebody uses the file
 */
export function createImage(graph: NodeGraph, options: CreateImageOptions, beginning?: () => void): Promise<void> {
  return inSizeWords(options.format ?? 'raw', () => createFile(graph, options, beginning))
}

/** As `createImage()`; of a size that is too large it says what the system says. @throws {BlockError} in QEMU's words */
export async function createFile(
  graph: NodeGraph,
  options: CreateImageOptions,
  beginning: () => void = () => undefined,
): Promise<void> {
  const { filename, format = 'raw', backing } = options
  // A file without a format is made as a raw image is.
  const definition = formats.get(format === 'file' ? 'raw' : format)
  if (definition === undefined) throw new BlockError('unsupported', `Unknown file format '${format}'`, { filename })
  if (backing !== undefined && definition.namesFiles !== true) {
    throw new BlockError('unsupported', `Backing file not supported for file format '${format}'`, { filename })
  }
  if (definition.create === undefined) {
    throw new BlockError('unsupported', `Format driver '${format}' does not support image creation`, { filename })
  }
  if (options.toWrite === true) checkWritten(definition, filename)
  const size = BigInt(options.size ?? (await sizeOfBacking(graph, options)))
  const bag = new OptionBag(options.options ?? {})
  const named = backing === undefined ? undefined : { filename: backing.filename, format: backing.format }
  const others: { readonly path: string; readonly make: Maker }[] = []
  const needFile = (path: string, make: Maker): void => void others.push({ path, make })
  const secret = (id: string): Promise<Uint8Array | undefined> => graph.secret(id)
  const withBacking = backingOpener(graph, filename)
  const plan = { size, filename, backing: named, options: bag, needFile, withBacking, secret }
  const make = await definition.create(plan)
  const [unknown] = bag.left
  if (unknown !== undefined) throw new BlockError('invalid', `Invalid parameter '${unknown}'`, { option: unknown })
  const protocol = protocolOf(filename)
  if (protocol.name !== 'file') {
    throw new BlockError('unsupported', `Protocol driver '${protocol.name}' does not support image creation`, {
      filename,
    })
  }
  if (backing?.filename === filename) {
    const text = 'Error: Trying to create an image with the same filename as the backing file'
    throw new BlockError('invalid', text, { filename })
  }
  beginning()
  const path = String(protocol.parseFilename(filename)['filename'])
  const files = new FilesInMaking(graph, format === 'raw')
  try {
    await files.touch(path)
    for (const other of others) await files.write(other.path, other.make)
    await files.write(path, make)
  } catch (error) {
    if (format !== 'raw') await files.remove()
    throw error
  }
}

/** What is too large for a file is too large for the format. */
async function inSizeWords<T>(format: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof BlockError) || cause.context.code !== 'EFBIG') throw cause
    const hint = format === 'qcow2' ? ' (try using a larger cluster size)' : ''
    const text = `The image size is too large for file format '${format}'${hint}`
    throw new BlockError('invalid', text, cause.context, { cause })
  }
}

/** Opens backing images as an image of that name has them. */
export function backingOpener(graph: NodeGraph, filename: string): NonNullable<CreateRequest['withBacking']> {
  return async (named, use) => {
    const node = await graph.open({
      filename: combinePath(filename, named.filename),
      options: { backing: null },
      readOnly: true,
      noIo: true,
    })
    try {
      return await use(node)
    } finally {
      await node.close()
    }
  }
}

/** Never waits: not for the other end of a FIFO, not for a line of a modem. */
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY

/** The files of an image that is made, and what becomes of them if that fails. */
class FilesInMaking {
  readonly #graph: NodeGraph
  readonly #sharedWrites: boolean
  /** Those that were not there, or have lost what they held. */
  readonly #begun = new Set<string>()

  /** @param sharedWrites - whether others may write to a file meanwhile, as long as none makes it longer or shorter */
  constructor(graph: NodeGraph, sharedWrites: boolean) {
    this.#graph = graph
    this.#sharedWrites = sharedWrites
  }

  /** Makes a file if there is none. @throws {BlockError} in QEMU's words */
  async touch(filename: string): Promise<void> {
    try {
      const made = await openFile(filename, flags | constants.O_EXCL).catch((error: unknown) => {
        if (systemCode(error) !== 'EEXIST') throw error
        return undefined
      })
      if (made !== undefined) this.#begun.add(filename)
      // Without waiting for the other end of a pipe.
      await using file = made ?? (await openFile(filename, flags))
      const stats = await file.stat()
      if (stats.isFIFO() || stats.isSocket()) {
        throw new BlockError('invalid', 'Could not resize file: Invalid argument', { filename, code: 'EINVAL' })
      }
    } catch (cause) {
      throw cause instanceof BlockError ? cause : couldNotCreate(filename, cause)
    }
  }

  /** Has a file written by `make`. @throws {BlockError} kind `locked`, if somebody else uses it; as `make` */
  async write(filename: string, make: Maker): Promise<void> {
    await this.touch(filename)
    const file = await this.#graph.open({ options: { driver: 'file', filename } })
    try {
      await file.links.claimAhead() // also where another process has the other images
      const writer = await file.attach({
        description: 'an image that is being made',
        access: this.#sharedWrites
          ? { uses: ['write', 'resize'], shares: ['read', 'write'] }
          : { uses: ['read', 'write', 'resize'], shares: ['read'] },
      })
      try {
        this.#begun.add(filename)
        await make(file)
      } finally {
        await writer.detach()
      }
    } finally {
      if (file.state === 'open') await file.close()
    }
  }

  /** Removes what has been begun: half an image is none. What cannot be removed stays: why it is only half is told. */
  async remove(): Promise<void> {
    for (const filename of this.#begun) await rm(filename, { force: true }).catch(() => undefined)
  }
}

/** Says of what the system told that a file cannot be made. */
export function couldNotCreate(filename: string, cause: unknown): BlockError {
  const code = systemCode(cause)
  const context = { filename, ...(code === undefined ? {} : { code }) }
  const text = `Could not create '${filename}': ${reasonText(cause)}`
  return new BlockError(kindOfSystemError(code), text, context, { cause })
}

async function sizeOfBacking(graph: NodeGraph, { filename, backing }: CreateImageOptions): Promise<number> {
  if (backing === undefined) {
    throw new BlockError('invalid', 'Image creation needs a size parameter', { filename })
  }
  const options = backing.format === undefined ? {} : { driver: backing.format }
  const node = await graph.open({ filename: combinePath(filename, backing.filename), options, readOnly: true })
  const { length } = node
  await node.close()
  return length
}
