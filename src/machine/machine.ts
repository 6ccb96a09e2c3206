import { Scope, untilAborted } from '../async/index.ts'
import type { DriveSet, JobSet } from '../block/index.ts'
import { type Board, BoardError } from '../board/index.ts'
import type { Line } from '../chardev/index.ts'
import type { ScreenDump } from '../display/index.ts'
import { silent } from '../log/index.ts'
import type { EventHub } from '../monitor/index.ts'
import type { Cause, Ending, RunControl } from '../runstate/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { AbruptEnd } from './abrupt-end.ts'
import { type AssembledMachine, assemble } from './assemble.ts'
import type { ConsoleLinks } from './assemblies/console-page.ts'
import type { MachineConfig } from './config.ts'
import type { ForkOptions } from './fork/fork-options.ts'
import type { BeginMachine, Fork, Forks } from './fork/forks.ts'
import { restoreFromFile, saveToFile } from './saved-machine.ts'
import type { MachineSurroundings } from './surroundings.ts'

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
  readonly #jobs: JobSet
  /** Settles when the machine has ended and everything is closed; rejects if the board could not be built. */
  readonly ended: Promise<Ending>
  readonly #scope: Scope
  readonly #connect: () => Duplex
  readonly #abruptEnd: AbruptEnd
  readonly #screenDump: ScreenDump
  readonly #forks: Forks
  /** COM1 to COM4, as far as they are there, for who listens and speaks beside what they are connected to. */
  readonly serialPorts: readonly (Line | undefined)[]
  /** Links to the console page, if it is served. */
  readonly consolePage: ConsoleLinks | undefined

  private constructor(parts: AssembledMachine) {
    const { config, scope, runControl, board, events, drives, connect, abruptEnd, screenDump } = parts
    this.config = config
    this.runControl = runControl
    this.board = board
    this.events = events
    this.#drives = drives
    this.#jobs = parts.jobs
    this.#scope = scope
    this.#connect = connect
    this.#abruptEnd = abruptEnd
    this.#screenDump = screenDump
    this.#forks = parts.forks
    this.serialPorts = parts.serialPorts
    this.consolePage = parts.consolePage
    this.ended = this.#end()
  }

  /**
   * Builds a machine and starts it, unless it is to wait for `cont`. The board may go on building itself behind that:
   * commands that need it wait.
   *
   * @throws {ConfigError} if an image or a character device cannot be had; its `cause` tells why. Nothing is left open then
   * @throws {BoardError} if firmware, kernel or the board cannot be had, or the saved state is not of such a board
   */
  static start(config: MachineConfig, surroundings: MachineSurroundings = {}): Promise<Machine> {
    const { savedState } = surroundings
    const restore = savedState === undefined ? undefined : (board: Board) => restoreFromFile(board, savedState)
    return Machine.#start(config, surroundings, { restore })
  }

  /**
   * @param restore - brings the board to where it begins, if that is not power-on
   * @param release - what is to be let go of when the machine has ended
   */
  static async #start(
    config: MachineConfig,
    surroundings: MachineSurroundings,
    {
      restore,
      release,
    }: { readonly restore: ((board: Board) => Promise<void>) | undefined; readonly release?: () => Promise<void> },
  ): Promise<Machine> {
    const { log = silent, signal, warn, print } = surroundings
    const scope = new Scope()
    if (release !== undefined) scope.own(release)
    const begin: BeginMachine = (other, { signal: givenUp, ...how }) =>
      Machine.#start(other, { log, ...(warn && { warn }), ...(print && { print }), signal: givenUp }, how)
    try {
      const parts = await assemble({ ...surroundings, config, scope, log, begin })
      const { runControl } = parts
      if (restore !== undefined) await untilAborted(restored(parts, restore), signal)
      const machine = new Machine(parts)
      if (!config.startPaused && config.incoming === undefined) void runControl.launch().catch(() => undefined) // `ended` tells why the board cannot start
      parts.guestRouser.begun(runControl)
      return machine
    } catch (error) {
      await scope.close(error).catch(() => undefined) // what went wrong first counts
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
    await this.runControl.standingStill(async () => {
      if (this.#drives.waitForGuest)
        throw new BoardError('unavailable', 'a request to a drive has failed, and is to be tried again first')
      await saveToFile(this.board, path)
    })
  }

  /**
   * Starts a second machine, which goes on from where this one stands; this one goes on, too. The guest stands still for
   * it; what is asked for at once is made of one moment. The two have nothing together but images that nobody writes.
   *
   * @throws {QmpError} if the machine cannot be forked as it is, or a folder for its images is missing
   * @throws {BlockError | BoardError | ConfigError} if the fork cannot have what it needs
   */
  fork(options: ForkOptions = {}): Promise<Fork> {
    return this.#forks.fork(options)
  }

  /**
   * Takes a picture of what the guest shows.
   *
   * @returns the bytes of a PNG file
   * @throws {QmpError} if the machine has no screen
   */
  screenshot(): Promise<Uint8Array> {
    return this.#screenDump.picture({ format: 'png' })
  }

  /**
   * Ends the machine as a crash would, for clients: their connections break, and nothing is said of it. Images are closed
   * all the same.
   */
  async kill(): Promise<void> {
    this.#abruptEnd.kill()
    await this.ended.catch(() => undefined)
  }

  /**
   * Brings what has been written to images to their storage, also while the machine ends: for a process that cannot wait for
   * that. @returns what has failed
   */
  saveImages(): Promise<readonly Error[]> {
    return this.#drives.graph.save()
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
      const ending = await Promise.race([this.runControl.ending, failed])
      await this.#jobs.end(this.runControl) // while clients can hear of it
      return ending
    } finally {
      await this.#scope.close()
    }
  }
}

/** Brings the board to where it begins; who wants it to run meanwhile (a monitor's client is there already) waits. */
function restored(
  { runControl, board }: Pick<AssembledMachine, 'runControl' | 'board'>,
  restore: (board: Board) => Promise<void>,
): Promise<void> {
  return runControl.restoring(async (reset) => {
    if (runControl.state !== 'prelaunch') await reset() // it has run
    await restore(board)
  })
}
