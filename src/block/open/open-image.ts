import type { FileSource } from '../../descriptors/index.ts'
import { BlockError } from '../block-error.ts'
import { filters } from '../filters/table.ts'
import { probeFormat, probeLength } from '../formats/probe.ts'
import { formats } from '../formats/table.ts'
import type { Access } from '../graph/access.ts'
import { type AboveFile, withFile } from '../graph/files-above.ts'
import type { BlockNode } from '../graph/node.ts'
import type { NodeGraph } from '../graph/node-graph.ts'
import { checkNotOpening, type OpeningNode } from '../graph/opening-nodes.ts'
import { defaultProtocol, protocolOf } from '../protocols/of-filename.ts'
import { protocols } from '../protocols/table.ts'
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
  type OpenRequest,
  type ProtocolDefinition,
  writeback,
} from './driver.ts'
import { isJsonFilename, parseJsonFilename } from './json-filename.ts'
import { OptionBag, type OptionValues } from './option-bag.ts'
import { storageName } from './storage-name.ts'

/** What to open. */
export interface ImageSource {
  /** A file name, perhaps with a protocol before it (`null-co://`). */
  readonly filename?: string | undefined
  /** Options by dotted keys (`driver`, `node-name`, `file.filename`, ...), as `-drive` and `-blockdev` have them. */
  readonly options?: OptionValues
  readonly readOnly?: boolean
  /** What is read from behind the image is copied into it. */
  readonly copyReads?: boolean
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
  /** Hears what is said in the program's name. */
  complain(text: string): void
  /** Prints a line for the user. */
  print(text: string): void
  damaged(node: string, damage: Damage): void
  /** Passwords for images, by name. */
  secret(id: string): Promise<Uint8Array | undefined>
  /** Opens files whose names stand for descriptors that were passed. */
  readonly files: FileSource | undefined
  /** What secures connections to servers. @throws {TransportError} `tls`, if there are no such credentials */
  readonly securing: OpenRequest['securing']
  /** Whether images are opened that were encrypted before LUKS. */
  readonly legacyEncryption: boolean
}

interface Source {
  readonly options: OptionBag
  /** All options, before anybody takes one out. */
  readonly given?: OptionValues
  readonly filename: string | undefined
  readonly readOnly: boolean
  /** Where it cannot be written, it is open for reading. */
  readonly autoReadOnly: boolean
  readonly cache: CacheMode
  readonly forceShare: boolean
  /** The files of the images for which this one is opened as backing file. */
  readonly above: readonly AboveFile[]
  /** The nodes that wait for this one to be opened, and what it will be to each. */
  readonly opening: readonly OpeningNode[]
}

/** What drivers of all kinds get of it. */
type Common = Pick<Source, 'options' | 'readOnly' | 'autoReadOnly' | 'cache' | 'forceShare'>

/**
 * Opens an image: finds the drivers, guesses a format that nobody named, builds the nodes from the storage up. If
 * anything fails, what was opened on the way is closed.
 *
 * @throws {BlockError} in QEMU's words
 */
export async function openImage(
  graph: NodeGraph,
  {
    filename,
    options,
    readOnly = false,
    copyReads = false,
    forCheck = false,
    noIo = false,
    keyLater = false,
  }: ImageSource,
  { warn, complain, print, damaged, secret, files, securing, legacyEncryption }: ImageHearer,
): Promise<BlockNode> {
  const opened = await openAny({
    filename,
    options: new OptionBag(options ?? {}),
    readOnly,
    autoReadOnly: filename !== undefined,
    cache: writeback,
    forceShare: false,
    above: [],
    opening: [],
  })
  try {
    if (copyReads) opened.copyReads()
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }

  async function openAny(given: Source): Promise<BlockNode> {
    const unread = withoutJsonName(given)
    const source = withInherited({ ...unread, given: unread.options.pick(unread.options.left) })
    const name = source.options.takeString('driver')
    const protocol = name === undefined ? undefined : protocols.get(name)
    if (protocol !== undefined) {
      if (source.filename !== undefined) {
        checkNoSecondName(source.options)
        source.options.set('filename', source.filename)
      }
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
      const definition = named ?? findFormat(await probe(file))
      const above = definition.namesFiles === true ? withFile(source.above, file, source) : source.above
      const probed = named === undefined
      return await finish('format', source, definition.name, (common, name) => {
        const reportDamage = (damage: Damage): void => damaged(name, damage)
        const openChild = async (role: Exclude<ChildRole, 'file' | 'target'>, child: NamedChild | undefined) => {
          const from = { ...source, above, opening: [...source.opening, { name, link: role }] }
          const opened = await (role === 'backing'
            ? openBacking(from, file, child)
            : openStoragePart(from, role, role === 'data-file' ? child : besides(file, child)))
          if (opened !== undefined) fresh.push(opened.node)
          return opened
        }
        const request = {
          ...common,
          nodeName: name,
          file,
          probed,
          warn,
          complain,
          openChild,
          forCheck,
          noIo,
          keyLater,
          legacyEncryption,
          reportDamage,
          secret,
        }
        const access = definition.fileAccess?.(common.options, source.readOnly)
        return definition.open(request).catch(async (error: unknown) => {
          // Whether it may have its file at all is said before what is in there.
          if (access !== undefined) await checkAccess(file, name, access)
          throw error
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
    if (reference === '') complain('warning: Use of "backing": "" is deprecated; use "backing": null instead')
    if (none || reference === '') return undefined
    const overridden = below.left.length > 0
    const elsewhere = below.has('file.filename') || named === undefined
    const filename = elsewhere ? undefined : combinePath(storageName(file), named.filename)
    if (reference !== undefined) {
      checkNotOpening(source.opening, reference)
      return { node: await toldOfBacking(async () => graph.named(reference)), overridden: true }
    }
    if (filename === undefined && below.left.length === 0) return undefined
    if (named?.format !== undefined) below.setDefault('driver', named.format)
    const node = await toldOfBacking(() => openAny({ ...source, options: below, filename, readOnly: true }))
    return { node, overridden }
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
    if (reference !== undefined) {
      checkNotOpening(source.opening, reference)
      return { node: graph.named(reference), overridden: true }
    }
    if (below.left.length > 0) return { node: await openStorageOf(source, below, undefined), overridden: true }
    if (named === undefined) return undefined
    return { node: await openStorageOf(source, below, named.filename), overridden: false }
  }

  function openProtocol(definition: ProtocolDefinition, source: Source): Promise<BlockNode> {
    return finish('protocol', source, definition.name, (common) =>
      definition.open({ ...common, warn, complain, secret, files, securing }),
    )
  }

  async function openFilter(definition: FilterDefinition, source: Source): Promise<BlockNode> {
    const { options } = source
    const below = options.takeBelow(definition.child)
    const reference = options.takeString(definition.child)
    const named = definition.parseFilename === undefined ? undefined : options.takeString('x-image')
    const filename = named ?? source.filename
    const fresh: BlockNode[] = []
    const openChild = async (opening = source.opening): Promise<BlockNode> => {
      if (reference !== undefined) {
        checkNotOpening(opening, reference)
        return graph.named(reference)
      }
      const child = await openStorageOf({ ...source, opening }, below, filename)
      fresh.push(child)
      return child
    }
    // As with QEMU: a `file` is opened before its node begins, an `image` after that.
    const first = definition.child === 'image' ? undefined : await openChild()
    const openOther = async (role: 'target', above: string): Promise<BlockNode> => {
      const opening = [...source.opening, { name: above, link: role }]
      const others = options.takeBelow(role)
      const name = options.takeString(role)
      if (name !== undefined) {
        checkNotOpening(opening, name)
        return graph.named(name)
      }
      if (others.left.length === 0) {
        throw new BlockError('invalid', `A block device must be specified for "${role}"`)
      }
      const other = await openAny({ ...source, options: others, filename: undefined, opening })
      fresh.push(other)
      return other
    }
    try {
      const { throttleGroups } = graph
      const find = (name: string) => graph.find(name)
      const open = async (common: Common, name: string) => {
        const child = first ?? (await openChild([...source.opening, { name, link: definition.child }]))
        const openBeside = (role: 'target') => openOther(role, name)
        return definition.open({
          ...common,
          child,
          warn,
          complain,
          print,
          secret,
          throttleGroups,
          openOther: openBeside,
          find,
        })
      }
      return await finish(definition.kind, source, definition.name, open)
    } catch (error) {
      for (const node of fresh) if (node.state === 'open' && !node.attached) await node.close()
      throw error
    }
  }

  /** What is below a format: named by the file name, by the options under `file.`, or a node that is there already. */
  async function openStorage(source: Source): Promise<BlockNode> {
    const below = source.options.takeBelow('file')
    const reference = source.options.takeString('file')
    if (reference !== undefined) {
      if (source.filename === undefined && below.left.length === 0) return graph.named(reference)
      const text = 'Cannot reference an existing block device with additional options or a new filename'
      throw new BlockError('invalid', text, { node: reference })
    }
    return openStorageOf(source, below, source.filename)
  }

  function openStorageOf(source: Source, below: OptionBag, filename: string | undefined): Promise<BlockNode> {
    const named = below.peek('driver')
    if (filename !== undefined && typeof named === 'string' && formats.has(named)) {
      // An image in place of a file: the name is that of what is below it.
      below.setDefault('discard', 'unmap')
      return openAny({ ...source, options: below, filename })
    }
    if (isJsonFilename(filename)) {
      for (const [key, value] of Object.entries(parseJsonFilename(filename))) below.setDefault(key, value)
      return openStorageOf(source, below, undefined)
    }
    if (filename !== undefined) {
      checkNoSecondName(below)
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
   */
  async function finish(
    kind: 'format' | 'protocol',
    source: Source,
    driverName: string,
    open: (common: Common, name: string) => Promise<Driver>,
  ): Promise<BlockNode> {
    const { options, readOnly, autoReadOnly, cache, forceShare, filename } = source
    if (forceShare && !readOnly) {
      throw new BlockError('invalid', 'force-share=on can only be used with read-only images', {
        option: 'force-share',
      })
    }
    const discard = parseDiscard(options.takeString('discard'))
    const detectZeroes = parseDetectZeroes(options.takeString('detect-zeroes'), { discard })
    const name = options.takeString('node-name')
    if (name !== undefined) graph.checkName(name)
    const generatedName = graph.generateName()
    const given = {
      ...(kind === 'protocol' && filename !== undefined && { filename }),
      ...source.given,
      driver: driverName,
    }
    const driver = await open({ options, readOnly, autoReadOnly, cache, forceShare }, name ?? generatedName)
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
}

/** @throws {BlockError} as `BlockNode.attach()`, if a node that is to be above a file cannot have it so */
async function checkAccess(file: BlockNode, above: string, access: Access): Promise<void> {
  const owner = { kind: 'node', name: above, role: 'file' } as const
  const hold = await file.attach({ description: `node '${above}'`, link: 'file', owner, access })
  await hold.detach()
}

/** Says of what goes wrong that it was a backing file. */
async function toldOfBacking<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    throw new BlockError(cause.kind, `Could not open backing file: ${cause.message}`, cause.context, { cause })
  }
}

function checkNoSecondName(options: OptionBag): void {
  if (!options.has('filename')) return
  throw new BlockError('invalid', "Can't specify 'file' and 'filename' options at the same time")
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
  return {
    ...source,
    readOnly,
    // Files are opened for writing only when somebody writes: it makes no difference but to what is no file at all.
    autoReadOnly: options.takeBoolean('auto-read-only') ?? source.autoReadOnly,
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
  try {
    return probeFormat(await file.read(0, Math.min(probeLength, file.length)))
  } catch (cause) {
    if (!(cause instanceof BlockError)) throw cause
    const text = `Could not read image for determining its format: ${cause.message}`
    throw new BlockError(cause.kind, text, cause.context, { cause })
  }
}

/** A name that an image has for another file: beside its own, if it is relative. */
function besides(file: BlockNode, child: NamedChild | undefined): NamedChild | undefined {
  return child && { ...child, filename: combinePath(storageName(file), child.filename) }
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
