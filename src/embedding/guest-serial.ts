import { BoundedQueue, DeadlineError, type Deferred, deadline, deferred, untilAborted } from '../async/index.ts'
import { defaultTimeoutMs, patternText, textPattern, type WaitOptions } from '../client/index.ts'

/** How many characters are remembered: the oldest give way. */
const remembered = 1 << 20

/** A serial port of the guest, as the machine has it. */
export interface SerialPortDoor {
  /** Settles when the guest has room for more. */
  input(bytes: Uint8Array): Promise<void>
  listen(listener: (bytes: Uint8Array) => void): void
}

/** The guest did not say what was waited for. */
export class SerialTimeoutError extends Error {
  override readonly name = 'SerialTimeoutError'
  /** What it had said since what was waited for before. */
  readonly text: string

  constructor(pattern: RegExp | string, text: string, options: ErrorOptions) {
    super(`the guest does not say ${patternText(pattern)}; it has said:\n${text.slice(-2000)}`, options)
    this.text = text
  }
}

/**
 * A serial port for programs in the same process: whatever the port is connected to gets the guest's bytes, too. Bytes are
 * characters of Latin-1.
 */
export class GuestSerial {
  readonly #port: SerialPortDoor
  readonly #lines = new Set<BoundedQueue<string>>()
  #text = ''
  #received = 0
  /** Where in `#text` the part begins that nobody has waited for yet. */
  #fresh = 0
  #line = ''
  #more: Deferred<void> | undefined

  constructor(port: SerialPortDoor) {
    this.#port = port
    port.listen((bytes) => this.#hear(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')))
  }

  /** What the guest has sent, the last megabyte of it. */
  get text(): string {
    return this.#text
  }

  /** How many characters the guest has sent. */
  get received(): number {
    return this.#received
  }

  /** Sends to the guest. Settles when it has room for more. @throws {BoardError} if the machine has ended */
  write(data: string | Uint8Array): Promise<void> {
    return this.#port.input(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
  }

  /**
   * Waits until the guest has sent what `pattern` finds, or that text, behind what was found before.
   *
   * @throws {SerialTimeoutError} if the time is up
   * @throws the reason of `signal`, if it fires first
   */
  async waitFor(
    pattern: RegExp | string,
    { signal, timeoutMs = defaultTimeoutMs }: WaitOptions = {},
  ): Promise<RegExpExecArray> {
    const wanted = textPattern(pattern)
    const limit = deadline(timeoutMs, signal)
    try {
      for (;;) {
        const match = wanted.exec(this.#text.slice(this.#fresh))
        if (match !== null) {
          this.#fresh += match.index + match[0].length
          return match
        }
        this.#more ??= deferred()
        await untilAborted(this.#more.promise, limit.signal)
      }
    } catch (cause) {
      if (cause instanceof DeadlineError && limit.signal.reason === cause)
        throw new SerialTimeoutError(pattern, this.#text.slice(this.#fresh), { cause })
      throw cause
    } finally {
      limit.clear()
    }
  }

  /** Lines from now on, without their ends; several iterators do not take each other's. Ends when it is left. */
  lines({ capacity = 10_000 }: { readonly capacity?: number } = {}): BoundedQueue<string> {
    const queue = new BoundedQueue<string>({ capacity })
    this.#lines.add(queue)
    return queue
  }

  /** The machine has ended. */
  end(): void {
    for (const queue of this.#lines) queue.end()
  }

  #hear(text: string): void {
    this.#text += text
    this.#received += text.length
    const surplus = this.#text.length - remembered
    if (surplus > remembered) {
      this.#text = this.#text.slice(surplus)
      this.#fresh = Math.max(0, this.#fresh - surplus)
    }
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop()!.slice(-remembered)
    for (const queue of this.#lines) {
      if (queue.ended) this.#lines.delete(queue)
      for (const line of lines) queue.push(line.replace(/\r$/, ''))
    }
    this.#more?.resolve()
    this.#more = undefined
  }
}
