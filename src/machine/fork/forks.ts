import type { Drive, DriveConfig, DriveSet, GraphControl } from '../../block/index.ts'
import { type Board, type BoardCopy, copyBoard, pasteBoard } from '../../board/index.ts'
import { QmpError } from '../../qapi/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import { nextTurn } from '../../timers/index.ts'
import type { MachineConfig } from '../config.ts'
import { ConfigError } from '../config-error.ts'
import type { Machine } from '../machine.ts'
import { cannotFork, type ForkedImage, type ForkOptions } from './fork-options.ts'
import { forkedConfig, type PlacedImages } from './forked-config.ts'
import { ForkedImages } from './forked-images.ts'

/** Starts a machine that goes on from where `restore` brings its board. */
export type BeginMachine = (config: MachineConfig, restore: (board: Board) => Promise<void>) => Promise<Machine>

export interface ForkParts {
  readonly config: MachineConfig
  readonly board: Board
  readonly drives: DriveSet
  readonly graph: GraphControl
  readonly runControl: RunControl
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
  readonly answer: (fork: Promise<Fork>) => void
}

/**
 * Makes machines that go on from where this one stands, which goes on, too. Those that are asked for at once are made of
 * one moment: the guest stands still for it a single time.
 */
export class Forks {
  readonly #parts: ForkParts
  readonly #kept: Machine[] = []
  #asked: Asked[] = []
  #working: Promise<void> | undefined

  constructor(parts: ForkParts) {
    this.#parts = parts
  }

  /**
   * @throws {QmpError} GenericError, if the machine cannot be forked as it is now, or a folder for its images is missing
   * @throws {BlockError | BoardError | ConfigError} if the fork cannot have what it needs. Where its images have been made
   *   by then, this machine writes to its own of them
   */
  fork(options: ForkOptions = {}): Promise<Fork> {
    return new Promise((resolve) => {
      this.#asked.push({ options, answer: resolve })
      this.#working ??= this.#work()
    })
  }

  /** As `fork()`; it ends with this machine at the latest. @throws {QmpError} where options are wrong, too */
  async forkAndKeep(options: ForkOptions): Promise<Fork> {
    const fork = await this.fork(options).catch((error: unknown) => {
      throw error instanceof ConfigError ? new QmpError('GenericError', error.message, { cause: error }) : error
    })
    this.#kept.push(fork.machine)
    return fork
  }

  /** Ends those that are kept. */
  async close(): Promise<void> {
    await Promise.all(this.#kept.splice(0).map((machine) => machine.close()))
  }

  async #work(): Promise<void> {
    await nextTurn() // others may want one of the same moment
    while (this.#asked.length > 0) await this.#serve(this.#asked.splice(0))
    this.#working = undefined
  }

  async #serve(all: readonly Asked[]): Promise<void> {
    const images = new ForkedImages(this.#parts)
    const batch = all.filter(({ options, answer }) => {
      if (options.folder !== undefined || !images.needed) return true
      answer(
        Promise.reject(cannotFork('it has images that it can write, and no folder was given for those that follow')),
      )
      return false
    })
    if (batch.length === 0) return
    const moment = this.#stop(images, batch)
    const made = batch.map(({ options, answer }, index) => {
      const fork = moment.then(({ copy, running }) => this.#start({ options, images, index, copy, running }))
      answer(fork)
      return fork
    })
    await Promise.allSettled(made)
  }

  /** Takes a copy of the machine, and puts overlays on its images. */
  async #stop(images: ForkedImages, batch: readonly Asked[]): Promise<Moment> {
    const { board, drives, runControl, config } = this.#parts
    if (config.machine !== 'pc') throw cannotFork('it is none')
    await board.ready
    const { running, state } = runControl
    if (!running && state !== 'paused' && state !== 'prelaunch') throw cannotFork(`it is in run state '${state}'`)
    for (const { options } of batch) forkedConfig(config, options, emptyHanded) // before anything is done
    return runControl.standingStill(async () => {
      if (drives.waitForGuest)
        throw cannotFork('a request to a drive has failed, and is to be tried again when the guest goes on')
      const copy = await copyBoard(board)
      await images.makeOverlays(batch.map(({ options }) => options.folder ?? ''))
      return { copy, running }
    })
  }

  async #start({ options, images, index, copy, running }: Start): Promise<Fork> {
    const { config, openedDrives, begin } = this.#parts
    const placed: PlacedImages = {
      driveOf: (drive) => openedDrives.get(drive),
      imageIn: (drive) => images.imageIn(index, drive),
      imageNamed: (name) => images.imageNamed(index, name),
    }
    const machine = await begin(forkedConfig(config, options, placed), (board) => pasteBoard(board, copy))
    if (running && options.paused !== true) await machine.runControl.cont()
    return { machine, images: images.listFor(index) }
  }
}

interface Moment {
  readonly copy: BoardCopy
  /** Whether the guest ran. */
  readonly running: boolean
}

interface Start extends Moment {
  readonly options: ForkOptions
  readonly images: ForkedImages
  readonly index: number
}

/** For seeing what cannot be in two machines, before images are touched. */
const emptyHanded: PlacedImages = {
  driveOf: () => undefined,
  imageIn: () => undefined,
  imageNamed: () => undefined,
}
