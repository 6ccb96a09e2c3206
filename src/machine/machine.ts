import { Scope, untilAborted } from '../async/index.ts'
import { connectPcDrives, DriveSet, GraphControl, limitsOfGroup, type PcDevices, readSecrets } from '../block/index.ts'
import { type Board, BoardError, type BoardHost, createBoard } from '../board/index.ts'
import { ChardevSet, Line } from '../chardev/index.ts'
import { commands, events as eventTable, qemuVersion } from '../commands/index.ts'
import { InputHandlers, PcInput } from '../input/index.ts'
import { type Logger, silent } from '../log/index.ts'
import { Dispatcher, EventHub, QmpMonitor } from '../monitor/index.ts'
import { type Cause, type Ending, RunControl } from '../runstate/index.ts'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { boardConfigOf, readBoardFiles } from './board-config.ts'
import type { Asked, MachineConfig } from './config.ts'
import { startupError } from './config-error.ts'
import { driveAt, plugDrives, withDrives } from './guest-drives.ts'
import { partsOf } from './parts.ts'
import { restoreFromFile, saveToFile } from './saved-machine.ts'

export interface MachineSurroundings {
  readonly log?: Logger
  /** Hears what a user should know, a text of one or more lines. */
  readonly warn?: (text: string) => void
  /**
   * Told that the start waits for somebody to connect (`wait=on`): to which device, as query-chardev shows it, and for
   * which option.
   */
  readonly waiting?: (filename: string, origin: string | undefined) => void
  /** Told what a character device became that the user has to be told of: a pseudo-terminal. */
  readonly redirected?: (filename: string, label: string) => void
  /**
   * A file that `save` wrote for a machine like this one: the machine continues where that one stood. The media are not
   * in it; give it those that the saved machine had.
   */
  readonly savedState?: string
  /** Gives up the start. */
  readonly signal?: AbortSignal
}

/**
 * A machine: its parts, joined. What it does, its parts do.
 *
 * It ends by `quit`, a signal, the guest's power-off or `close()`. In every case monitors answer what they are serving,
 * then everything is closed in the reverse order of its start.
 */
export class Machine implements AsyncDisposable {
  readonly config: MachineConfig
  readonly runControl: RunControl
  readonly board: Board
  readonly events: EventHub
  readonly #drives: DriveSet
  /** Settles when the machine has ended and everything is closed; rejects if the board could not be built. */
  readonly ended: Promise<Ending>
  readonly #scope: Scope
  readonly #connect: () => Duplex

  private constructor(
    config: MachineConfig,
    runControl: RunControl,
    board: Board,
    events: EventHub,
    drives: DriveSet,
    scope: Scope,
    connect: () => Duplex,
  ) {
    this.config = config
    this.runControl = runControl
    this.board = board
    this.events = events
    this.#drives = drives
    this.#scope = scope
    this.#connect = connect
    this.ended = this.#end()
  }

  /**
   * Builds a machine and starts it, unless it is to wait for `cont`. The board may go on building itself behind that:
   * commands that need it wait.
   *
   * @throws {ConfigError} if an image or a character device cannot be had; its `cause` tells why. Nothing is left open then
   * @throws {BoardError} if firmware, kernel or the board cannot be had, or the saved state is not of such a board
   */
  static async start(
    config: MachineConfig,
    { log = silent, warn, waiting, redirected, savedState, signal }: MachineSurroundings = {},
  ): Promise<Machine> {
    const scope = new Scope()
    try {
      // Read while images and sockets are opened. Whose complaint is the first stays the same: it is heard last.
      const boardFiles = readBoardFiles(config, log)
      boardFiles.catch(() => undefined)

      const secret = await asked(nobody, async () => readSecrets(config.secrets))
      const events = scope.own(new EventHub(eventTable))
      const host: BoardSurroundings = { current: undefined, serial: [], input: undefined, events }
      const drives = scope.own(
        new DriveSet({
          emit: (name, ...[data]) => events.emit(name, data),
          secret,
          stopGuest: () => serve(host, log, (runControl) => runControl.driveFailed()),
          ...(warn !== undefined && { warn }),
        }),
      )
      for (const group of config.throttleGroups) {
        await asked(nobody, async () => drives.throttleGroups.addObject(group.id, limitsOfGroup(group)))
      }
      const graph = scope.own(new GraphControl(drives))
      for (const blockdev of config.blockdevs) await asked(blockdev, graph.add(blockdev.options))
      for (const drive of config.drives) await asked(drive, drives.add(drive))
      drives.addDefaults(config.defaultDrives)
      if (config.machine === 'pc') await connectPcDrives(drives, pcDevicesOf(config))
      for (const device of config.driveDevices) await asked(device, drives.addDevice(device))

      const chardevs = scope.own(new ChardevSet())
      for (const options of config.chardevs) {
        const { filename, label } = await asked(options, chardevs.open(options, signal))
        if (options.backend.type === 'pty') redirected?.(filename, label)
      }

      const board = scope.own(
        await createBoard(
          config.accel,
          boardConfigOf(config, await boardFiles, drives, log),
          boardHost(host, drives, log),
        ),
      )
      plugDrives(drives, board)
      const runControl = new RunControl({
        board: withDrives(board, drives),
        emit: (name, ...[data]) => events.emit(name, data),
        actions: config.actions,
        ...(warn !== undefined && { warn }),
      })
      host.current = runControl
      runControl.onRunning((running) => {
        if (running) drives.retryFailed()
      })

      const inputHandlers = new InputHandlers()
      if (config.machine === 'pc') host.input = pcInput(inputHandlers, board, log)

      config.serial.forEach((label, port) => {
        if (label === undefined) return
        const line = new Line((bytes) => board.serial[port]!.write(bytes))
        host.serial[port] = line
        chardevs.find(label).attach(line)
      })

      const dispatcher = new Dispatcher({
        commands,
        parts: partsOf({ config, scope, board, drives, graph, chardevs, runControl, inputHandlers, log }),
        log,
      })
      const monitor = (pretty: boolean): QmpMonitor =>
        scope.own(new QmpMonitor({ dispatcher, events, version: qemuVersion, pretty, signal: runControl.signal, log }))
      for (const { chardev, pretty } of config.monitors) {
        const { connection } = bound(monitor(pretty))
        chardevs.find(chardev).attach({ concurrent: true, connection })
      }
      const inProcess = bound(monitor(false))

      for (const { label, origin } of config.chardevs) {
        const { awaited, filename } = chardevs.find(label)
        if (awaited === undefined) continue
        waiting?.(filename, origin)
        await untilAborted(awaited, signal)
      }
      const connect = (): Duplex => {
        const [ours, theirs] = memoryPair()
        inProcess.connection(ours)
        return theirs
      }
      if (savedState !== undefined) await restoreFromFile(board, savedState)
      const machine = new Machine(config, runControl, board, events, drives, scope, connect)
      if (!config.startPaused) void runControl.launch().catch(() => undefined) // `ended` tells why the board cannot start
      return machine
    } catch (error) {
      await scope.close(error)
      throw error
    }
  }

  /** A connection of its own to the machine's QMP, inside this process. */
  connect(): Duplex {
    return this.#connect()
  }

  /**
   * Saves the state of the machine to a file, for `savedState`: CPU, devices and RAM, not the media. The guest stands
   * still meanwhile.
   *
   * @throws {BoardError} if the board has failed, or if a request to a drive has and waits for the guest to go on
   * @throws {Error} with the system's `code`, if the file cannot be written; nothing is left of it then
   */
  async save(path: string): Promise<void> {
    const { running } = this.runControl
    if (running) await this.runControl.stop()
    try {
      if (this.#drives.waitForGuest)
        throw new BoardError('unavailable', 'a request to a drive has failed, and is to be tried again first')
      await saveToFile(this.board, path)
    } finally {
      if (running) await this.runControl.cont()
    }
  }

  /** Ends the machine; `ended` settles as well. Later callers join the first. */
  async close(reason: Extract<Cause, 'host-qmp-quit' | 'host-signal' | 'host-error'> = 'host-qmp-quit'): Promise<void> {
    this.runControl.quit(reason)
    await this.ended.catch(() => undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #end(): Promise<Ending> {
    const failed = this.board.ready.then(() => new Promise<never>(() => undefined))
    try {
      return await Promise.race([this.runControl.ending, failed])
    } finally {
      await this.#scope.close()
    }
  }
}

/** For what QEMU complains of without naming an option. */
const nobody: Asked = { origin: undefined }

/** Waits for what was asked for; a failure says by whom. */
async function asked<T>(by: Asked, work: Promise<T> | (() => Promise<T>)): Promise<T> {
  try {
    return await (typeof work === 'function' ? work() : work)
  } catch (error) {
    throw startupError(by, error)
  }
}

const bound = (monitor: QmpMonitor) => ({ connection: (duplex: Duplex) => monitor.connection(duplex) })

/** With its default devices, QEMU's PC also has a parallel port and a network card: they count in its devices' paths. */
function pcDevicesOf({ vga, serial, defaultDrives }: MachineConfig): PcDevices {
  const byDefault = defaultDrives.length > 0 ? 1 : 0
  const serialPorts = serial.filter((label) => label !== undefined).length
  return { vga, serialPorts, parallelPorts: byDefault, networkCards: byDefault }
}

function pcInput(handlers: InputHandlers, { keyboard, pointers }: Board, log: Logger): PcInput {
  return new PcInput({
    handlers,
    keyboard: (scanCodes) => keyboard.send(scanCodes),
    ps2Mouse: (events) => pointers.ps2(events),
    vmmouse: (events) => pointers.vmmouse(events),
    failed: (error) => log.log('machine', 'the board takes no input', { error }),
  })
}

/** What the board's notices go to; made after the board. */
interface BoardSurroundings {
  current: RunControl | undefined
  readonly serial: Line[]
  input: PcInput | undefined
  readonly events: EventHub
}

/** Where QEMU has the clock in its tree of objects. */
const rtcPath = '/machine/unattached/device[10]'

/** Asks run control for something that has come up below it. */
function serve({ current }: BoardSurroundings, log: Logger, work: (runControl: RunControl) => Promise<void>): void {
  if (current === undefined) return
  work(current).catch((error) => log.log('machine', 'the board could not follow', { error }))
}

/** Passes what the board tells on. */
function boardHost(parts: BoardSurroundings, drives: DriveSet, log: Logger): BoardHost {
  const request = (work: (runControl: RunControl) => Promise<void>): void => serve(parts, log, work)
  return {
    guestReset: () => request((runControl) => runControl.guestReset()),
    guestShutdown: () => request((runControl) => runControl.guestShutdown()),
    guestPanicked: () => request((runControl) => runControl.guestPanicked()),
    guestCrashloaded: () => request((runControl) => runControl.guestCrashloaded()),
    watchdogExpired: () => request((runControl) => runControl.watchdogExpired()),
    clockSet: (offset) => parts.events.emit('RTC_CHANGE', { offset, 'qom-path': rtcPath }),
    guestSuspend: (kind) => request((runControl) => runControl.guestSuspend(kind)),
    crashed: (error) => {
      log.log('machine', 'the board has failed', { error })
      request((runControl) => runControl.boardFailed())
    },
    wakeRequested: () =>
      request(async (runControl) => {
        if (runControl.state === 'suspended') await runControl.wakeup()
      }),
    vmmouse: (mode) => parts.input?.setVmmouse(mode),
    guestTray: async (slot, move) => (await driveAt(drives, slot)?.guestTray(move)) ?? false,
    serialOutput: (port, bytes) => parts.serial[port]?.output(bytes),
    firmwareLog: (line) => log.log('firmware', line),
  }
}
