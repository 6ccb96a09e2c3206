import { Duplex as NodeDuplex } from 'node:stream'
import { clearTimeout, setTimeout } from '../../timers/index.ts'
import type { Duplex } from '../duplex.ts'

/** How long a peer that does not read is waited for when everything has been said, in milliseconds. */
const patience = 500

/** A stream of ours as a stream of Node's, for what runs inside it. */
export class PlainStream extends NodeDuplex {
  readonly #plain: Duplex
  #started = false
  #room: (() => void) | undefined

  constructor(plain: Duplex) {
    super({ allowHalfOpen: true })
    this.#plain = plain
  }

  override _read(): void {
    if (this.#started) {
      this.#plain.resume()
      return
    }
    this.#started = true
    this.#plain.start({
      data: (chunk) => {
        if (!this.push(chunk)) this.#plain.pause()
      },
      drain: () => this.#roomAgain(),
      end: () => void this.push(null),
      closed: (reason) => {
        this.#roomAgain()
        this.destroy(reason)
      },
    })
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, taken: () => void): void {
    if (this.#plain.write(chunk)) taken()
    else this.#room = taken
  }

  override _final(done: () => void): void {
    this.#plain.end()
    done()
  }

  override _destroy(reason: Error | null, done: (error: Error | null) => void): void {
    const drop = (): void => this.#plain.destroy(reason ?? undefined)
    if (reason !== null || !this.writableEnded) drop()
    else {
      // What was said last is still on its way.
      const timer = setTimeout(drop, patience)
      void this.#plain.close().then(() => clearTimeout(timer))
    }
    void this.#plain.closed.then(() => done(reason))
  }

  #roomAgain(): void {
    const room = this.#room
    this.#room = undefined
    room?.()
  }
}
