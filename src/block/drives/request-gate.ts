/** How much may run at once. */
export interface GateLimits {
  readonly requests: number
  readonly bytes: number
}

interface Waiting {
  readonly bytes: number
  readonly enter: () => void
}

/**
 * Bounds the requests that run, and the memory that they hold, whatever the number of those who ask. First come, first
 * served; a request larger than the limit runs alone.
 */
export class RequestGate {
  readonly #limits: GateLimits
  readonly #waiting: Waiting[] = []
  #requests = 0
  #bytes = 0

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  /** Undefined if the request may run at once, else a promise for the moment when it may. Each is followed by `leave()`. */
  enter(bytes: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) {
      this.#admit(bytes)
      return undefined
    }
    return new Promise((enter) => this.#waiting.push({ bytes, enter }))
  }

  leave(bytes: number): void {
    this.#requests--
    this.#bytes -= bytes
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#admit(next.bytes)
      next.enter()
    }
  }

  #hasRoom(bytes: number): boolean {
    if (this.#requests === 0) return true
    return this.#requests < this.#limits.requests && this.#bytes + bytes <= this.#limits.bytes
  }

  #admit(bytes: number): void {
    this.#requests++
    this.#bytes += bytes
  }
}
