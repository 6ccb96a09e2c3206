import { open as openFile } from 'node:fs/promises'
import { reasonText, systemCode } from '../errno/index.ts'
import { BlockError, kindOfSystemError } from './block-error.ts'
import { combinePath } from './combine-path.ts'
import type { Maker } from './driver.ts'
import { formats } from './formats/table.ts'
import type { NodeGraph } from './node-graph.ts'
import { OptionBag, type OptionValues } from './option-bag.ts'
import { protocolOf } from './protocols/of-filename.ts'

export interface CreateImageOptions {
  /** A file, which need not be there. What it holds is lost. */
  readonly filename: string
  /** `raw`, `qcow2`, ... Default: `raw`. */
  readonly format?: string
  /** Guest bytes. Default: the size of the backing file. */
  readonly size?: number
  /** What shows where nothing is written; relative names are relative to the new image. */
  readonly backing?: { readonly filename: string; readonly format?: string }
  /** What the format knows besides, by the names of `qemu-img create -o`: `cluster_size`, `compat`, ... */
  readonly options?: OptionValues
}

/**
 * Makes an empty image.
 *
 * @param graph - where the file and its backing file are open meanwhile
 * @throws {BlockError} in QEMU's words: `invalid` and `unsupported`, if there can be no such image; `locked`, if
 *   somebody uses the file
 */
export async function createImage(graph: NodeGraph, options: CreateImageOptions): Promise<void> {
  const { filename, format = 'raw', backing } = options
  const definition = formats.get(format)
  if (definition === undefined) throw new BlockError('unsupported', `Unknown file format '${format}'`, { filename })
  if (definition.create === undefined) {
    throw new BlockError('unsupported', `Format driver '${format}' does not support image creation`, { filename })
  }
  const size = options.size ?? (await sizeOfBacking(graph, options))
  const bag = new OptionBag(options.options ?? {})
  const named = backing === undefined ? undefined : { filename: backing.filename, format: backing.format }
  const others: { readonly path: string; readonly bytes: number }[] = []
  const needFile = (path: string, bytes: number): void => void others.push({ path, bytes })
  const secret = (id: string): Promise<Uint8Array | undefined> => graph.secret(id)
  const make = await definition.create({ size, backing: named, options: bag, needFile, secret })
  const [unknown] = bag.left
  if (unknown !== undefined) throw new BlockError('invalid', `Invalid parameter '${unknown}'`, { option: unknown })
  const protocol = protocolOf(filename)
  if (protocol.name !== 'file') {
    throw new BlockError('unsupported', `Protocol driver '${protocol.name}' does not support image creation`, {
      filename,
    })
  }
  for (const { path, bytes } of others) {
    await writeFile(graph, path, async (file) => {
      await file.truncate(0)
      await file.truncate(bytes)
    })
  }
  await writeFile(graph, String(protocol.parseFilename(filename)['filename']), make)
}

/** Has a file written by `make`, while nobody else may use it. */
async function writeFile(graph: NodeGraph, filename: string, make: Maker): Promise<void> {
  await touch(filename)
  const file = await graph.open({ options: { driver: 'file', filename } })
  try {
    const writer = await file.attach({
      description: 'an image that is being made',
      access: { uses: ['read', 'write', 'resize'], shares: [] },
    })
    try {
      await make(file)
    } finally {
      await writer.detach()
    }
  } finally {
    if (file.state === 'open') await file.close()
  }
}

/** Makes a file if there is none. */
async function touch(filename: string): Promise<void> {
  try {
    const file = await openFile(filename, 'a')
    await file.close()
  } catch (cause) {
    const code = systemCode(cause)
    const context = { filename, ...(code === undefined ? {} : { code }) }
    throw new BlockError(kindOfSystemError(code), `Could not create '${filename}': ${reasonText(cause)}`, context, {
      cause,
    })
  }
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
