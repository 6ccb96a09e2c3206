import {
  accessToNode,
  type NodeAccess,
  type NodeGraph,
  type OptionValues,
  Reopening,
  throwawayOverlay,
} from '../../block/index.ts'

/** How an image is opened. */
export interface OpenMode {
  readonly readOnly: boolean
  readonly direct: boolean
  readonly noFlush: boolean
  /** Each write reaches stable storage by itself. */
  readonly writethrough: boolean
  /** Discards reach the file. */
  readonly discard: boolean
  readonly forceShare: boolean
  /** What is read from behind the image is copied into it. */
  readonly copyOnRead: boolean
  /** Writes go to a file that nobody keeps. */
  readonly snapshot: boolean
}

export const defaultMode: OpenMode = {
  readOnly: false,
  direct: false,
  noFlush: false,
  writethrough: true,
  discard: true,
  forceShare: false,
  copyOnRead: false,
  snapshot: false,
}

/** An open image, which is to be given up. */
export interface OpenImage extends AsyncDisposable {
  readonly access: NodeAccess
}

/** Opens an image by its name, by options, or by both. @throws {BlockError} */
export async function openImage(
  graph: NodeGraph,
  filename: string | undefined,
  { mode, options }: { readonly mode: OpenMode; readonly options: OptionValues },
): Promise<OpenImage> {
  const { readOnly, snapshot, copyOnRead } = mode
  const base = await graph.open({
    ...(filename !== undefined && { filename }),
    readOnly: readOnly || snapshot,
    copyReads: copyOnRead && !snapshot,
    options: {
      'cache.direct': mode.direct,
      'cache.no-flush': mode.noFlush,
      discard: mode.discard ? 'unmap' : 'ignore',
      ...(mode.forceShare && { 'force-share': true }),
      ...options,
    },
  })
  const overlay = snapshot ? await throwawayOverlay(graph, base, readOnly) : undefined
  const node = overlay?.node ?? base
  try {
    if (snapshot && copyOnRead) node.copyReads()
    const access = await accessToNode(node, {
      description: 'vmon io',
      uses: node.readOnly ? ['read'] : ['read', 'write', 'resize'],
      writeback: !mode.writethrough,
      amend: (image, changes) => new Reopening(graph).amend(image, changes),
    })
    return {
      access,
      async [Symbol.asyncDispose]() {
        await access[Symbol.asyncDispose]()
        await overlay?.remove()
      },
    }
  } catch (error) {
    if (!node.attached) await node.close()
    await overlay?.remove()
    throw error
  }
}
