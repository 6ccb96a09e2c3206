/** Tells a client of a state as often as it changes; a client that does not read is told the newest when it reads again. */
export class NewestState {
  /** @returns as `ChannelLine.send` */
  readonly #send: () => boolean
  #line: 'free' | 'full' | 'owing' = 'free'

  constructor(send: () => boolean) {
    this.#send = send
  }

  /** It has changed. */
  tell(): void {
    if (this.#line === 'free') this.#line = this.#send() ? 'free' : 'full'
    else this.#line = 'owing'
  }

  /** What was said has left. */
  drained(): void {
    const owing = this.#line === 'owing'
    this.#line = 'free'
    if (owing) this.tell()
  }
}
