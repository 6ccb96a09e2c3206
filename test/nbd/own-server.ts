import { DriveSet, GraphControl, type OptionValues } from '../../src/block/index.ts'
import { BlockExports, type ExportConfig } from '../../src/nbd-server/index.ts'

export interface OwnServer extends AsyncDisposable {
  readonly exports: BlockExports
  readonly drives: DriveSet
  /** What has been said of clients that were sent away. */
  readonly complaints: string[]
  /** Ids of exports that have gone. */
  readonly deleted: string[]
}

/** A server of ours in this process, with one export, `disk`. */
export async function ownServer(
  socket: string,
  node: OptionValues,
  config: Partial<ExportConfig> & { readonly maxConnections?: number } = {},
): Promise<OwnServer> {
  const { maxConnections, ...words } = config
  const [complaints, deleted]: string[][] = [[], []]
  const drives = new DriveSet()
  const graph = new GraphControl(drives)
  const exports = new BlockExports({
    drives,
    emit: (_, ...[data]) => void deleted!.push(data?.id ?? ''),
    complain: (text) => void complaints!.push(text),
  })
  await graph.add({ 'node-name': 'disk0', ...node })
  await exports.start({ address: () => ({ type: 'unix', path: socket }), maxConnections })
  await exports.add({ id: 'disk', name: 'disk', nodeName: 'disk0', ...words })
  return {
    exports,
    drives,
    complaints: complaints!,
    deleted: deleted!,
    [Symbol.asyncDispose]: async () => {
      await exports.close()
      await graph.close()
      await drives.close()
    },
  }
}
