import { type Deferred, deferred, untilAborted } from '../../async/index.ts'
import { clearTimeout, now, setTimeout } from '../../timers/index.ts'
import { type ThrottleKind, type ThrottleLimit, type ThrottleLimits, throttleKinds } from './throttle-limits.ts'

export type Direction = 'read' | 'write'

/** Time as a group sees it; for tests. */
export interface ThrottleClock {
  /** Milliseconds. */
  now(): number
  /** Runs `act` later; the result prevents that. */
  after(milliseconds: number, act: () => void): () => void
}

const systemClock: ThrottleClock = {
  now,
  after(milliseconds, act) {
    const timer = setTimeout(act, milliseconds)
    return () => clearTimeout(timer)
  },
}

/** A bucket that leaks at the rate of its limit; while it is too full, requests wait. */
interface Bucket {
  level: number
  burstLevel: number
}

interface Waiting {
  readonly bytes: number
  readonly go: Deferred<void>
}

/**
 * Drives and nodes that share limits. Requests wait in the order in which they came, and the members take turns.
 *
 * A request may start while its buckets are not full, whatever its size, and then fills them: so the rates hold over
 * time exactly, and a request larger than what a second allows gets through.
 */
export class ThrottleGroup {
  readonly name: string
  readonly #clock: ThrottleClock
  readonly #members: ThrottleMember[] = []
  readonly #timers: Record<Direction, (() => void) | undefined> = { read: undefined, write: undefined }
  readonly #turn: Record<Direction, number> = { read: 0, write: 0 }
  #limits: ThrottleLimits
  #buckets = emptyBuckets()
  #leakedAt: number

  constructor(name: string, limits: ThrottleLimits, clock: ThrottleClock = systemClock) {
    this.name = name
    this.#limits = limits
    this.#clock = clock
    this.#leakedAt = clock.now()
  }

  get limits(): ThrottleLimits {
    return this.#limits
  }

  get empty(): boolean {
    return this.#members.length === 0
  }

  /** Changes the limits; what waits is looked at anew. */
  configure(limits: ThrottleLimits): void {
    this.#limits = limits
    this.#buckets = emptyBuckets()
    for (const direction of ['read', 'write'] as const) this.#schedule(direction)
  }

  join(): ThrottleMember {
    const member = new ThrottleMember(this)
    this.#members.push(member)
    return member
  }

  /** @internal for members */
  leave(member: ThrottleMember): void {
    const index = this.#members.indexOf(member)
    if (index < 0) return
    this.#members.splice(index, 1)
    this.release(member)
  }

  /** @internal for members: starts what waits */
  release({ queues }: ThrottleMember): void {
    for (const direction of ['read', 'write'] as const) {
      for (const { go } of queues[direction].splice(0)) go.resolve()
      this.#schedule(direction)
    }
  }

  /** @internal for members: undefined if the request may start at once */
  enter(
    member: ThrottleMember,
    direction: Direction,
    bytes: number,
    signal: AbortSignal | undefined,
  ): Promise<void> | undefined {
    const others = this.#members.some(({ queues }) => queues[direction].length > 0)
    if (!others && this.#waitTime(direction) === 0) {
      this.#account(direction, bytes)
      return undefined
    }
    const queue = member.queues[direction]
    const waiting: Waiting = { bytes, go: deferred() }
    queue.push(waiting)
    if (this.#timers[direction] === undefined) this.#schedule(direction)
    return untilAborted(waiting.go.promise, signal).catch((reason: unknown) => {
      if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1)
      throw reason
    })
  }

  /** Starts what may start, and comes back when the next one may. */
  #schedule(direction: Direction): void {
    this.#timers[direction]?.()
    this.#timers[direction] = undefined
    for (let next = this.#next(direction); next !== undefined; next = this.#next(direction)) {
      const wait = this.#waitTime(direction)
      if (wait > 0) {
        this.#timers[direction] = this.#clock.after(Math.ceil(wait), () => this.#schedule(direction))
        return
      }
      const { bytes, go } = next.queues[direction].shift()!
      this.#turn[direction] = this.#members.indexOf(next) + 1
      this.#account(direction, bytes)
      go.resolve()
    }
  }

  /** The member whose turn it is, of those that wait. */
  #next(direction: Direction): ThrottleMember | undefined {
    const count = this.#members.length
    for (let step = 0; step < count; step++) {
      const member = this.#members[(this.#turn[direction] + step) % count]!
      if (member.queues[direction].length > 0) return member
    }
    return undefined
  }

  /** Milliseconds until a request may start. */
  #waitTime(direction: Direction): number {
    this.#leak()
    return Math.max(...kindsOf(direction).map((kind) => waitFor(this.#limits[kind], this.#buckets[kind])))
  }

  #account(direction: Direction, bytes: number): void {
    const iopsSize = Number(this.#limits.iopsSize)
    const operations = iopsSize > 0 && bytes > iopsSize ? bytes / iopsSize : 1
    for (const kind of kindsOf(direction)) {
      const units = kind.startsWith('bps') ? bytes : operations
      this.#buckets[kind].level += units
      if (this.#limits[kind].burstSeconds > 1) this.#buckets[kind].burstLevel += units
    }
  }

  #leak(): void {
    const now = this.#clock.now()
    const seconds = (now - this.#leakedAt) / 1000
    this.#leakedAt = now
    for (const kind of throttleKinds) {
      const bucket = this.#buckets[kind]
      bucket.level = Math.max(0, bucket.level - this.#limits[kind].rate * seconds)
      bucket.burstLevel = Math.max(0, bucket.burstLevel - this.#limits[kind].burst * seconds)
    }
  }
}

/** One drive in a group, or one node. */
export class ThrottleMember {
  readonly group: ThrottleGroup
  /** @internal for the group */
  readonly queues: Record<Direction, Waiting[]> = { read: [], write: [] }
  #hurried = 0

  /** @internal members come from `ThrottleGroup.join()` */
  constructor(group: ThrottleGroup) {
    this.group = group
  }

  /** Undefined if the request may start at once, else a promise for the moment when it may. @throws if it is given up */
  enter(
    direction: Direction,
    bytes: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<void> | undefined {
    return this.#hurried > 0 ? undefined : this.group.enter(this, direction, bytes, signal)
  }

  /** Limits nothing until the result is called, because somebody waits for the requests to end; what waits starts now. */
  hurry(): () => void {
    this.#hurried++
    this.group.release(this)
    return () => {
      this.#hurried--
    }
  }

  /** Leaves the group; what waits starts now. */
  leave(): void {
    this.group.leave(this)
  }
}

function kindsOf(direction: Direction): readonly ThrottleKind[] {
  return direction === 'read'
    ? ['bps-total', 'bps-read', 'iops-total', 'iops-read']
    : ['bps-total', 'bps-write', 'iops-total', 'iops-write']
}

/** A tenth of a second's worth may be in the bucket, or what the burst allows. */
function waitFor({ rate, burst, burstSeconds }: ThrottleLimit, { level, burstLevel }: Bucket): number {
  if (rate === 0) return 0
  const extra = level - (burst === 0 ? rate / 10 : burst * burstSeconds)
  if (extra > 0) return (extra / rate) * 1000
  if (burstSeconds <= 1) return 0
  const burstExtra = burstLevel - burst / 10
  return burstExtra > 0 ? (burstExtra / burst) * 1000 : 0
}

function emptyBuckets(): Record<ThrottleKind, Bucket> {
  const empty = throttleKinds.map((kind) => [kind, { level: 0, burstLevel: 0 }])
  return Object.fromEntries(empty) as Record<ThrottleKind, Bucket>
}
