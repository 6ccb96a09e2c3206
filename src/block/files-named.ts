import { incompatible } from './formats/qcow2/features.ts'
import { readStart } from './formats/qcow2/read-start.ts'
import { NodeGraph } from './graph/node-graph.ts'
import { combinePath } from './open/combine-path.ts'

/** The image behind another one, as its header names it. */
export interface NamedBacking {
  /** Beside the image that names it, if the header has a relative name; perhaps with a protocol. */
  readonly filename: string
  /** Undefined, if the header leaves it to a guess. */
  readonly format: string | undefined
}

export interface FilesNamed {
  readonly backing: NamedBacking | undefined
  /** Whether what a guest sees is in another file than the image. */
  readonly dataFile: boolean
}

/**
 * The files that a qcow2 image names, read from its header; none of them is opened. Nobody may write to the image then, so
 * that a guest that has it as its raw disk does not change what it says.
 *
 * @param path - of a file, whatever word and colon it begins with
 * @throws {BlockError} kind `locked`, if somebody writes to it; `invalid` or `corrupt`, if it is no such image
 */
export async function filesNamedByQcow2(path: string): Promise<FilesNamed> {
  await using graph = new NodeGraph()
  const node = await graph.open({ options: { driver: 'file', filename: path }, readOnly: true })
  const hold = await node.attach({ description: 'files-named', access: { uses: ['read'], shares: ['read'] } })
  try {
    const { header, extensions, backingFilename } = await readStart(node)
    return {
      backing:
        backingFilename === undefined
          ? undefined
          : { filename: combinePath(path, backingFilename), format: extensions.backingFormat },
      dataFile: (header.incompatible & incompatible.dataFile) !== 0n,
    }
  } finally {
    await hold.detach()
  }
}
