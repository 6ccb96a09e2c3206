import { realpathSync } from 'node:fs'
import { BlockError } from './block-error.ts'
import { combinePath } from './combine-path.ts'
import { parseDetectZeroes } from './detect-zeroes.ts'
import {
  type CacheMode,
  type ChildRole,
  type Damage,
  type Driver,
  type ExtentRole,
  type FilterDefinition,
  type FormatDefinition,
  type NamedChild,
  type OpenedChild,
  type ProtocolDefinition,
  writeback,
} from './driver.ts'
import { filters } from './filters/table.ts'
import { probeFormat, probeLength } from './formats/probe.ts'
import { formats } from './formats/table.ts'
import { isJsonFilename, parseJsonFilename } from './json-filename.ts'
import type { BlockNode } from './node.ts'
import type { NodeGraph } from './node-graph.ts'
import { OptionBag, type OptionValues } from './option-bag.ts'
import { defaultProtocol, protocolOf } from './protocols/of-filename.ts'
import { protocols } from './protocols/table.ts'

/** What to open. */
export interface ImageSource {
  /** A file name, perhaps with a protocol before it (`null-co://`). */
  readonly filename?: string | undefined
  /** Options by dotted keys (`driver`, `node-name`, `file.filename`, ...), as `-drive` and `-blockdev` have them. */
  readonly options?: OptionValues
  readonly readOnly?: boolean
  /** The image is to be checked: open it even if it says that it is damaged. */
  readonly forCheck?: boolean
  /** Nobody will read what the guest sees, or write it: no password is needed. */
  readonly noIo?: boolean
  /** An encrypted image whose key the options do not name is opened locked. */
  readonly keyLater?: boolean
}

/** The user: who hears what is to be known, and has the passwords. */
export interface ImageHearer {
  warn(text: string): void
  damaged(node: string, damage: Damage): void
  /** Passwords for images, by name. */
  secret(id: string): Promise<Uint8Array | undefined>
  /** Whether images are opened that were encrypted before LUKS. */
  readonly legacyEncryption: boolean
}

interface Source {
  readonly options: OptionBag
  /** All options, before anybody takes one out. */
  readonly given?: OptionValues
  readonly filename: string | undefined
  readonly readOnly: boolean
  readonly cache: CacheMode
  readonly forceShare: boolean
  /** The files of the images for which this one is opened as backing file. */
  readonly above: readonly string[]
}

/**
 * Opens an image: finds the drivers, guesses a format that nobody named, builds the nodes from the storage up. If
 * anything fails, what was opened on the way is closed.
 *
 * @throws {BlockError} in QEMU's words
 */
export async function openImage(
  graph: NodeGraph,
  { filename, options, readOnly = false, forCheck = false, noIo = false, keyLater = false }: ImageSource,
  { warn, damaged, secret, legacyEncryption }: ImageHearer,
): Promise<BlockNode> {
  return openAny({
    filename,
    options: new OptionBag(options ?? {}),
    readOnly,
    cache: writeback,
    forceShare: false,
    above: [],
  })

  async function openAny(given: Source): Promise<BlockNode> {
    const unread = withoutJsonName(given)
    const source = withInherited({ ...unread, given: unread.options.pick(unread.options.left) })
    const name = source.options.takeString('driver')
    const protocol = name === undefined ? undefined : protocols.get(name)
    if (protocol !== undefined) {
      if (source.filename !== undefined) source.options.set('filename', source.filename)
      return openProtocol(protocol, source)
    }
    const filter = name === undefined ? undefined : filters.get(name)
    if (filter !== undefined) return openFilter(filter, source)
    if (name === undefined && !saysWhere(source)) {
      throw new BlockError('invalid', 'Must specify either driver or file')
    }
    return openFormat(name === undefined ? undefined : findFormat(name), source)
  }

  async function openFormat(named: FormatDefinition | undefined, source: Source): Promise<BlockNode> {
    const fresh: BlockNode[] = []
    const file = await openStorage(source)
    fresh.push(file)
    try {
      const above = [...source.above, identify(file, source.above)]
      const definition = named ?? findFormat(await probe(file))
      const probed = named === undefined
      const openChild = async (role: Exclude<ChildRole, 'file'>, child: NamedChild | undefined) => {
        const opened = await (role === 'backing'
          ? openBacking({ ...source, above }, file, child)
          : openStoragePart({ ...source, above }, role, role === 'data-file' ? child : besides(file, child)))
        if (opened !== undefined) fresh.push(opened.node)
        return opened
      }
      return await finish('format', source, definition.name, (common, name) => {
        const reportDamage = (damage: Damage): void => damaged(name, damage)
        return definition.open({
          ...common,
          file,
          probed,
          warn,
          openChild,
          forCheck,
          noIo,
          keyLater,
          legacyEncryption,
          reportDamage,
          secret,
        })
      })
    } catch (error) {
      for (const node of fresh) if (node.state === 'open' && !node.attached) await node.close()
      throw error
    }
  }

  /** What shows where an image holds nothing: the user's choice, or what its header names, beside the image's own file. */
  async function openBacking(
    source: Source,
    file: BlockNode,
    named: NamedChild | undefined,
  ): Promise<OpenedChild | undefined> {
    const { options } = source
    const below = options.takeBelow('backing')
    const none = options.peek('backing') === null
    const reference = options.takeString('backing')
    if (none || reference === '') return undefined
    if (reference !== undefined) return { node: findNode(reference), overridden: true }
    const overridden = below.left.some((key) => key === 'file' || key.startsWith('file.'))
    const filename = overridden || named === undefined ? undefined : combinePath(file.filename, named.filename)
    if (filename === undefined && below.left.length === 0) return undefined
    if (named?.format !== undefined && !overridden) below.setDefault('driver', named.format)
    try {
      return { node: await openAny({ ...source, options: below, filename, readOnly: true }), overridden }
    } catch (cause) {
      if (!(cause instanceof BlockError)) throw cause
      throw new BlockError(cause.kind, `Could not open backing file: ${cause.message}`, cause.context, { cause })
    }
  }

  /** Where an image keeps its data, or some of it, apart from everything else: storage, not an image. */
  async function openStoragePart(
    source: Source,
    role: 'data-file' | ExtentRole,
    named: NamedChild | undefined,
  ): Promise<OpenedChild | undefined> {
    const { options } = source
    const below = options.takeBelow(role)
    const reference = options.takeString(role)
    if (reference !== undefined) return { node: findNode(reference), overridden: true }
    if (below.left.length > 0) return { node: await openStorageOf(source, below, undefined), overridden: true }
    if (named === undefined) return undefined
    return { node: await openStorageOf(source, below, named.filename), overridden: false }
  }

  function openProtocol(definition: ProtocolDefinition, source: Source): Promise<BlockNode> {
    return finish('protocol', source, definition.name, (common) => definition.open({ ...common, warn, secret }))
  }

  async function openFilter(definition: FilterDefinition, source: Source): Promise<BlockNode> {
    const { options } = source
    const below = options.takeBelow(definition.child)
    const reference = options.takeString(definition.child)
    // As with QEMU: a `file` is opened before its node begins, an `image` after that.
    const generatedName = definition.child === 'image' ? graph.generateName() : undefined
    const child = reference === undefined ? await openStorageOf(source, below, source.filename) : findNode(reference)
    try {
      const { throttleGroups } = graph
      const open = (common: Omit<Source, 'filename'>) =>
        definition.open({ ...common, child, warn, secret, throttleGroups })
      return await finish(definition.kind, source, definition.name, open, generatedName)
    } catch (error) {
      if (reference === undefined && child.state === 'open' && !child.attached) await child.close()
      throw error
    }
  }

  /** What is below a format: named by the file name, by the options under `file.`, or a node that is there already. */
  async function openStorage(source: Source): Promise<BlockNode> {
    const below = source.options.takeBelow('file')
    const reference = source.options.takeString('file')
    if (reference !== undefined) return findNode(reference)
    return openStorageOf(source, below, source.filename)
  }

  function openStorageOf(source: Source, below: OptionBag, filename: string | undefined): Promise<BlockNode> {
    if (filename !== undefined) {
      if (below.has('filename')) {
        throw new BlockError('invalid', "Can't specify 'file' and 'filename' options at the same time")
      }
      const protocol = protocolOf(filename)
      for (const [key, value] of Object.entries(protocol.parseFilename(filename))) below.set(key, value)
      below.setDefault('driver', protocol.name)
    } else if (!below.has('driver')) {
      const path = below.peek('filename')
      if (path === undefined) throw new BlockError('invalid', 'A block device must be specified for "file"')
      below.set('driver', defaultProtocol(String(path)).name)
    }
    // A format knows what it gives up; whether it may is for the node above to say.
    below.setDefault('discard', 'unmap')
    return openAny({ ...source, options: below, filename: undefined })
  }

  /**
   * Takes the options that every node has, opens the driver, refuses what is left.
   *
   * @param begun - the name that was generated for the node when its opening began, if that was before now
   */
  async function finish(
    kind: 'format' | 'protocol',
    source: Source,
    driverName: string,
    open: (common: Omit<Source, 'filename'>, name: string) => Promise<Driver>,
    begun?: string,
  ): Promise<BlockNode> {
    const { options } = source
    const name = options.takeString('node-name')
    if (name !== undefined) graph.checkName(name)
    const generatedName = begun ?? graph.generateName()
    const { readOnly, cache, forceShare, above, filename } = source
    const given = {
      ...(kind === 'protocol' && filename !== undefined && { filename }),
      ...source.given,
      driver: driverName,
    }
    // Files are opened for writing only when somebody writes: nothing to keep here.
    options.takeBoolean('auto-read-only')
    const discard = parseDiscard(options.takeString('discard'))
    const detectZeroes = parseDetectZeroes(options.takeString('detect-zeroes'))
    const driver = await open({ options, readOnly, cache, forceShare, above }, name ?? generatedName)
    let node: BlockNode
    try {
      // That there shall be no backing file is true of a format without any.
      if (options.peek('backing') === null || options.peek('backing') === '') options.takeString('backing')
      const [unknown] = options.left
      if (unknown !== undefined) throw unsupportedOption(kind, driverName, unknown)
      node = graph.add(driver, { name, generatedName, readOnly, cache, detectZeroes, discard, given })
    } catch (error) {
      await driver.close()
      throw error
    }
    try {
      await node.begin()
      return node
    } catch (error) {
      await node.close()
      throw error
    }
  }

  function findNode(name: string): BlockNode {
    const node = graph.find(name)
    if (node === undefined) throw new BlockError('missing', `Cannot find device='${name}' nor node-name='${name}'`)
    return node
  }
}

/** A file name that is options in JSON becomes those; what was said besides counts more. */
function withoutJsonName(source: Source): Source {
  const { filename, options } = source
  if (!isJsonFilename(filename)) return source
  for (const [name, value] of Object.entries(parseJsonFilename(filename))) options.setDefault(name, value)
  return { ...source, filename: undefined }
}

/** Takes the options that hold for the nodes below too, unless these have their own. */
function withInherited(source: Source): Source {
  const { options, cache } = source
  const readOnly = options.takeBoolean('read-only') ?? source.readOnly
  const forceShare = options.takeBoolean('force-share') ?? source.forceShare
  if (forceShare && !readOnly) {
    throw new BlockError('invalid', 'force-share=on can only be used with read-only images', { option: 'force-share' })
  }
  return {
    ...source,
    readOnly,
    forceShare,
    cache: {
      direct: options.takeBoolean('cache.direct') ?? cache.direct,
      noFlush: options.takeBoolean('cache.no-flush') ?? cache.noFlush,
    },
  }
}

function saysWhere({ filename, options }: Source): boolean {
  return filename !== undefined || options.left.some((key) => key === 'file' || key.startsWith('file.'))
}

function findFormat(name: string): FormatDefinition {
  const definition = formats.get(name)
  if (definition === undefined) throw new BlockError('unsupported', `Unknown driver '${name}'`)
  return definition
}

async function probe(file: BlockNode): Promise<string> {
  return probeFormat(await file.read(0, Math.min(probeLength, file.length)))
}

/** A name that an image has for another file: beside its own, if it is relative. */
function besides(file: BlockNode, child: NamedChild | undefined): NamedChild | undefined {
  return child && { ...child, filename: combinePath(file.filename, child.filename) }
}

function unsupportedOption(kind: 'format' | 'protocol', driver: string, option: string): BlockError {
  const text =
    kind === 'protocol'
      ? `Block protocol '${driver}' doesn't support the option '${option}'`
      : `Block format '${driver}' does not support the option '${option}'`
  return new BlockError('unsupported', text, { option })
}

/** Whether discards go through. @throws {BlockError} kind `invalid` */
function parseDiscard(word: string | undefined): boolean {
  if (word === undefined || word === 'ignore' || word === 'off') return false
  if (word === 'unmap' || word === 'on') return true
  throw new BlockError('invalid', 'Invalid discard option', { option: 'discard' })
}

/** What a file is, whatever leads to it. @throws {BlockError} kind `invalid`, if it is among those for which it is opened */
function identify(file: BlockNode, above: readonly string[]): string {
  const { filename } = file.driver
  if (filename === undefined || file.driver.name !== 'file') return file.name
  const path = realpathSync(filename)
  if (above.includes(path)) {
    throw new BlockError('invalid', `Backing file '${filename}' creates an infinite loop.`, { filename })
  }
  return path
}
