import { untilAborted } from '../../async/index.ts'
import type { Drive, DriveConfig, DriveSet, GraphControl } from '../../block/index.ts'
import { type Board, type BoardCopy, copyBoard, forgetCopy, pasteBoard } from '../../board/index.ts'
import type { ExtraDevices } from '../../devices/index.ts'
import { QmpError } from '../../qapi/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import { nextTurn } from '../../timers/index.ts'
import { checkMembers } from '../checked-members.ts'
import type { MachineConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'
import type { Machine } from '../machine.ts'
import { cannotFork, type ForkedImage, type ForkOptions, forkKinds } from './fork-options.ts'
import { forkedConfig, type PlacedImages } from './forked-config.ts'
import { ForkedImages, type ImagesOfFork } from './forked-images.ts'

/** Starts a machine that goes on from where `restore` brings its board, unless `signal` fires before; `release` when it has ended. */
export type BeginMachine = (
  config: MachineConfig,
  how: {
    readonly restore: (board: Board) => Promise<void>
    readonly signal: AbortSignal
    readonly release: () => Promise<void>
  },
) => Promise<Machine>

export interface ForkParts {
  readonly config: MachineConfig
  readonly board: Board
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly runControl: RunControl
  readonly extraDevices: Pick<ExtraDevices, 'sinceStart'>
  readonly openedDrives: ReadonlyMap<DriveConfig, Drive>
  readonly begin: BeginMachine
}

/** A second machine, and what the two write from now on. */
export interface Fork {
  readonly machine: Machine
  readonly images: readonly ForkedImage[]
}

interface Asked {
  readonly options: ForkOptions
  /** Whether it ends with this machine. */
  readonly kept: boolean
  /** What was answered first counts. */
  readonly answer: (fork: Fork) => void
  readonly refuse: (error: unknown) => void
}

/**
 * Makes machines that go on from where this one stands, which goes on, too. Those that are asked for at once are made of
 * one moment: the guest stands still for it a single time. When this machine ends, what is under way is given up.
 */
export class Forks {
  readonly #parts: ForkParts
  readonly #kept = new Set<Machine>()
  readonly #over = new AbortController()
  /** Of each moment that has some that nobody keeps. */
  readonly #images: ForkedImages[] = []
  #asked: Asked[] = []
  /** How many have been made. */
  #made = 0
  #working: Promise<void> | undefined

  constructor(parts: ForkParts) {
    this.#parts = parts
    const { signal } = parts.runControl
    signal.addEventListener('abort', () => this.#over.abort(hasEnded()), { once: true })
  }

  /**
   * If it fails, this machine and the folders for images are as they were before.
   *
   * @throws {QmpError} GenericError, if the machine cannot be forked as it is now, ends meanwhile, there is no such network
   *   card, or a folder for its images is missing or cannot be made
   * @throws {ConfigError} if an option is unknown or wrong, or an image or the socket cannot be had
   * @throws {BlockError} if an overlay cannot be made
   * @throws {BoardError} if the fork's board cannot be had
   */
  fork(options: ForkOptions = {}): Promise<Fork> {
    return this.#ask(options, false)
  }

  /** As `fork()`; it ends with this machine at the latest. @throws {QmpError} where options are wrong, too */
  async forkAndKeep(options: ForkOptions): Promise<Fork> {
    try {
      return await this.#ask(options, true)
    } catch (error) {
      throw error instanceof ConfigError ? new QmpError('GenericError', error.message, { cause: error }) : error
    }
  }

  /** Gives up what is under way, and ends those that are kept. */
  async close(): Promise<void> {
    this.#over.abort(hasEnded())
    await this.#working
    await Promise.all([...this.#kept].map((machine) => machine.close()))
    for (const images of this.#images.splice(0)) await images.ended()
  }

  /** Ends those that are kept as a crash of this process would. */
  destroy(): void {
    for (const machine of this.#kept) void machine.kill()
  }

  #ask(options: ForkOptions, kept: boolean): Promise<Fork> {
    return new Promise((resolve, reject) => {
      if (this.#over.signal.aborted) return reject(this.#over.signal.reason)
      this.#asked.push({ options, kept, answer: resolve, refuse: reject })
      this.#working ??= this.#work()
    })
  }

  async #work(): Promise<void> {
    await nextTurn() // others may want one of the same moment
    while (this.#asked.length > 0) await this.#serve(this.#asked.splice(0))
    this.#working = undefined
  }

  async #serve(all: readonly Asked[]): Promise<void> {
    const sound = all.filter((each) => !isRefused(each, () => this.#check(each.options)))
    if (sound.length === 0) return
    this.#keepSpares(sound.length)
    const moment = await this.#stop(sound).catch((error: unknown) => {
      for (const { refuse } of sound) refuse(this.#over.signal.aborted ? hasEnded() : error)
    })
    if (moment === undefined) return
    const made = await Promise.allSettled(moment.forks.map(({ begun }) => begun))
    await forgetCopy(moment.copy)
    if (made.length === 0) return
    const count = made.filter(({ status }) => status === 'fulfilled').length
    this.#made += count
    if (count > 0) this.#keepSpares(this.#made)
    if (count === 0) await moment.images.takeBack().catch(() => undefined) // in use elsewhere by now: they stay
    for (const [index, outcome] of made.entries())
      if (outcome.status === 'rejected') moment.forks[index]!.asked.refuse(outcome.reason)
  }

  /**
   * Threads make themselves ready while this machine is being copied, and for those that are asked for next: who has forked
   * several times may want several at once.
   */
  #keepSpares(count: number): void {
    if (count > 0 && !this.#over.signal.aborted) this.#parts.board.keepSpares(Math.min(count, mostSpares))
  }

  /** Looks at what can be seen before anything is touched. */
  #check(options: ForkOptions): void {
    checkMembers('options', options, forkKinds)
    const { config, extraDevices, runControl } = this.#parts
    if (config.machine !== 'pc') throw cannotFork('it is none')
    if (!runControl.running) requireStandstill(runControl)
    const { came, gone } = extraDevices.sinceStart
    if (came[0] !== undefined) throw cannotFork(`device '${came[0]}' was plugged in later`)
    if (gone[0] !== undefined) throw cannotFork(`device '${gone[0]}' was taken out`)
    new ForkedImages(this.#parts).check(options.folder)
    forkedConfig(config, options, emptyHanded)
  }

  /** Takes a copy of the machine, puts overlays on its images, and lets forks begin while the copy is being made. */
  async #stop(all: readonly Asked[]): Promise<Moment> {
    const { board, drives, runControl } = this.#parts
    await untilAborted(board.ready, this.#over.signal)
    return runControl.standingStill(async (running) => {
      if (!running) requireStandstill(runControl)
      if (drives.waitForGuest)
        throw cannotFork('a request to a drive has failed, and is to be tried again when the guest goes on')
      const copy = await copyBoard(board)
      const images = new ForkedImages(this.#parts)
      try {
        const placed = await this.#placed(all, images)
        let toBuild = placed.length
        const built = (): void => {
          // Its thread has been taken; of many, each needs the processor for itself until it is there.
          if (--toBuild === 0 && placed.length === 1) this.#keepSpares(1)
        }
        const forks = placed.map((each) => ({ ...each, begun: this.#start(each, { copy, running, built }) }))
        for (const { begun } of forks) begun.catch(() => undefined) // looked at later
        await copy.ram.catch(() => undefined) // each fork tells of it
        return { copy, images, forks }
      } catch (error) {
        await forgetCopy(copy)
        throw error
      }
    })
  }

  /** Puts overlays on the images, and has those of the forks made; who cannot have them is refused. */
  async #placed(all: readonly Asked[], images: ForkedImages): Promise<readonly Beginning[]> {
    const forks: Beginning[] = []
    for (const asked of all) {
      const { folder } = asked.options
      const own = await images.forFork(folder).catch(asked.refuse)
      if (own !== undefined) forks.push({ asked, images: own })
    }
    if (forks.length === 0) return forks
    try {
      await images.putOverlays(forks[0]!.asked.options.folder)
      return forks
    } catch (error) {
      for (const fork of forks) await fork.images.remove()
      throw error
    } finally {
      if (images.hasThrowaway) this.#images.push(images)
    }
  }

  /** Starts a fork and answers who has asked for it. @throws what is to be answered else; nothing is left of it then */
  async #start({ asked, images }: Beginning, { copy, running, built }: Standstill): Promise<void> {
    const { config, openedDrives, begin } = this.#parts
    const { options, kept, answer } = asked
    const over = this.#over.signal
    const start = new AbortController() // one that has begun does not hear of this machine's end
    const giveUp = (): void => start.abort(over.reason)
    over.addEventListener('abort', giveUp, { once: true })
    let machine: Machine | undefined
    try {
      over.throwIfAborted()
      const placed: PlacedImages = {
        driveOf: (drive) => openedDrives.get(drive),
        imageIn: (drive) => images.imageIn(drive),
        imageNamed: (name, names) => images.imageNamed(name, names),
      }
      const restore = async (board: Board): Promise<void> => {
        await board.ready
        built()
        await pasteBoard(board, copy)
      }
      const release = (): Promise<void> => images.ended()
      machine = await begin(forkedConfig(config, options, placed), { restore, signal: start.signal, release })
      if (running && options.paused !== true) await machine.runControl.cont()
      over.throwIfAborted()
      if (kept) this.#keep(machine)
      answer({ machine, images: images.list() })
    } catch (error) {
      await machine?.close('host-error')
      await images.remove()
      throw over.aborted ? hasEnded() : error
    } finally {
      over.removeEventListener('abort', giveUp)
    }
  }

  #keep(machine: Machine): void {
    this.#kept.add(machine)
    void machine.ended.catch(() => undefined).then(() => this.#kept.delete(machine))
  }
}

/** So many threads wait for forks at most. */
const mostSpares = 4

/** What a fork goes on from. */
interface Standstill {
  readonly copy: BoardCopy
  /** Whether the guest ran. */
  readonly running: boolean
  /** Is told when its board has been built. */
  readonly built: () => void
}

/** Machines that begin at the same moment. */
interface Moment {
  readonly copy: BoardCopy
  readonly images: ForkedImages
  readonly forks: readonly (Beginning & { readonly begun: Promise<void> })[]
}

interface Beginning {
  readonly asked: Asked
  readonly images: ImagesOfFork
}

/** @throws {QmpError} if a machine that does not run cannot go on just so */
function requireStandstill({ state }: RunControl): void {
  if (state !== 'paused' && state !== 'prelaunch') throw cannotFork(`it is in run state '${state}'`)
}

/** For seeing what cannot be in two machines, before images are touched. */
const emptyHanded: PlacedImages = {
  driveOf: () => undefined,
  imageIn: () => undefined,
  imageNamed: () => undefined,
}

/** Refuses for what a check has thrown. @returns whether it has */
function isRefused({ refuse }: Asked, check: () => void): boolean {
  try {
    check()
    return false
  } catch (error) {
    refuse(error)
    return true
  }
}

function hasEnded(): QmpError {
  return cannotFork('it has ended')
}
