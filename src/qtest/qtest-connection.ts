import { type Deferred, deferred } from '../async/index.ts'
import type { Duplex } from '../transport/index.ts'
import type { QtestLog } from './qtest-log.ts'

/** A line that goes on for longer is the last of its connection. */
const longestLine = 256 * 2 ** 20
/** Who does not read so many lines about interrupts is sent away. */
const mostUnheard = 1 << 16

/** What a command comes to; QEMU says no time of `plain` ones in its log. */
export interface Answer {
  readonly text: string
  readonly plain?: boolean
}

interface Needs {
  readonly stream: Duplex
  readonly log: QtestLog
  readonly answer: (line: string) => Promise<Answer>
  /** Settles when the commands of those who came before have been done. */
  readonly turn: Promise<void>
  readonly gone: () => void
}

/**
 * One test: its lines are answered one after another, each when the one before has been sent. What has come before it
 * leaves is still done, and answered to nobody.
 */
export class QtestConnection {
  readonly #needs: Needs
  readonly #decoder = new TextDecoder('latin1')
  /** The beginning of a line. It is looked into only when it is whole: that would cost its length each time. */
  #rest = ''
  #open = true
  #room: Deferred<void> | undefined
  #unheard = 0
  #served: Promise<void>

  constructor(needs: Needs) {
    this.#needs = needs
    this.#served = needs.turn
  }

  /** Settles when all that has been asked for has been done. */
  get served(): Promise<void> {
    return this.#served
  }

  start(): void {
    const { stream, log, gone } = this.#needs
    log.connected()
    stream.start({
      data: (chunk) => this.#receive(this.#decoder.decode(chunk)),
      drain: () => this.#makeRoom(),
      end: () => {
        if (stream.kind !== 'stdio' && stream.kind !== 'pipe') void stream.close()
      },
      closed: () => {
        this.#open = false
        this.#makeRoom()
        log.left()
        gone()
      },
    })
  }

  /** Tells something that nobody has asked for. */
  tell(text: string): void {
    if (!this.#send({ text }) && ++this.#unheard > mostUnheard) this.#needs.stream.destroy()
  }

  #receive(text: string): void {
    const { stream } = this.#needs
    const end = text.lastIndexOf('\n')
    if (end < 0) {
      this.#rest += text
      if (this.#rest.length > longestLine) stream.destroy()
      return
    }
    const lines = (this.#rest + text.slice(0, end)).split('\n')
    this.#rest = text.slice(end + 1)
    stream.pause()
    this.#served = this.#serve(lines, this.#served).finally(() => stream.resume())
  }

  async #serve(lines: readonly string[], before: Promise<void>): Promise<void> {
    await before
    for (const line of lines) {
      if (this.#open) this.#needs.log.received(line)
      const answer = await this.#needs.answer(line)
      if (this.#open && !this.#send(answer)) await this.#awaitRoom()
    }
  }

  /** @returns false if more has to wait */
  #send({ text, plain = false }: Answer): boolean {
    const room = this.#needs.stream.write(text)
    this.#needs.log.sent(text, { plain })
    return room
  }

  #awaitRoom(): Promise<void> | undefined {
    if (!this.#open) return undefined
    this.#room ??= deferred()
    return this.#room.promise
  }

  #makeRoom(): void {
    this.#unheard = 0
    this.#room?.resolve()
    this.#room = undefined
  }
}
