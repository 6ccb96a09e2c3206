import type { V86Loop } from '../v86-internals.ts'

/**
 * Lets the guest execute nothing while somebody holds it, who cannot keep up with what it sends. To all others it runs: its
 * time goes on.
 */
export class Brake {
  readonly #loop: V86Loop
  #holds = 0

  constructor(loop: V86Loop) {
    this.#loop = loop
    const next = loop.next_tick
    loop.next_tick = (milliseconds) => {
      if (this.#holds === 0) next.call(loop, milliseconds)
      else loop.tick_counter++ // none that was due before counts
    }
  }

  /** No slice begins after the one at work, until all that hold it have called what they got. */
  hold(): () => void {
    let held = true
    this.#holds++
    return () => {
      if (!held) return
      held = false
      this.#holds--
      if (this.#holds === 0 && this.#loop.running) this.#loop.next_tick(0)
    }
  }
}
