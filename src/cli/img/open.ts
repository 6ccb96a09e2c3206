import {
  type Attachment,
  BlockError,
  type BlockNode,
  type ImageSource,
  NodeGraph,
  type OptionValues,
  textOfBlockError,
  WriteTarget,
} from '../../block/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { ObjectServices } from '../../objects/index.ts'
import type { Arguments } from '../arguments.ts'
import { ProgramError } from '../program-error.ts'
import type { Output } from './img.ts'

const all = ['read', 'write', 'resize'] as const

/** How an image is to be opened. */
export interface OpenMode {
  readonly format?: string | undefined
  /** The file name is a list of options (`--image-opts`). */
  readonly imageOptions?: boolean
  readonly writable?: boolean
  /** Whatever others do with the image. */
  readonly forceShare?: boolean
  /** Nobody may write to it meanwhile. */
  readonly exclusive?: boolean
  readonly cache?: CacheWords
  /** Leave out the backing file. */
  readonly noBacking?: boolean
  readonly forCheck?: boolean
  /** Nobody will read what the guest sees, or write it. */
  readonly noIo?: boolean
  /** Freed clusters go back to the file system. */
  readonly discard?: boolean
  /** More options, by dotted keys. */
  readonly options?: OptionValues
  /** What the program ends with if the image cannot be opened. */
  readonly failure?: number
}

/** What the words of `-t` and `-T` mean, as options of a node. */
const cacheModes = {
  none: { 'cache.direct': true, 'cache.no-flush': false },
  off: { 'cache.direct': true, 'cache.no-flush': false },
  directsync: { 'cache.direct': true, 'cache.no-flush': false },
  writeback: { 'cache.direct': false, 'cache.no-flush': false },
  unsafe: { 'cache.direct': false, 'cache.no-flush': true },
  writethrough: { 'cache.direct': false, 'cache.no-flush': false },
} as const

export type CacheWords = keyof typeof cacheModes

/** Modes in which each write reaches stable storage by itself. */
const throughModes: readonly CacheWords[] = ['writethrough', 'directsync']

/** @param what - `cache option` or `source cache option` @throws {ProgramError} */
export function readCache(word: string | undefined, what: string, failure?: number): CacheWords | undefined {
  if (word === undefined || Object.hasOwn(cacheModes, word)) return word as CacheWords | undefined
  throw new ProgramError(`Invalid ${what}: ${word}`, failure)
}

/** What the arguments give by `--object`: few do. @throws {ProgramError} in QEMU's words */
export async function objectsFor(args: Arguments): Promise<ObjectServices> {
  if (!args.has('object')) return new ObjectServices(() => undefined)
  const { toolObjects } = await import('../../objects/index.ts')
  try {
    return toolObjects(args.values('object'))
  } catch (error) {
    if (error instanceof OptionError) throw new ProgramError(error.message)
    throw error
  }
}

/**
 * A place for images, with the passwords and credentials that the arguments give by `--object`.
 *
 * @param made - what has been made of them already
 * @throws {ProgramError}
 */
export async function graphFor(args: Arguments, output: Output, made?: ObjectServices): Promise<NodeGraph> {
  const objects = made ?? (await objectsFor(args))
  return new NodeGraph({
    warn: (text) => output.warn(text),
    complain: (text) => output.complain(text),
    print: (text) => output.out(`${text}\n`),
    secret: (id) => objects.password(id),
    securing: (id, hostname) => objects.securingClient(id, hostname),
  })
}

/** An open image and our hold on it. */
export interface OpenImage extends AsyncDisposable {
  readonly node: BlockNode
  readonly user: Attachment
  /** Where to write, if it was opened for that. */
  readonly target: WriteTarget
}

/** Opens an image as the options say. @throws {ProgramError} in QEMU's words */
export async function openImage(graph: NodeGraph, filename: string, mode: OpenMode): Promise<OpenImage> {
  checkForceShare(filename, mode)
  const source = {
    ...(mode.imageOptions === true ? {} : { filename }),
    options: nodeOptions(filename, mode),
    readOnly: mode.writable !== true,
    ...(mode.forCheck === undefined ? {} : { forCheck: mode.forCheck }),
    ...(mode.noIo === undefined ? {} : { noIo: mode.noIo }),
  }
  try {
    return await openNode(graph, source, mode)
  } catch (error) {
    if (!(error instanceof BlockError)) throw error
    throw new ProgramError(`Could not open '${filename}': ${textOfBlockError(error)}`, mode.failure)
  }
}

/** Opens an image as a source of nodes says. @throws {BlockError} */
export async function openNode(graph: NodeGraph, source: ImageSource, mode: HoldMode): Promise<OpenImage> {
  return holdNode(await graph.open(source), mode)
}

type HoldMode = Pick<OpenMode, 'writable' | 'cache' | 'exclusive'>

/** Uses a node, which closes when that is over. @throws {BlockError} if its other users do not allow it: it is closed then */
export async function holdNode(
  node: BlockNode,
  { writable = false, cache = 'writeback', exclusive = false }: HoldMode,
): Promise<OpenImage> {
  try {
    const uses = writable ? all : (['read'] as const)
    const user = await node.attach({
      description: 'vmon img',
      access: { uses, shares: exclusive ? (['read'] as const) : all },
    })
    const target = new WriteTarget(node, { flushesEach: throughModes.includes(cache) })
    return { node, user, target, [Symbol.asyncDispose]: () => user.detach() }
  } catch (error) {
    if (!node.attached) await node.close()
    throw error
  }
}

/** @throws {ProgramError} if both say whether others may use the image, and not the same */
function checkForceShare(filename: string, { imageOptions, forceShare }: OpenMode): void {
  if (imageOptions !== true || forceShare !== true) return
  const said = parseOptionList(filename).get('force-share')
  if (said !== undefined && said !== 'on') throw new ProgramError('--force-share/-U conflicts with image options')
}

function nodeOptions(filename: string, mode: OpenMode): OptionValues {
  const { format, imageOptions, forceShare, cache = 'writeback', noBacking, discard } = mode
  return {
    ...cacheModes[cache],
    ...(forceShare === true ? { 'force-share': true } : {}),
    ...(noBacking === true ? { backing: null } : {}),
    ...(discard === true ? { discard: 'unmap' } : {}),
    ...(format === undefined ? {} : { driver: format }),
    ...mode.options,
    ...(imageOptions === true ? parseOptionList(filename).toRecord() : {}),
  }
}
