import { deferred } from '../async/index.ts'
import type { EmitOf, Infer } from '../qapi/index.ts'
import { QmpError } from '../qapi/index.ts'
import { type Actions, defaultActions } from './actions.ts'
import type { runStateEvents, ShutdownCause } from './events.ts'
import { canMove, move, needsReset, type RunState, runStates } from './run-state.ts'

/** What run control asks of the board. */
export interface RunnableBoard {
  resume(): Promise<void>
  pause(): Promise<void>
  reset(): Promise<void>
  pressPowerButton(): Promise<void>
  wake(): Promise<void>
  injectNmi(): Promise<void>
}

export interface RunControlOptions {
  readonly board: RunnableBoard
  readonly emit: EmitOf<typeof runStateEvents>
  /** What is done at the start, where it is not the default. */
  readonly actions?: Partial<Actions>
  /** Hears what a user should know. */
  readonly warn?: (text: string) => void
  /** A machine that comes in waits for `cont`, too. */
  readonly startPaused?: boolean
  /** Whether a guest of this machine can sleep (S3) and be woken; it can unless this is false. */
  readonly wakes?: boolean
}

export type Cause = Infer<typeof ShutdownCause>

/** How the machine came to its end. */
export interface Ending {
  readonly reason: Cause
  /** Whoever started the machine is to take it for a failure: the guest has panicked under `exit-failure`. */
  readonly failed?: true
  /** What the process is to end with, if the guest has said. */
  readonly status?: number
}

/**
 * The one owner of the run state: starts, stops, resets and ends the machine, for the host and for the guest.
 *
 * Requests are served one after another in the order in which they came, each one wholly (board, state, event) before
 * the next, so that two clients who stop and continue at once see a legal history.
 */
export class RunControl {
  readonly #board: RunnableBoard
  readonly #emit: RunControlOptions['emit']
  readonly #ending = deferred<Ending>()
  readonly #over = new AbortController()
  readonly #listeners = new Set<(running: boolean) => void>()
  readonly #warn: (text: string) => void
  readonly #wakes: boolean
  #actions: Actions
  #state: RunState = 'prelaunch'
  /** Whether a machine that comes in runs, if it ran elsewhere. */
  #runsAfterIncoming: boolean
  #ranBeforeHandover = false
  #last: Promise<unknown> | undefined

  constructor({ board, emit, actions, warn = noop, startPaused = false, wakes = true }: RunControlOptions) {
    this.#board = board
    this.#emit = emit
    this.#actions = { ...defaultActions, ...actions }
    this.#warn = warn
    this.#wakes = wakes
    this.#runsAfterIncoming = !startPaused
  }

  get state(): RunState {
    return this.#state
  }

  get running(): boolean {
    return this.#state === 'running'
  }

  /** Settles when the machine is to end: its owner then closes it. */
  get ending(): Promise<Ending> {
    return this.#ending.promise
  }

  /** Fires at the very moment of the end: nothing more is to be served. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Calls `listener` whenever the machine begins or ceases to run, and at once if it runs. The result ends that. */
  onRunning(listener: (running: boolean) => void): () => void {
    this.#listeners.add(listener)
    if (this.running) listener(true)
    return () => this.#listeners.delete(listener)
  }

  /** Changes what is done when something happens (QMP `set-action`); what is not named stays. */
  setActions(changes: Partial<Actions>): void {
    this.#actions = { ...this.#actions, ...changes }
  }

  /**
   * Starts the machine for the first time, without waiting for the board to be built: the state is `running` at once.
   *
   * @throws {BoardError} later, if the board cannot start
   */
  launch(): Promise<void> {
    this.#moveTo('running')
    return this.#serve(() => this.#board.resume())
  }

  /**
   * Lets the machine run (QMP `cont`). Does nothing if it runs, or sleeps.
   *
   * @throws {QmpError} GenericError, in the states that only a reset can leave
   */
  cont(): Promise<void> {
    return this.#serve(async () => {
      if (this.#state === 'inmigrate') {
        this.#runsAfterIncoming = true
        return
      }
      if (this.#state === 'finish-migrate') throw new QmpError('GenericError', 'Migration is not finalized yet')
      if (needsReset(this.#state)) throw new QmpError('GenericError', 'Resetting the Virtual Machine is required')
      if (this.#state === 'running' || this.#state === 'suspended') return
      await this.#cont()
    })
  }

  /**
   * Lets a guest run that sleeps in S3, or that has been stopped, or has not been started: its work has come. Does
   * nothing in any other state, which only those may leave who know of it.
   */
  rouse(): Promise<void> {
    return this.#serve(async () => {
      if (this.#state === 'suspended') return await this.#wakeup()
      if (this.#state === 'paused' || this.#state === 'prelaunch') await this.#cont()
    })
  }

  /** Stops the machine (QMP `stop`). Does nothing if it does not run. */
  stop(): Promise<void> {
    return this.#serve(async () => {
      if (this.#state === 'inmigrate') this.#runsAfterIncoming = false
      await this.#halt('paused')
    })
  }

  /** Resets the machine, or ends it if resets are to end it (QMP `system_reset`). */
  reset(reason: Cause = 'host-qmp-system-reset'): Promise<void> {
    return this.#serve(() => this.#reset(reason, false))
  }

  /** Presses the power button (QMP `system_powerdown`): what follows is up to the guest. */
  powerdown(): Promise<void> {
    return this.#serve(() => this.#powerdown())
  }

  /**
   * Wakes the guest from S3 (QMP `system_wakeup`).
   *
   * @throws {QmpError} GenericError, if it does not sleep, or never could
   */
  wakeup(): Promise<void> {
    return this.#serve(async () => {
      if (!this.#wakes) throw new QmpError('GenericError', 'wake-up from suspend is not supported by this guest')
      if (this.#state !== 'suspended') {
        throw new QmpError('GenericError', 'Unable to wake up: guest is not in suspended state')
      }
      await this.#wakeup()
    })
  }

  /** Ends the machine whatever -no-shutdown says: QMP `quit` and signals. Takes effect at once, ahead of what waits. */
  quit(reason: Extract<Cause, 'host-qmp-quit' | 'host-signal' | 'host-error' | 'host-ui'>): void {
    if (this.#over.signal.aborted) return
    this.#emit('SHUTDOWN', { guest: false, reason })
    this.#end(reason)
  }

  /** The guest asked for a reset; the board stands still until this is served. */
  guestReset(): Promise<void> {
    return this.#serve(() => this.#reset('guest-reset', true))
  }

  /** The guest switched itself off. */
  guestShutdown(): Promise<void> {
    return this.#serve(() => this.#shutdown('guest-shutdown', true))
  }

  /** The guest went to sleep, or hibernates (which ends the machine as a shutdown does). */
  guestSuspend(kind: 'ram' | 'disk'): Promise<void> {
    return this.#serve(async () => {
      if (kind === 'disk') {
        this.#emit('SUSPEND_DISK')
        await this.#shutdown('guest-shutdown', true)
      } else if (this.#state === 'running') {
        await this.#board.pause()
        this.#moveTo('suspended')
        this.#emit('SUSPEND')
      }
    })
  }

  /** The guest has panicked; the board stands still until this is served. */
  guestPanicked(): Promise<void> {
    return this.#serve(async () => {
      const { panic, shutdown } = this.#actions
      if (panic === 'none') {
        this.#emit('GUEST_PANICKED', { action: 'run' })
        if (this.running) await this.#board.resume()
      } else if (panic === 'pause' || (panic === 'shutdown' && shutdown === 'pause')) {
        await this.#halt('guest-panicked', () => this.#emit('GUEST_PANICKED', { action: 'pause' }))
      } else {
        this.#emit('GUEST_PANICKED', { action: 'poweroff' })
        await this.#shutdown('guest-panic', true)
      }
    })
  }

  /** The guest has panicked and goes on with a kernel that it keeps for this. */
  guestCrashloaded(): Promise<void> {
    return this.#serve(async () => this.#emit('GUEST_CRASHLOADED', { action: 'run' }))
  }

  /** A watchdog has bitten: the guest has not fed it in time. */
  watchdogExpired(): Promise<void> {
    return this.#serve(async () => {
      const { watchdog } = this.#actions
      this.#emit('WATCHDOG', { action: watchdog })
      switch (watchdog) {
        case 'reset':
          return this.#reset('guest-reset', true)
        case 'shutdown':
          return this.#powerdown()
        case 'poweroff':
          return this.#end('none') // the one end without a SHUTDOWN event
        case 'pause':
          return this.#halt('watchdog')
        case 'debug':
          return this.#warn('watchdog: timer fired')
        case 'inject-nmi':
          return this.#board.injectNmi()
        case 'none':
          return
      }
    })
  }

  /**
   * The machine ends at once, whatever -no-shutdown says, and without an event: the guest wants that, and says with which
   * status, or the machine that was to come in has not.
   */
  exit(status: number): void {
    if (this.#over.signal.aborted) return
    this.#over.abort(new Error('the machine has ended'))
    this.#ending.resolve({ reason: 'guest-shutdown', status })
  }

  /** A machine is to come in, instead of the one that is here: nothing runs until it has come. */
  awaitIncoming(): void {
    this.#moveTo('inmigrate')
  }

  /** The machine has come: it goes on as it did elsewhere, but does not run if `stop` was said meanwhile. */
  takeOver(state: string): Promise<void> {
    return this.#serve(async () => {
      if (state === 'running' && this.#runsAfterIncoming) {
        await this.#board.resume()
        this.#moveTo('running')
        this.#emit('RESUME')
      } else {
        const known = runStates.find((each) => each === state && each !== 'running' && canMove('inmigrate', each))
        this.#moveTo(known ?? 'paused')
      }
    })
  }

  /**
   * Does something while the machine stands still, which runs on afterwards if it ran.
   *
   * @param work - is told whether it ran
   * @throws what `work` throws
   */
  async standingStill<T>(work: (ran: boolean) => Promise<T>): Promise<T> {
    const outcome = deferred<T>()
    outcome.promise.catch(noop) // who called hears of it below
    await this.#serve(async () => {
      const ran = this.running
      await this.#halt('save-vm')
      await work(ran).then(outcome.resolve, outcome.reject)
      if (!ran || this.#over.signal.aborted) return
      await this.#board.resume()
      this.#moveTo('running')
      this.#emit('RESUME')
    })
    outcome.reject(new QmpError('GenericError', 'The machine has ended')) // what has not been served never will be
    return outcome.promise
  }

  /**
   * Puts another moment of the machine in the place of this one. It runs on afterwards if it ran; if `work` fails, it
   * stands still.
   *
   * @param work - gets what resets the board without anybody being told
   * @throws what `work` throws
   */
  async restoring<T>(work: (reset: () => Promise<void>) => Promise<T>): Promise<T> {
    const outcome = deferred<T>()
    outcome.promise.catch(noop) // who called hears of it below
    await this.#serve(async () => {
      const ran = this.running
      await this.#halt('restore-vm')
      const restored = work(() => this.#board.reset())
      await restored.then(outcome.resolve, outcome.reject)
      const failed = await restored.then(noop, () => true)
      if (!ran || failed === true || this.#over.signal.aborted) return
      await this.#board.resume()
      this.#moveTo('running')
      this.#emit('RESUME')
    })
    outcome.reject(new QmpError('GenericError', 'The machine has ended')) // what has not been served never will be
    return outcome.promise
  }

  /** Stops for the last part of a migration; gives the run state from before. */
  async beginHandover(): Promise<RunState> {
    let before = this.#state
    await this.#serve(async () => {
      before = this.#state
      await this.#halt('finish-migrate')
      this.#moveTo('finish-migrate')
    })
    this.#ranBeforeHandover = before === 'running'
    return before
  }

  /** The machine goes on elsewhere. */
  endHandover(): Promise<void> {
    return this.#serve(async () => this.#moveTo('postmigrate'))
  }

  /** The machine has not gone: it runs again if it did; otherwise it can be continued. */
  abandonHandover(): Promise<void> {
    return this.#serve(async () => {
      if (this.#state !== 'finish-migrate' || this.#over.signal.aborted) return
      if (!this.#ranBeforeHandover) return this.#moveTo('postmigrate')
      try {
        await this.#board.resume()
      } catch (error) {
        this.#moveTo('postmigrate') // `cont` tries again
        throw error
      }
      this.#moveTo('running')
      this.#emit('RESUME')
    })
  }

  /** A request of the guest to a drive has failed, and it is not to go on with that. */
  driveFailed(): Promise<void> {
    return this.#serve(() => this.#halt('io-error'))
  }

  /** The board failed: whatever the guest did is lost, the monitor stays. */
  boardFailed(): Promise<void> {
    return this.#serve(async () => {
      const wasRunning = this.#state === 'running'
      if (!canMove(this.#state, 'internal-error')) return
      this.#moveTo('internal-error')
      if (wasRunning) this.#emit('STOP')
    })
  }

  async #cont(): Promise<void> {
    await this.#board.resume()
    this.#moveTo('running')
    this.#emit('RESUME')
  }

  async #wakeup(): Promise<void> {
    await this.#board.wake()
    this.#moveTo('running')
    this.#emit('WAKEUP')
    await this.#board.resume()
  }

  async #powerdown(): Promise<void> {
    this.#emit('POWERDOWN')
    await this.#board.pressPowerButton()
  }

  /** @param why - says why, when the machine stands still: who hears that finds it so */
  async #halt(state: RunState, why = noop): Promise<void> {
    if (this.#state !== 'running') return why()
    await this.#board.pause()
    if (this.#over.signal.aborted) return
    why()
    this.#moveTo(state)
    this.#emit('STOP')
  }

  async #reset(reason: Cause, guest: boolean): Promise<void> {
    if (this.#actions.reboot === 'shutdown') return this.#shutdown(reason, guest)
    const wasRunning = this.#state === 'running'
    await this.#board.reset()
    this.#emit('RESET', { guest, reason })
    if (wasRunning) await this.#board.resume()
    else if (this.#state !== 'inmigrate') this.#moveTo('prelaunch')
  }

  async #shutdown(reason: Cause, guest: boolean): Promise<void> {
    const tell = (): void => this.#emit('SHUTDOWN', { guest, reason })
    if (this.#actions.shutdown === 'pause') return this.#halt('shutdown', tell)
    tell()
    this.#end(reason)
  }

  #end(reason: Cause): void {
    this.#over.abort(new Error('the machine has ended'))
    const failed = reason === 'host-error' || (reason === 'guest-panic' && this.#actions.panic === 'exit-failure')
    this.#ending.resolve({ reason, ...(failed && { failed }) })
  }

  #moveTo(state: RunState): void {
    const wasRunning = this.running
    this.#state = move(this.#state, state)
    if (this.running !== wasRunning) for (const listener of this.#listeners) listener(this.running)
  }

  /** Runs `request` when those before it are done; after the end nothing is served any more. */
  #serve(request: () => Promise<void>): Promise<void> {
    const served =
      this.#last === undefined ? request() : this.#last.then(() => (this.#over.signal.aborted ? undefined : request()))
    const settled = served.then(noop, noop)
    this.#last = settled
    void settled.then(() => {
      if (this.#last === settled) this.#last = undefined
    })
    return served
  }
}

const noop = (): void => undefined
