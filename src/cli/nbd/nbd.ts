import { BlockError, type NodeGraph, throwawayOverlay } from '../../block/index.ts'
import { systemCode } from '../../errno/index.ts'
import { bitmapOfImage, NbdExport, NbdServer } from '../../nbd-server/index.ts'
import { listenAt, TransportError } from '../../transport/index.ts'
import { CommandLineError } from '../command-line-error.ts'
import { isDaemon, releaseTerminal, startDaemon } from '../daemon.ts'
import { graphFor, holdNode, type OpenImage, objectsFor, openImage } from '../img/open.ts'
import { showSnapshot } from '../img/snapshot-name.ts'
import { say, warn } from '../outputs.ts'
import { writePidFile } from '../pid-file.ts'
import { HelpWanted, ProgramError, UsageError } from '../program-error.ts'
import { takeInheritedSockets } from './inherited-sockets.ts'
import { checkedWindow, type NbdOptions, readNbdTask } from './nbd-options.ts'
import { securingOf } from './securing.ts'

/** Runs `vmon nbd`, which is `qemu-nbd` over our block layer: lets clients use an image. @returns the exit status */
export async function runNbd(argv: readonly string[]): Promise<number> {
  try {
    if (argv.some((word) => word === '-V' || word === '--version')) {
      say((await import('../img/help.ts')).versionText())
      return 0
    }
    const task = readNbdTask(argv, takeInheritedSockets(process.env, process.pid))
    if (task.task === 'list') {
      say(await (await import('./list.ts')).listText(task))
      return 0
    }
    return task.fork && !isDaemon ? await startDaemon() : await serve(task)
  } catch (error) {
    if (error instanceof HelpWanted) {
      say((await import('./help.ts')).nbdHelp)
      return 0
    }
    complain(textOf(error))
    return 1
  }
}

async function serve(options: NbdOptions): Promise<number> {
  const objects = await objectsFor(options.args)
  const { tls } = options
  const secure = tls && securingOf(() => objects.securingServer(tls.creds, tls.authz))
  await using graph = await graphFor(options.args, { out: say, complain, warn: complain }, objects)
  await using image = await open(graph, options)
  await showChosen(image, options)
  const shown = new NbdExport(image.user, {
    id: 'export',
    name: options.name,
    description: options.description,
    writable: !options.readOnly,
    writethrough: options.cache === 'writethrough' || options.cache === 'directsync',
    allocationDepth: options.allocationDepth,
    multiConn: options.shared !== 1,
    bitmaps: options.bitmaps.map((name) => bitmapOfImage(image.node, name, !options.readOnly)),
    window: checkedWindow(image.node.length, options.offset),
  })
  let end: () => void = () => undefined
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const server = new NbdServer({
    directory: { exports: [shown], find: (name) => (name === options.name ? shown : undefined) },
    maxConnections: options.shared,
    secure,
    complain,
    left: (clients) => {
      if (clients === 0 && !options.persistent) end()
    },
  })
  await server.listen((accept) => listenAt(options.address, accept))
  const removePidFile = options.pidFile === undefined ? () => undefined : writePidFile(options.pidFile)
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, end)
  if (isDaemon) releaseTerminal()
  try {
    await over
  } finally {
    for (const signal of signals) process.off(signal, end)
    await server.close()
    shown.close()
    await shown.closed
    removePidFile()
  }
  return 0
}

/** Nobody may change its size meanwhile: clients have been told it. */
async function open(graph: NodeGraph, options: NbdOptions): Promise<OpenImage> {
  const { filename, format, imageOptions, readOnly, throwaway, cache, nodeOptions } = options
  const mode = { format, imageOptions, writable: !readOnly && !throwaway, cache, options: nodeOptions }
  try {
    const image = await openImage(graph, filename, mode)
    return throwaway ? await withOverlay(graph, image, readOnly) : image
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error
    throw new ProgramError(error.message.replace(/^Could not open/, 'Failed to blk_new_open'))
  }
}

/** An image over another one, which takes what is written and goes with us. */
async function withOverlay(graph: NodeGraph, base: OpenImage, readOnly: boolean): Promise<OpenImage> {
  const overlay = await throwawayOverlay(graph, base.node, readOnly)
  const image = await holdNode(overlay.node, { writable: !readOnly, cache: 'unsafe' })
  await base[Symbol.asyncDispose]()
  return {
    ...image,
    [Symbol.asyncDispose]: async () => {
      await image[Symbol.asyncDispose]()
      await overlay.remove()
    },
  }
}

async function showChosen({ node }: OpenImage, { snapshot }: NbdOptions): Promise<void> {
  if (snapshot !== undefined) await showSnapshot(node, snapshot)
}

function complain(text: string): void {
  warn(`vmon nbd: ${text}\n`)
}

/** What a user is told. @throws the error, if it is a bug */
function textOf(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\nTry \`vmon nbd --help' for more information.`
  const told = [ProgramError, BlockError, TransportError, CommandLineError].some((kind) => error instanceof kind)
  if (told || systemCode(error) !== undefined) return (error as Error).message
  throw error
}
