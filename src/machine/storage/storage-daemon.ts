import { Scope } from '../../async/index.ts'
import {
  BitmapControl,
  DriveSet,
  DriveTuning,
  GraphControl,
  JobControl,
  JobSet,
  type OptionValues,
  ThrottleGroups,
} from '../../block/index.ts'
import { ChardevError, type ChardevOptions, ChardevSet } from '../../chardev/index.ts'
import { type StorageParts, storageCommands, storageEvents } from '../../commands/index.ts'
import { FdSets } from '../../descriptors/index.ts'
import { type Logger, silent } from '../../log/index.ts'
import { Dispatcher, EventHub, QmpMonitor } from '../../monitor/index.ts'
import { BlockExports, type ExportConfig, type ServerConfig } from '../../nbd-server/index.ts'
import { type ObjectOptions, objectKindTypes, UserObjects } from '../../objects/index.ts'
import { qemuVersion, schemaOf } from '../../qapi/index.ts'
import { baseTypes, ObjectTree, TypeTable } from '../../qom/index.ts'
import { chardevObjects } from '../tree/chardev-objects.ts'

export interface StorageSurroundings {
  readonly log?: Logger
  /** Hears what a user should know. */
  readonly warn?: (text: string) => void
  /** Prints a line for the user where QEMU does: of images that are made. */
  readonly print?: (text: string) => void
}

/** Images without a machine: nodes, jobs and exports, and QMP to manage them. Errors are in QEMU's words. */
export class StorageDaemon implements AsyncDisposable {
  readonly #scope = new Scope()
  readonly #over = new AbortController()
  /** Fires later: clients hear what becomes of exports and jobs. */
  readonly #quiet = new AbortController()
  readonly #log: Logger
  readonly #events = new EventHub(storageEvents)
  readonly #chardevs: ChardevSet
  readonly #dispatcher: Dispatcher
  readonly #parts: StorageParts
  /** Settles when a client, or the program, wants it to end. */
  readonly ending: Promise<void>
  #closed: Promise<void> | undefined
  /** Monitors that begin when everything has started, by their character devices. */
  readonly #waiting = new Map<string, QmpMonitor>()

  constructor({ log = silent, warn, print }: StorageSurroundings = {}) {
    this.#log = log
    this.ending = new Promise((resolve) => {
      this.#over.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const scope = this.#scope
    scope.own(this.#events)
    const tree = new ObjectTree(new TypeTable([...baseTypes, ...objectKindTypes]))
    tree.container('chardevs')
    const throttleGroups = new ThrottleGroups()
    const userObjects = scope.own(
      new UserObjects({ tree, throttleGroups: () => throttleGroups, networks: () => undefined }),
    )
    const { services } = userObjects
    const emit = (name: string, ...[data]: readonly unknown[]): void =>
      this.#events.emit(name, data as Readonly<Record<string, unknown>>)
    const fdSets = new FdSets({ running: () => false })
    scope.own(() => fdSets[Symbol.dispose]())
    const drives = scope.own(
      new DriveSet({
        emit,
        secret: (id) => services.password(id),
        securing: (id, hostname) => services.securingClient(id, hostname),
        throttleGroups,
        ...(warn !== undefined && { warn }),
        ...(print !== undefined && { print }),
      }),
    )
    const jobs = scope.own(new JobSet({ emit, exclusively: (work) => drives.exclusively(work) }))
    const graph = scope.own(new GraphControl(drives, { jobs }))
    const secure = services.securingServer.bind(services)
    const isThread = (id: string): boolean => userObjects.typeOf(id) === 'iothread'
    const exports = scope.own(
      new BlockExports({ drives, isThread, secure, emit, ...(warn !== undefined && { complain: warn }) }),
    )
    const actions = { exit: () => this.end(), save: () => undefined, securing: services }
    this.#chardevs = scope.own(new ChardevSet(actions, fdSets, chardevObjects(tree)))
    this.#parts = {
      daemon: { quit: () => this.#endWork() },
      drives,
      tuning: new DriveTuning(drives),
      bitmaps: new BitmapControl(drives),
      graph,
      exports,
      jobs,
      jobControl: new JobControl(drives, jobs),
      chardevs: this.#chardevs,
      objectTree: tree,
      userObjects,
      catalog,
    }
    this.#dispatcher = new Dispatcher({ commands: storageCommands, parts: this.#parts, log })
  }

  /** @throws {BlockError} */
  addNode(options: OptionValues): Promise<void> {
    return this.#parts.graph.add(options)
  }

  /** @throws {ChardevError} @throws {TransportError} */
  async addChardev(options: ChardevOptions): Promise<void> {
    await this.#chardevs.open(options)
  }

  /** @throws {OptionError | QmpError | BlockError} */
  addObject(words: ObjectOptions): Promise<void> {
    return this.#parts.userObjects.add(words)
  }

  /** @throws {ChardevError} if there is no device of that label, or somebody uses it */
  checkChardev(label: string): void {
    this.#chardevs.checkUsable(label)
  }

  /** Speaks QMP on a character device, from `start()` on. @throws {ChardevError} as `checkChardev()` */
  addMonitor(label: string, pretty: boolean): void {
    this.checkChardev(label)
    if (this.#waiting.has(label)) throw new ChardevError('in-use', `Device '${label}' is in use`)
    const monitor = this.#scope.own(
      new QmpMonitor({
        dispatcher: this.#dispatcher,
        events: this.#events,
        version: qemuVersion,
        pretty,
        signal: this.#quiet.signal,
        log: this.#log,
      }),
    )
    this.#waiting.set(label, monitor)
  }

  /** Everything is there that was asked for: clients are listened to. */
  start(): void {
    for (const [label, monitor] of this.#waiting) {
      this.#chardevs.find(label).attach({ concurrent: true, connection: monitor.connection.bind(monitor) })
    }
  }

  /** @throws {BlockError} @throws {TransportError} */
  async startServer(config: ServerConfig): Promise<void> {
    await this.#parts.exports.start(config)
  }

  /** @throws {BlockError} */
  addExport(config: ExportConfig): Promise<void> {
    return this.#parts.exports.add(config)
  }

  /** Wants it to end. */
  end(): void {
    this.#over.abort()
  }

  /**
   * Brings what has been written to images to their storage, also while it closes: for a process that cannot wait for that.
   *
   * @returns what has failed
   */
  saveImages(): Promise<readonly Error[]> {
    return this.#parts.drives.graph.save()
  }

  /** Ends exports and jobs, of which clients hear, then monitors, and closes all images. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#endWork()
    this.#quiet.abort()
    await this.#scope.close()
  }

  async #endWork(): Promise<void> {
    this.end()
    await this.#parts.exports.close()
    await this.#parts.jobs.close()
  }
}

/** Made when it is first asked for. */
const catalog: StorageParts['catalog'] = {
  commands: Object.keys(storageCommands),
  events: Object.keys(storageEvents),
  get schema() {
    schema ??= schemaOf(storageCommands, storageEvents)
    return schema
  },
}
let schema: ReturnType<typeof schemaOf> | undefined
