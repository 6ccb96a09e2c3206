import { join, resolve } from 'node:path'
import {
  BlockError,
  type BlockNode,
  createImage,
  type Drive,
  type DriveSet,
  type GraphControl,
  isThrowaway,
  useThrowaway,
} from '../../block/index.ts'
import { cannotFork, type ForkedImage } from './fork-options.ts'
import type { ImageForFork } from './forked-config.ts'
import { NewFiles } from './new-files.ts'

interface Parts {
  readonly drives: DriveSet
  readonly graph: GraphControl
}

/** An image that the machine can write. */
interface WrittenImage {
  readonly node: BlockNode
  /** The drive, or the node, that has it. */
  readonly device: string
}

/** For each image that is written, the overlay over it. */
type Overlays = ReadonlyMap<BlockNode, string>

/** What a fork has in drives. */
export interface ImagesOfFork {
  imageIn(drive: Drive): ImageForFork | undefined
  /** What goes by the name of a node: the image of the drive where the node is, or was before others came over it. */
  imageNamed(name: string, names: ReadonlySet<string>): ImageForFork | undefined
  /** Those that can be written. */
  list(): readonly ForkedImage[]
  /** Deletes its overlays. */
  remove(): Promise<void>
  /** The fork has ended: what of its images nobody keeps is deleted. */
  ended(): Promise<void>
}

/** The images of a machine at one moment, and overlays over them for the machine itself and for its forks. */
export class ForkedImages {
  readonly #parts: Parts
  /** What was in the drives when overlays came over it. */
  readonly #inDrives = new Map<Drive, BlockNode>()
  readonly #written: readonly WrittenImage[]
  readonly #files = new NewFiles()
  readonly #filesOfForks: NewFiles[] = []
  #own: Overlays = new Map()
  /** What lets go of files that nobody keeps, when this machine ends. */
  readonly #letGo: (() => Promise<void>)[] = []
  #takeOff: (() => Promise<void>) | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    for (const drive of parts.drives) if (drive.node !== undefined) this.#inDrives.set(drive, drive.node)
    const found = new Map<BlockNode, string>()
    for (const [drive, node] of this.#inDrives)
      if (!node.readOnly && !found.has(node)) found.set(node, nameOf(drive, node))
    this.#written = [...found].map(([node, device]) => ({ node, device }))
  }

  /**
   * Looks whether there can be overlays.
   *
   * @param folder - where those of a fork are to go
   * @throws {QmpError} if they cannot be there, or a folder is missing
   */
  check(folder: string | undefined): void {
    if (this.#written.length === 0) return
    if (folder === undefined)
      throw cannotFork('it has images that it can write, and no folder was given for those that follow')
    for (const { node, device } of this.#written)
      if (node.driver.filters === true) throw cannotFork(`there is a filter over the image in '${device}'`)
  }

  /** Makes the overlays of a fork. @throws {QmpError | BlockError} if they cannot be; nothing is left of them then */
  async forFork(folder: string | undefined): Promise<ImagesOfFork> {
    this.check(folder)
    const files = new NewFiles()
    this.#filesOfForks.push(files)
    const overlays = await this.#make(files, folder, 'fork')
    const used = this.#throwawayBelow(overlays)
    const letGo = async (): Promise<void> => {
      for (const end of used.splice(0)) await end()
    }
    const imageIn = (drive: Drive): ImageForFork | undefined => {
      const node = this.#inDrives.get(drive)
      if (node === undefined) return undefined
      const filename = overlays.get(node)
      const { settings } = node
      return filename === undefined ? imageOf(node) : { filename, format: 'qcow2', readOnly: false, settings }
    }
    return {
      imageIn,
      imageNamed: (name, names) => {
        for (const [drive, node] of this.#inDrives) if (firstOf(names, node)?.name === name) return imageIn(drive)
        return undefined
      },
      list: () =>
        this.#written.map(({ node, device }) => ({
          ...{ device, backing: imageOf(node).filename, own: this.#own.get(node)!, fork: overlays.get(node)! },
        })),
      remove: async () => {
        await files.remove()
        await letGo()
      },
      ended: letGo,
    }
  }

  /**
   * Puts overlays on the images of the machine, which stands still.
   *
   * @throws {QmpError | BlockError} if that cannot be: everything is as it was then
   */
  async putOverlays(folder: string | undefined): Promise<void> {
    const { drives, graph } = this.#parts
    this.#own = await this.#make(this.#files, folder, 'own')
    this.#letGo.push(...this.#throwawayBelow(this.#own))
    try {
      this.#takeOff = await graph.putOverlays(
        this.#written.map(({ node, device }) => ({
          ...(drives.find(device)?.node === node ? { device } : { nodeName: node.name, overlayName: freeName(drives) }),
          ...{ filename: this.#own.get(node)!, format: 'qcow2', mode: 'existing' as const },
        })),
      )
      for (const [drive, before] of this.#inDrives) {
        const { node } = drive
        const { detectZeroes } = before
        const filename = this.#own.get(before)
        if (node !== undefined && filename !== undefined) ownOverlays.set(node, { filename, backing: before })
        if (node !== undefined && node.detectZeroes !== detectZeroes)
          await node.reconfigure({ ...node.settings, given: node.given, detectZeroes })
      }
    } catch (error) {
      await this.#takeOwn().catch(() => undefined) // they stay until the machine ends
      throw error
    }
  }

  /**
   * Takes the overlays of the machine away again, also if it has written to them since. There are no forks any more.
   *
   * @throws {BlockError} if they are in use in another way by now, or the images below cannot be written; they stay then
   */
  async takeBack(): Promise<void> {
    await this.#takeOwn()
    for (const files of this.#filesOfForks) await files.remove() // folders are empty only now
  }

  /** Takes the overlays of the machine away. @throws {BlockError} if they have to stay */
  async #takeOwn(): Promise<void> {
    await this.#takeOff?.()
    await this.#files.remove()
    await this.ended()
  }

  /** Whether this machine has overlays now that nobody keeps. */
  get hasThrowaway(): boolean {
    return this.#letGo.length > 0
  }

  /** This machine has ended: what of its overlays nobody keeps is deleted. */
  async ended(): Promise<void> {
    for (const end of this.#letGo.splice(0)) await end()
  }

  /** Needs the files of overlays, and those below them, as far as nobody keeps what is below (`snapshot=on`). */
  #throwawayBelow(overlays: Overlays): (() => Promise<void>)[] {
    return [...overlays].flatMap(([node, overlay]) => {
      const below = filesOf(node).filter(isThrowaway)
      return below.length === 0 ? [] : [overlay, ...below].map(useThrowaway)
    })
  }

  async #make(files: NewFiles, folder: string | undefined, whose: string): Promise<Overlays> {
    const overlays = new Map<BlockNode, string>()
    if (this.#written.length === 0 || folder === undefined) return overlays
    try {
      const path = await files.folder(folder)
      for (const { node, device } of this.#written) {
        const named = (number: number): string => join(path, `${device}.${process.pid}.${number}.${whose}.qcow2`)
        const overlay = await files.file(named)
        const { filename, format } = imageOf(node)
        await createImage(this.#parts.drives.graph, {
          ...{ filename: overlay, format: 'qcow2', size: node.length },
          backing: { filename, format },
        }).catch((error: unknown) => {
          throw withImageNamed(error, device)
        })
        overlays.set(node, overlay)
      }
      return overlays
    } catch (error) {
      await files.remove()
      throw error
    }
  }
}

/** A name for an overlay. How many there were before makes it no longer than a node's name may be. */
function freeName(drives: DriveSet): string {
  for (;;) {
    const name = `fork${++named}`
    if (drives.graph.find(name) === undefined && drives.find(name) === undefined) return name
  }
}

/** How many overlays of this process were called after it. */
let named = 0

function nameOf({ id }: Drive, node: BlockNode): string {
  return id === '' ? node.name : id
}

/** The first of an image and those behind it that goes by one of the names. */
function firstOf(names: ReadonlySet<string>, node: BlockNode): BlockNode | undefined {
  for (let each: BlockNode | undefined = node; each !== undefined; each = each.child('backing'))
    if (names.has(each.name)) return each
  return undefined
}

/** The files that an image and those behind it lie in. */
function filesOf(node: BlockNode): readonly string[] {
  const found: string[] = []
  for (let each: BlockNode | undefined = node; each !== undefined; each = each.child('backing'))
    found.push(each.child('file')?.filename ?? each.filename)
  return found
}

/**
 * Overlays that machines have over their images since they were forked, and what is below. They name that by its absolute
 * name, which need not be the one that it was opened by: `filename` of such a node tells of it as of another image.
 */
const ownOverlays = new WeakMap<BlockNode, { readonly filename: string; readonly backing: BlockNode }>()

/** An image as others open it. */
function imageOf(node: BlockNode): ImageForFork {
  const { driver, settings } = node
  const overlay = ownOverlays.get(node)
  const asItSays = overlay !== undefined && node.child('backing') === overlay.backing
  const filename = asItSays ? resolve(overlay.filename) : absoluteName(node.filename)
  return { filename, format: driver.name, readOnly: true, settings }
}

/** The name of an image that means the same wherever it is read. */
export function absoluteName(filename: string): string {
  const options = filename.startsWith('json:') ? (JSON.parse(filename.slice('json:'.length)) as unknown) : undefined
  if (options !== undefined) return `json:${JSON.stringify(withAbsoluteNames(options))}`
  return /^[a-z][a-z0-9+-]*:/.test(filename) ? filename : resolve(filename)
}

/** Options of nodes in which files on disks have absolute names. */
function withAbsoluteNames(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return options
  const entries = Object.entries(options).map(([key, value]) => [key, withAbsoluteNames(value)] as const)
  const { driver, filename } = options as { readonly driver?: unknown; readonly filename?: unknown }
  const onDisk = typeof filename === 'string' && fileDrivers.has(String(driver))
  return { ...Object.fromEntries(entries), ...(onDisk && { filename: resolve(filename) }) }
}

const fileDrivers: ReadonlySet<string> = new Set(['file', 'host_device', 'host_cdrom'])

/** What an overlay could not be made for. */
function withImageNamed(error: unknown, device: string): unknown {
  if (!(error instanceof BlockError)) return error
  const text = `The machine cannot be forked: no overlay for the image in '${device}': ${error.message}`
  return new BlockError(error.kind, text, error.context, { cause: error })
}
