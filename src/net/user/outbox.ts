/** Frames that wait beyond this are dropped, if their senders do not wait. */
const mostFrames = 256

/**
 * Frames on their way to the guest. Whoever can wait asks `clear` first and is called when it is so again; whoever cannot
 * is cut off where too much waits.
 */
export class Outbox {
  readonly #offer: (frame: Uint8Array) => boolean
  readonly #lost: () => void
  #frames: Buffer[] = []
  #waiting = new Set<{ pump(): void }>()

  /**
   * @param offer gives the wire a frame; false if it takes none at the moment
   * @param lost hears of each frame that nobody took in time
   */
  constructor(offer: (frame: Uint8Array) => boolean, lost: () => void = () => undefined) {
    this.#offer = offer
    this.#lost = lost
  }

  get clear(): boolean {
    return this.#frames.length === 0
  }

  send(frame: Buffer): void {
    if (this.#frames.length === 0 && this.#offer(frame)) return
    if (this.#frames.length < mostFrames) this.#frames.push(frame)
    else this.#lost()
  }

  wait(sender: { pump(): void }): void {
    this.#waiting.add(sender)
  }

  forget(sender: { pump(): void }): void {
    this.#waiting.delete(sender)
  }

  /** The wire takes frames again. */
  resume(): void {
    let sent = 0
    while (sent < this.#frames.length && this.#offer(this.#frames[sent]!)) sent++
    this.#frames.splice(0, sent)
    // Each waits again when it finds that there is no room: who was first comes last then.
    for (const sender of [...this.#waiting]) {
      if (!this.clear) return
      this.#waiting.delete(sender)
      sender.pump()
    }
  }
}
