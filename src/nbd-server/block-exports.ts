import { BlockError, type BlockNode, type DriveSet } from '../block/index.ts'
import { longestName } from '../nbd/index.ts'
import type { EmitOf } from '../qapi/index.ts'
import { type Listener, listenAt, type SocketAddress } from '../transport/index.ts'
import type { exportEvents } from './events.ts'
import { bitmapToExport, type WantedBitmap } from './exported-bitmaps.ts'
import type { Secure } from './nbd-connection.ts'
import { NbdExport } from './nbd-export.ts'
import { NbdServer } from './nbd-server.ts'

export interface ServerConfig {
  /** Where to listen: asked for when nothing else is in the way. */
  readonly address: () => SocketAddress
  /** Id of the object with the keys; without it, there is no TLS. */
  readonly tlsCreds?: string | undefined
  /** Id of the object that says who may come. */
  readonly tlsAuthz?: string | undefined
  /** 0 for any number. */
  readonly maxConnections?: number | undefined
}

export interface ExportConfig {
  readonly id: string
  readonly nodeName: string
  /** By which clients name it; that of the node by default. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly writable?: boolean | undefined
  readonly writethrough?: boolean | undefined
  readonly allocationDepth?: boolean | undefined
  readonly iothread?: string | undefined
  /** The thread is to be that one whoever else uses the node. */
  readonly fixedIothread?: boolean | undefined
  /** What clients may ask of them. */
  readonly bitmaps?: readonly WantedBitmap[] | undefined
}

/** An export by the name of a drive, as it was first. */
export interface DriveExportConfig {
  /** Drive, or node. */
  readonly device: string
  /** Name and id of the export; that of the drive by default. */
  readonly name?: string | undefined
  readonly description?: string | undefined
  readonly writable?: boolean | undefined
  readonly bitmap?: string | undefined
}

/** `safe` refuses while there are clients; `hard` sends them away. */
export type RemoveMode = 'safe' | 'hard'

export interface ExportInfo {
  readonly id: string
  readonly type: 'nbd'
  readonly 'node-name': string
  readonly 'shutting-down': boolean
}

export interface BlockExportsOptions {
  readonly drives: Pick<DriveSet, 'image' | 'find' | 'graph' | 'holding'>
  readonly emit: EmitOf<typeof exportEvents>
  /** Whether there is a thread of that name. One serves all exports, whichever is named. */
  readonly isThread?: (id: string) => boolean
  /** Makes what `tlsCreds` names. @throws {BlockError} if it is not there */
  readonly secure?: (creds: string, authz: string | undefined) => Secure
  /** Hears why clients were sent away. */
  readonly complain?: (text: string) => void
}

/** What QEMU takes by default. */
const defaultMaxConnections = 100

/** The exports of a machine, and the server that lets clients in to them. Errors are in QEMU's words. */
export class BlockExports implements AsyncDisposable {
  readonly #options: BlockExportsOptions
  /** By id, the oldest first; those that are closing are still there. */
  readonly #exports = new Map<string, NbdExport>()
  #server: NbdServer | undefined
  #starting: Promise<void> = Promise.resolve()

  constructor(options: BlockExportsOptions) {
    this.#options = options
  }

  /** By name, the oldest first: what clients can choose. */
  get exports(): Iterable<NbdExport> {
    return [...this.#exports.values()].filter(({ state }) => state === 'open')
  }

  /** The export that clients know by a name. */
  find(name: string): NbdExport | undefined {
    return [...this.exports].find((each) => each.name === name)
  }

  /** Begins to let clients in. @throws {BlockError} @throws {TransportError} */
  start(config: ServerConfig): Promise<Listener> {
    const started = this.#starting.then(() => this.#start(config))
    this.#starting = started.then(
      () => undefined,
      () => undefined,
    )
    return started
  }

  async #start({
    address,
    tlsCreds,
    tlsAuthz,
    maxConnections = defaultMaxConnections,
  }: ServerConfig): Promise<Listener> {
    if (this.#server !== undefined) throw new BlockError('busy', 'NBD server already running')
    let secure: Secure | undefined
    const server = new NbdServer({
      directory: this,
      maxConnections,
      secure: tlsCreds === undefined ? undefined : (stream) => secure!(stream),
      ...(this.#options.complain && { complain: this.#options.complain }),
    })
    const listener = await server.listen((options) => listenAt(address(), options))
    try {
      if (tlsCreds !== undefined) secure = this.#secure(tlsCreds, tlsAuthz)
    } catch (error) {
      await server.close()
      throw error
    }
    this.#server = server
    return listener
  }

  /** Ends all exports, then sends everybody away. @throws {BlockError} if it is not running */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) throw notRunning()
    await this.#closeAll()
    this.#server = undefined
    await server.close()
  }

  /** @throws {BlockError} */
  async add(config: ExportConfig): Promise<void> {
    const { id, nodeName, writable = false, iothread, fixedIothread = false } = config
    this.#checkId(id)
    const node = this.#options.drives.image({ nodeName })
    if (node.readOnly && writable) throw new BlockError('read-only', 'Cannot export read-only node as writable')
    if (iothread !== undefined) this.#checkThread(iothread, node, fixedIothread)
    await this.#export(node, config)
  }

  /**
   * Exports a drive, or a node, by its own name. Of what can only be read, only reading is offered. The export ends when
   * the medium leaves the drive.
   *
   * @throws {BlockError}
   */
  async addDrive({ device, name = device, description, writable = false, bitmap }: DriveExportConfig): Promise<void> {
    const node = this.#options.drives.image({ device, nodeName: device })
    this.#checkId(name)
    const made = await this.#export(node, {
      id: name,
      name,
      description,
      nodeName: node.name,
      writable: writable && !node.readOnly,
      bitmaps: bitmap === undefined ? undefined : [bitmap],
    })
    this.#options.drives.find(device)?.onceEmpty(async () => {
      made.close()
      await made.closed
    })
  }

  /** Ends an export. The event comes when nothing is served any more. @throws {BlockError} */
  async remove(id: string, mode: RemoveMode = 'safe'): Promise<void> {
    const found = this.#exports.get(id)
    if (found === undefined) throw new BlockError('missing', `Export '${id}' is not found`)
    if (found.state !== 'open') throw new BlockError('busy', `Export '${id}' is already shutting down`)
    if (mode === 'safe' && found.used) {
      const hint = "Use mode='hard' to force client disconnect"
      throw new BlockError('busy', `export '${id}' still in use`, { hint })
    }
    found.close()
    await found.closed
  }

  /** The newest first. */
  list(): ExportInfo[] {
    return [...this.#exports.values()].reverse().map(({ id, node, state }) => ({
      id,
      type: 'nbd' as const,
      'node-name': node.name,
      'shutting-down': state !== 'open',
    }))
  }

  /** Ends all exports, and the server if there is one. */
  async close(): Promise<void> {
    await this.#starting
    await this.#closeAll()
    const server = this.#server
    this.#server = undefined
    await server?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #secure(creds: string, authz: string | undefined): Secure {
    const { secure } = this.#options
    if (secure === undefined) throw new BlockError('missing', `No TLS credentials with id '${creds}'`)
    return secure(creds, authz)
  }

  #checkThread(id: string, node: BlockNode, fixed: boolean): void {
    const { drives, isThread = () => false } = this.#options
    if (!isThread(id)) throw new BlockError('missing', `iothread "${id}" not found`)
    if (!fixed || !drives.holding(node).some(({ device }) => device !== undefined)) return
    throw new BlockError('busy', 'Cannot change iothread of active block backend', { node: node.name })
  }

  #checkId(id: string): void {
    if (!/^[A-Za-z][-A-Za-z0-9._]*$/.test(id)) throw new BlockError('invalid', 'Invalid block export id')
    if (this.#exports.has(id)) throw new BlockError('duplicate', `Block export id '${id}' is already in use`)
  }

  async #export(node: BlockNode, config: ExportConfig): Promise<NbdExport> {
    const { id, name = node.name, description, writable = false, writethrough = false } = config
    const uses = writable ? (['read', 'write'] as const) : (['read'] as const)
    const user = { description: 'an unnamed block device' }
    // While a machine comes in, its disks can be filled here.
    await node.links.claimAhead()
    const hold = await node.attach({ ...user, access: { uses, shares: ['read', 'write', 'resize'] } })
    try {
      const server = this.#server
      if (server === undefined) throw notRunning()
      if (Buffer.byteLength(name) > longestName) throw new BlockError('invalid', `export name '${name}' too long`)
      if (Buffer.byteLength(description ?? '') > longestName) {
        throw new BlockError('invalid', `description '${description}' too long`)
      }
      if (this.find(name) !== undefined) {
        throw new BlockError('duplicate', `NBD server already has export named '${name}'`)
      }
      // Clients have been told how large it is.
      await hold.update({ uses, shares: ['read', 'write'] })
      const places = this.#options.drives
      const bitmaps = (config.bitmaps ?? []).map((wanted) => bitmapToExport(node, wanted, { writable, places }))
      this.#checkId(id)
      const made = new NbdExport(hold, {
        id,
        name,
        description,
        writable,
        writethrough,
        allocationDepth: config.allocationDepth ?? false,
        multiConn: server.maxConnections !== 1,
        bitmaps,
        ended: () => {
          this.#exports.delete(id)
          this.#options.emit('BLOCK_EXPORT_DELETED', { id })
        },
      })
      this.#exports.set(id, made)
      return made
    } catch (error) {
      await hold.detach()
      throw error
    }
  }

  async #closeAll(): Promise<void> {
    const all = [...this.#exports.values()]
    for (const each of all) each.close()
    await Promise.all(all.map(({ closed }) => closed))
  }
}

function notRunning(): BlockError {
  return new BlockError('invalid', 'NBD server not running')
}
