import type { NetEnd, NetLine } from './net-end.ts'

/** One side of a wire. */
export class WireEnd implements NetLine {
  /** What the far side is; undefined while nobody is there. */
  #far: NetEnd | undefined
  readonly #wire: Wire

  constructor(wire: Wire) {
    this.#wire = wire
  }

  send(frame: Uint8Array): boolean {
    if (this.#far === undefined || !this.#wire.up) return true
    return this.#far.receive(frame)
  }

  ready(): void {
    this.#far?.resume?.()
  }

  /** Puts something at the far side, or takes it away. */
  join(far: NetEnd | undefined): void {
    this.#far = far
    this.#wire.joined()
  }

  /** @internal */
  get far(): NetEnd | undefined {
    return this.#far
  }
}

/** A wire with two ends, which can be cut. */
export class Wire {
  #up = true
  readonly left = new WireEnd(this)
  readonly right = new WireEnd(this)

  get up(): boolean {
    return this.#up
  }

  set up(up: boolean) {
    if (up === this.#up) return
    this.#up = up
    for (const end of [this.left, this.right]) {
      end.far?.linkChanged?.(up)
      if (up) end.far?.resume?.()
    }
  }

  /** Joins what is at the left with what is at the right. */
  join(left: NetEnd, right: NetEnd): void {
    this.left.join(right)
    this.right.join(left)
  }

  /** @internal One of the ends has changed: who waited for the one before is not to wait for ever. */
  joined(): void {
    for (const end of [this.left, this.right]) end.far?.resume?.()
  }
}
