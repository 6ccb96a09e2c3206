import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BlockNode, createImage, type Drive, type DriveSet, type GraphControl } from '../../block/index.ts'
import { cannotFork, type ForkedImage } from './fork-options.ts'
import type { ImageForFork } from './forked-config.ts'

interface Parts {
  readonly drives: DriveSet
  readonly graph: GraphControl
}

/** What is written over an image by the machine and by each of its forks. */
interface Overlays {
  readonly node: BlockNode
  readonly device: string
  readonly own: string
  readonly forks: readonly string[]
}

/** The images of a machine, each with overlays over it for the machine itself and for its forks. */
export class ForkedImages {
  readonly #parts: Parts
  readonly #overlays: Overlays[] = []
  /** What was in the drives when overlays came over it. */
  readonly #inDrives = new Map<Drive, BlockNode>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether the machine can write an image, so that overlays are needed. */
  get needed(): boolean {
    return this.#written().length > 0
  }

  /**
   * Makes overlays for the machine, which stands still, and puts them on its images; and one on each for every fork.
   *
   * @param folders - where those of each fork go; the machine's go to the first
   * @throws {BlockError} if there can be no such images: everything is as it was then, but for files in the folders
   */
  async makeOverlays(folders: readonly string[]): Promise<void> {
    const { drives, graph } = this.#parts
    const written = this.#written()
    for (const drive of drives) if (drive.node !== undefined) this.#inDrives.set(drive, drive.node)
    if (written.length === 0) return
    for (const folder of folders) await mkdir(folder, { recursive: true })
    const serial = ++forks
    for (const { node, device } of written) {
      if (node.driver.filters === true) throw cannotFork(`there is a filter over the image in '${device}'`)
      const path = (folder: string, whose: string): string =>
        resolve(join(folder, `${device}.${process.pid}.${serial}.${whose}.qcow2`))
      const overlays = {
        ...{ node, device, own: path(folders[0]!, 'own') },
        forks: folders.map((folder, index) => path(folder, `fork${index + 1}`)),
      }
      const { filename, format } = imageOf(node)
      for (const overlay of [overlays.own, ...overlays.forks])
        await createImage(drives.graph, {
          ...{ filename: overlay, format: 'qcow2', size: node.length },
          backing: { filename, format },
        })
      this.#overlays.push(overlays)
    }
    await graph.transaction(
      this.#overlays.map(({ node, device, own }) => ({
        type: 'overlay' as const,
        target: {
          ...(drives.find(device)?.node === node
            ? { device }
            : { nodeName: node.name, overlayName: `${node.name}.fork${serial}` }),
          ...{ filename: own, format: 'qcow2', mode: 'existing' as const },
        },
      })),
    )
  }

  /** What a fork has in a drive. @param index - which of the forks */
  imageIn(index: number, drive: Drive): ImageForFork | undefined {
    const node = this.#inDrives.get(drive)
    if (node === undefined) return undefined
    const overlays = this.#overlays.find((each) => each.node === node)
    return overlays === undefined
      ? imageOf(node)
      : { filename: overlays.forks[index]!, format: 'qcow2', readOnly: false }
  }

  /** What a fork has by the name of a node: that of the drive where the node is, or was before others came over it. */
  imageNamed(index: number, name: string): ImageForFork | undefined {
    for (const [drive, node] of this.#inDrives)
      for (let each: BlockNode | undefined = node; each !== undefined; each = each.child('backing'))
        if (each.name === name) return this.imageIn(index, drive)
    return undefined
  }

  /** @param index - which of the forks */
  listFor(index: number): readonly ForkedImage[] {
    return this.#overlays.map(({ node, device, own, forks: files }) => ({
      ...{ device, backing: imageOf(node).filename, own, fork: files[index]! },
    }))
  }

  #written(): { readonly node: BlockNode; readonly device: string }[] {
    const found = new Map<BlockNode, string>()
    for (const drive of this.#parts.drives) {
      const { node } = drive
      if (node !== undefined && !node.readOnly && !found.has(node)) found.set(node, nameOf(drive, node))
    }
    return [...found].map(([node, device]) => ({ node, device }))
  }
}

/** How many times machines of this process have been forked: files are called after it. */
let forks = 0

function nameOf({ id }: Drive, node: BlockNode): string {
  return id === '' ? node.name : id
}

/** An image as others open it. */
function imageOf(node: BlockNode): ImageForFork {
  const { filename, driver } = node
  return {
    filename: /^[a-z][a-z0-9+-]*:/.test(filename) ? filename : resolve(filename),
    format: driver.name,
    readOnly: true,
  }
}
