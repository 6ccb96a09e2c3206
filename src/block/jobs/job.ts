import { type Deferred, deferred } from '../../async/index.ts'
import { type EmitOf, QmpError } from '../../qapi/index.ts'
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from '../../timers/index.ts'
import type { IoStatus } from '../drives/failed-requests.ts'
import type { JobType, jobEvents } from './events.ts'
import { actionOn, type ErrorAction, type ErrorPolicy, failureText, isNoSpace } from './job-failure.ts'
import type { JobGroup } from './job-group.ts'
import { checkMove, checkVerb, isCompleted, type JobStatus, type JobVerb } from './job-states.ts'
import { RateLimit } from './rate-limit.ts'

/** What a job does. */
export interface JobWork {
  readonly type: JobType
  /** Works on images, and so has a speed, an I/O status, and events of its own. Default: it does. */
  readonly onImages?: boolean
  /** Does it; rejects if it fails. Calls `sleep()` or `pausePoint()` often: there it is paused, and hears of cancellation. */
  run(job: Job): Promise<void>
  /** Changes the graph when the run has gone well; if it rejects the job has failed. */
  prepare?(): Promise<void>
  /** The job and its group have gone well; cannot fail. */
  commit?(): Promise<void>
  /** The job or its group has failed or was cancelled; cannot fail. */
  abort?(): Promise<void>
  /** Comes behind both. */
  clean?(): Promise<void>
  /** The user lets a ready job come to its end. Without it nobody can. */
  complete?(): void
  /** Whether to cancel it by force; without it every cancellation is by force. */
  cancel?(force: boolean): boolean
}

export interface JobSettings {
  readonly id: string
  readonly work: JobWork
  /** Changes what it changes at its end without being told to. Default: yes. */
  readonly autoFinalize?: boolean
  /** Is forgotten at its end without being told to. Default: yes. */
  readonly autoDismiss?: boolean
  readonly group: JobGroup
  /** The job is gone: gives back what it held until then. */
  readonly free?: (() => Promise<void>) | undefined
}

export interface JobSurroundings {
  readonly emit: EmitOf<typeof jobEvents>
  /** Lets an operation have drives and graph to itself. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  forget(job: Job): void
}

/** Progress in bytes, or in whatever the job counts. */
export interface JobProgress {
  readonly current: number
  readonly total: number
}

/**
 * Work on images that goes on behind the commands: where it stands, how far it is, and what users may ask of it. What it
 * does its `work` knows; how several end together its group.
 */
export class Job {
  readonly id: string
  readonly work: JobWork
  readonly autoFinalize: boolean
  readonly autoDismiss: boolean
  readonly group: JobGroup
  readonly #ended = deferred<void>()
  #status: JobStatus = 'undefined'
  #current = 0
  #remaining = 0
  #speed = 0
  #ioStatus: IoStatus = 'ok'
  readonly #limit = new RateLimit()
  /** How many want it to stand still. It is created standing still. */
  #pauses = 1
  #userPaused = false
  #paused = true
  #busy = false
  #started = false
  /** The run has ended. */
  #ran = deferred<void>()
  #deferred = false
  #cancelled = false
  #forced = false
  #failure: string | undefined
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  #quiet: Deferred<void> | undefined
  /** It waits for more than its turn. */
  #rests = false
  #resting: Deferred<void> | undefined
  readonly #free: JobSettings['free']
  readonly #surroundings: JobSurroundings

  /** @internal jobs come from `JobSet.create()` */
  constructor(
    { id, work, autoFinalize = true, autoDismiss = true, group, free }: JobSettings,
    surroundings: JobSurroundings,
  ) {
    this.#free = free
    this.id = id
    this.work = work
    this.autoFinalize = autoFinalize
    this.autoDismiss = autoDismiss
    this.group = group
    this.#surroundings = surroundings
    this.moveTo('created')
    group.add(this)
  }

  get status(): JobStatus {
    return this.#status
  }

  get onImages(): boolean {
    return this.work.onImages ?? true
  }

  get progress(): JobProgress {
    return { current: this.#current, total: this.#current + this.#remaining }
  }

  /** Bytes a second; 0 for no limit. */
  get speed(): number {
    return this.#speed
  }

  get ioStatus(): IoStatus {
    return this.#ioStatus
  }

  /** Whether it runs, or a request of it does. */
  get busy(): boolean {
    return this.#busy
  }

  /** Whether it stands still, or will at its next chance. */
  get paused(): boolean {
    return this.#pauses > 0
  }

  get ready(): boolean {
    return this.#status === 'ready' || this.#status === 'standby'
  }

  get started(): boolean {
    return this.#started
  }

  /** Whether its run has ended. */
  get hasRun(): boolean {
    return this.#deferred
  }

  get runEnded(): Promise<void> {
    return this.#ran.promise
  }

  /** Settles when it has ended, well or not: `failure` tells. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Whether somebody wants it to end, in whatever way. */
  get cancelRequested(): boolean {
    return this.#cancelled
  }

  /** Whether it is to end at once. */
  get cancelled(): boolean {
    return this.#forced
  }

  /** Why it has failed. */
  get failure(): string | undefined {
    return this.#failure
  }

  // What its work calls.

  /** Says how much there is to do besides what is done. */
  setRemaining(amount: number): void {
    this.#remaining = amount
  }

  increaseRemaining(amount: number): void {
    this.#remaining += amount
  }

  progressed(amount: number): void {
    this.#current += amount
    this.#remaining = Math.max(0, this.#remaining - amount)
  }

  /** Milliseconds to sleep after so much work so that the speed is kept to. */
  delayAfter(bytes: number): number {
    return this.#limit.delayAfter(bytes)
  }

  /** Stands still while somebody wants it to. */
  async pausePoint(): Promise<void> {
    while (this.#pauses > 0 && !this.#forced) {
      const before = this.#status
      this.moveTo(before === 'ready' ? 'standby' : 'paused')
      this.#paused = true
      await this.#rest()
      this.#paused = false
      this.moveTo(before)
    }
  }

  /** Waits so long, or until somebody wants something of it; others have their turn in any case. */
  async sleep(milliseconds: number): Promise<void> {
    if (this.#forced) return
    if (this.#pauses === 0) await this.#rest(milliseconds)
    await this.pausePoint()
  }

  /** Waits until somebody wants something of it. */
  async idle(): Promise<void> {
    if (this.#forced) return
    if (this.#pauses === 0) await this.#rest()
    await this.pausePoint()
  }

  /** Waits for something that others hold: meanwhile nobody waits for the job. */
  async quietly<T>(work: () => Promise<T>): Promise<T> {
    this.#busy = false
    this.#tellQuiet()
    try {
      return await work()
    } finally {
      this.#busy = true
    }
  }

  /** Everything is copied that there was; it goes on until it is completed or cancelled. */
  becomeReady(): void {
    this.moveTo('ready')
    if (this.onImages) this.#surroundings.emit('BLOCK_JOB_READY', this.#eventData())
  }

  /** What becomes of the job whose request has failed; it stands still at its next pause point if that is so. */
  judge(policy: ErrorPolicy, operation: 'read' | 'write', error: unknown): ErrorAction {
    const action = actionOn(policy, error)
    this.#surroundings.emit('BLOCK_JOB_ERROR', { device: this.id, operation, action })
    if (action !== 'stop') return action
    if (!this.#userPaused) {
      this.#pauses++
      this.#userPaused = true
    }
    if (this.#ioStatus === 'ok') this.#ioStatus = isNoSpace(error) ? 'nospace' : 'failed'
    return action
  }

  // What users ask for.

  /** @throws {QmpError} if it does not take it where it stands, or if it stands still already */
  pause(): void {
    this.check('pause')
    if (this.#userPaused) throw new QmpError('GenericError', 'Job is already paused')
    this.#userPaused = true
    this.hold()
  }

  /** @throws {QmpError} if nobody has paused it */
  resume(): void {
    if (!this.#userPaused || this.#pauses <= 0) {
      throw new QmpError('GenericError', "Can't resume a job that was not paused")
    }
    this.check('resume')
    this.#ioStatus = 'ok'
    this.#userPaused = false
    this.release()
  }

  get pausedByUser(): boolean {
    return this.#userPaused
  }

  /** @param speed - bytes a second; 0 for no limit @throws {QmpError} */
  setSpeed(speed: number): void {
    this.check('set-speed')
    if (speed < 0) throw new QmpError('GenericError', "Parameter 'speed' expects a non-negative value")
    const before = this.#speed
    this.#limit.set(speed)
    this.#speed = speed
    if (speed !== 0 && speed <= before) return
    if (this.#timer !== undefined) this.enter()
  }

  /** @throws {QmpError} if it is not ready, or cannot be completed */
  complete(): void {
    this.check('complete')
    if (this.#cancelled || this.work.complete === undefined) {
      throw new QmpError('GenericError', `The active block job '${this.id}' cannot be completed`)
    }
    this.work.complete()
  }

  /** @throws {QmpError} GenericError */
  check(verb: JobVerb): void {
    checkVerb(this.id, this.#status, verb)
  }

  // What the machinery does with it.

  /** Lets it stand still, for whatever reason, until `release()` was called as often. */
  hold(): void {
    this.#pauses++
    if (!this.#paused) this.enter()
  }

  release(): void {
    this.#pauses--
    if (this.#pauses === 0 && this.#timer === undefined) this.enter()
  }

  /** Settles when it makes no requests: it stands still, rests, or has ended. */
  async untilQuiet(): Promise<void> {
    if (!this.#busy || isCompleted(this.#status) || this.#deferred) return
    this.#quiet ??= deferred()
    await this.#quiet.promise
  }

  /** Settles when it has nothing to do for a while: it keeps to its speed, stands still, or has ended. */
  async untilResting(): Promise<void> {
    if (this.#deferred || isCompleted(this.#status) || this.#rests) return
    this.#resting ??= deferred()
    await this.#resting.promise
  }

  /** Wakes it, if it rests. */
  enter(): void {
    if (!this.#started || this.#deferred || this.#busy) return
    this.#stopTimer()
    const wake = this.#wake
    this.#wake = undefined
    this.#rests = false
    if (wake === undefined) return
    this.#busy = true
    wake()
  }

  start(): void {
    this.#started = true
    this.#pauses--
    this.#busy = true
    this.#paused = false
    this.moveTo('running')
    void this.#run()
  }

  /** Notes that it is to be cancelled; whoever calls wakes it. */
  requestCancel(force: boolean): void {
    const forced = this.work.cancel?.(force) ?? true
    if (this.#userPaused) {
      this.#ioStatus = 'ok'
      this.#userPaused = false
      this.#pauses--
    }
    if (!forced && this.#deferred) return
    this.#cancelled = true
    this.#forced ||= forced
  }

  /** Notes a failure, or cancellation, that decides what comes of it. */
  fail(error: unknown): void {
    this.#failure ??= failureText(error)
  }

  /** The result counts from now on: a job that has failed or is cancelled is aborted. @returns whether it is */
  recordOutcome(): boolean {
    if (this.#failure === undefined && this.#forced) this.#failure = 'Operation canceled'
    if (this.#failure === undefined) return false
    this.moveTo('aborting')
    return true
  }

  moveTo(status: JobStatus): void {
    const before = this.#status
    checkMove(this.id, before, status)
    this.#status = status
    if (status !== before) this.#surroundings.emit('JOB_STATUS_CHANGE', { id: this.id, status })
    if (status === 'concluded' || status === 'null') this.#ended.resolve()
  }

  tellPending(): void {
    if (this.onImages) this.#surroundings.emit('BLOCK_JOB_PENDING', { type: this.work.type, id: this.id })
  }

  /** Tells that it has ended, if it has ever begun. */
  tellEnd(): void {
    if (!this.#started || !this.onImages) return
    if (this.#forced) this.#surroundings.emit('BLOCK_JOB_CANCELLED', this.#eventData())
    else {
      const error = this.#failure
      this.#surroundings.emit('BLOCK_JOB_COMPLETED', { ...this.#eventData(), ...(error !== undefined && { error }) })
    }
  }

  /** It is no more. */
  async dismiss(): Promise<void> {
    this.#busy = false
    this.#deferred = true
    this.#stopTimer()
    this.group.remove(this)
    this.moveTo('null')
    await this.#free?.()
    this.#surroundings.forget(this)
  }

  async #run(): Promise<void> {
    try {
      await this.pausePoint()
      await this.work.run(this)
    } catch (error) {
      this.fail(error)
    }
    this.#deferred = true
    this.#stopTimer()
    this.#ran.resolve()
    this.#tellQuiet()
    this.#tellResting()
    await this.#surroundings.exclusively(async () => {
      if (isCompleted(this.#status)) return
      this.#busy = false
      await this.group.completed(this)
    })
  }

  async #rest(milliseconds?: number): Promise<void> {
    const woken = deferred<void>()
    this.#wake = woken.resolve
    this.#busy = false
    const enter = (): void => this.enter()
    if (milliseconds !== undefined) {
      this.#timer = milliseconds > 0 ? setTimeout(enter, milliseconds) : setImmediate(enter)
    }
    this.#tellQuiet()
    this.#rests = milliseconds !== 0
    if (this.#rests) this.#tellResting()
    await woken.promise
    this.#rests = false
  }

  #tellResting(): void {
    this.#resting?.resolve()
    this.#resting = undefined
  }

  #stopTimer(): void {
    const timer = this.#timer
    this.#timer = undefined
    if (timer === undefined) return
    clearTimeout(timer as NodeJS.Timeout)
    clearImmediate(timer as NodeJS.Immediate)
  }

  #tellQuiet(): void {
    this.#quiet?.resolve()
    this.#quiet = undefined
  }

  #eventData() {
    const { current, total } = this.progress
    return { type: this.work.type, device: this.id, len: total, offset: current, speed: this.#speed }
  }
}
