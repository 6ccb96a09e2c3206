import { ByteIntake } from '../../../nbd/index.ts'
import { clearTimeout, setTimeout } from '../../../timers/index.ts'
import type { Duplex } from '../../../transport/index.ts'
import { LinkLost } from './failures.ts'

/** How long a server that does not read is waited for at the end, in milliseconds. */
const patience = 500

/** What a server sends, for whoever reads at the time. */
export class Incoming {
  readonly intake = new ByteIntake()
  readonly #stream: Duplex
  #hear: () => void = () => undefined
  #lost: LinkLost | undefined
  #drained: (() => void)[] = []

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.start({
      data: (chunk) => {
        this.intake.push(chunk)
        this.#hear()
      },
      drain: () => this.#room(),
      end: () => this.#end(new LinkLost('Unexpected end-of-file before all bytes were read')),
      closed: (reason) => this.#end(new LinkLost(reason?.message ?? 'Connection closed')),
    })
  }

  get lost(): LinkLost | undefined {
    return this.#lost
  }

  get stream(): Duplex {
    return this.#stream
  }

  /** Calls `hear` whenever something has come, or when nothing more will: for one reader at a time. */
  listen(hear: () => void): void {
    this.#hear = hear
    hear()
  }

  /** Reads with a parser: the next message. @throws {LinkLost} if it never comes */
  next<T>(parser: { next(): T | undefined }): Promise<T> {
    return new Promise((resolve, reject) => {
      this.listen(() => {
        const message = parser.next()
        if (message !== undefined) {
          this.#hear = () => undefined
          resolve(message)
        } else if (this.#lost !== undefined) reject(this.#lost)
      })
    })
  }

  /** The next bytes. @throws {LinkLost} if they never come */
  take(count: number): Promise<Uint8Array> {
    return this.next({ next: () => this.intake.take(count) })
  }

  /** Settles when there is room for more to be sent, or nobody to send it to. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  /** Nothing that comes counts any more. */
  giveUp(reason: LinkLost): void {
    this.#end(reason)
    this.#stream.destroy()
  }

  /** As `giveUp()`, but what was sent last still goes, if somebody reads it. */
  async leave(reason: LinkLost): Promise<void> {
    this.#end(reason)
    const timer = setTimeout(() => this.#stream.destroy(), patience)
    await this.#stream.close()
    clearTimeout(timer)
  }

  #room(): void {
    for (const settle of this.#drained.splice(0)) settle()
  }

  #end(reason: LinkLost): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    this.#room()
    this.#hear()
  }
}
