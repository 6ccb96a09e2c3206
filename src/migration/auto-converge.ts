import type { MigrationParameters } from './parameters.ts'

type ThrottleParameters = Pick<
  MigrationParameters,
  'throttleTriggerThreshold' | 'cpuThrottleInitial' | 'cpuThrottleIncrement' | 'cpuThrottleTailslow' | 'maxCpuThrottle'
>

/** How long a guest is watched before it is judged, in milliseconds. */
const periodMs = 1000
/** How often in turn the guest must have been too fast. */
const strikes = 2

/**
 * Decides by how much a guest is slowed down that changes its memory faster than it can go: by QEMU's rules. It is judged
 * by periods: what it has changed, beside a part (throttle-trigger-threshold) of what has gone out.
 */
export class AutoConverge {
  readonly #parameters: () => ThrottleParameters
  readonly #now: () => number
  #since: number
  #dirtyBytes = 0
  #sentBytes = 0
  #strikes = 0
  /** Percentage of its time that the guest stands still. */
  #percentage = 0

  constructor(parameters: () => ThrottleParameters, now: () => number = () => performance.now()) {
    this.#parameters = parameters
    this.#now = now
    this.#since = now()
  }

  get percentage(): number {
    return this.#percentage
  }

  /**
   * A pass over RAM has ended.
   *
   * @param dirtyBytes that the guest has changed meanwhile
   * @param sentBytes that have gone out
   * @returns whether the guest is to be slowed down more than before
   */
  endPass(dirtyBytes: number, sentBytes: number): boolean {
    this.#dirtyBytes += dirtyBytes
    this.#sentBytes += sentBytes
    if (this.#now() - this.#since < periodMs) return false
    const { throttleTriggerThreshold } = this.#parameters()
    const dirty = this.#dirtyBytes
    const threshold = (this.#sentBytes * throttleTriggerThreshold) / 100
    this.#since = this.#now()
    this.#dirtyBytes = this.#sentBytes = 0
    if (dirty <= threshold || ++this.#strikes < strikes) return false
    this.#strikes = 0
    const before = this.#percentage
    this.#percentage = this.#raised(threshold / dirty)
    return this.#percentage !== before
  }

  /** @param share of what the guest does now that could be borne */
  #raised(share: number): number {
    const { cpuThrottleInitial, cpuThrottleIncrement, cpuThrottleTailslow, maxCpuThrottle } = this.#parameters()
    if (this.#percentage === 0) return cpuThrottleInitial
    const runs = 100 - this.#percentage
    const step = cpuThrottleTailslow
      ? Math.min(runs - Math.floor(runs * share), cpuThrottleIncrement)
      : cpuThrottleIncrement
    return Math.min(this.#percentage + step, maxCpuThrottle)
  }
}
