import { ByteIntake, greeting, HagglingParser, handshakeFlags } from '../nbd/index.ts'
import { clearTimeout, setTimeout } from '../timers/index.ts'
import { type Duplex, type DuplexSink, restartable } from '../transport/index.ts'
import { type Answer, type ExportDirectory, Haggling } from './haggling.ts'
import { Transmission } from './transmission.ts'

/** Speaks TLS over a stream from now on. @throws {Error} if the client cannot, or may not */
export type Secure = (plain: Duplex) => Promise<{ readonly stream: Duplex }>

export interface ConnectionOptions {
  readonly directory: ExportDirectory
  /** Without it there is no TLS; with it there is nothing else. */
  readonly secure?: Secure | undefined
  /** Milliseconds within which a client must have chosen an export. */
  readonly handshakeMs: number
  /** Hears why a client was sent away, in QEMU's words. */
  readonly complain: (text: string) => void
}

type Phase =
  | { readonly at: 'haggling'; readonly haggling: Haggling; readonly parser: HagglingParser }
  /** Bytes that come now belong to TLS. */
  | { readonly at: 'securing' }
  | { readonly at: 'transmission'; readonly transmission: Transmission; readonly leave: () => void }
  | { readonly at: 'over' }

/** What came was cut off: amid the haggling, amid a request. */
const cutOff = {
  haggling: 'Unexpected end-of-file before all data were read',
  request: 'Unexpected end-of-file before all bytes were read',
}

/**
 * One client: haggles, then serves requests, until either side ends it. What a client does that it should not ends its
 * connection, and nothing else.
 */
export class NbdConnection {
  readonly #options: ConnectionOptions
  readonly #intake = new ByteIntake()
  readonly #deadline: NodeJS.Timeout
  #stream: Duplex
  #phase: Phase
  #paused = false
  #drained: (() => void)[] = []
  /** Settles when the client is gone and nothing is served for it any more. */
  readonly closed: Promise<void>
  #settle: () => void = () => undefined

  constructor(outside: Duplex, options: ConnectionOptions) {
    const stream = options.secure === undefined ? outside : restartable(outside)
    this.#options = options
    this.#stream = stream
    this.closed = new Promise((resolve) => {
      this.#settle = resolve
    })
    const haggling = new Haggling(options.directory, { tls: options.secure === undefined ? 'none' : 'required' })
    this.#phase = { at: 'haggling', haggling, parser: new HagglingParser(this.#intake) }
    this.#deadline = setTimeout(() => this.destroy(), options.handshakeMs)
    stream.start(this.#sink(stream))
    stream.write(greeting(handshakeFlags.fixedNewStyle | handshakeFlags.noZeroes))
  }

  /** Ends it at once; what was not sent is lost. */
  destroy(): void {
    this.#over()
    this.#stream.destroy()
  }

  #sink(stream: Duplex): DuplexSink {
    return {
      data: (chunk) => {
        if (this.#stream !== stream || this.#phase.at === 'over') return
        this.#intake.push(chunk)
        this.#go()
      },
      drain: () => this.#drain(),
      end: () => this.#peerEnded(),
      closed: () => {
        if (this.#stream === stream && this.#phase.at !== 'securing') this.#over()
      },
    }
  }

  /** Makes what can be made of what has come; what cannot be taken now is not read further. */
  #go(): void {
    if (this.#phase.at === 'haggling') this.#haggle(this.#phase)
    const phase = this.#phase
    if (phase.at !== 'transmission') return
    phase.transmission.pump()
    const takes = phase.transmission.takes
    if (takes === !this.#paused) return
    this.#paused = !takes
    if (takes) this.#stream.resume()
    else this.#stream.pause()
  }

  #haggle({ haggling, parser }: Extract<Phase, { at: 'haggling' }>): void {
    while (this.#phase.at === 'haggling') {
      const message = parser.next()
      if (message === undefined) return
      this.#follow(haggling, parser, haggling.answer(message))
    }
  }

  #follow(haggling: Haggling, parser: HagglingParser, answer: Answer): void {
    for (const bytes of answer.bytes) this.#stream.write(bytes)
    switch (answer.kind) {
      case 'reply':
        return
      case 'tls':
        this.#beginTls(haggling, parser)
        return
      case 'agreed': {
        clearTimeout(this.#deadline)
        const { agreement } = answer
        const transmission = new Transmission(agreement, this.#intake, {
          send: (bytes) => {
            this.#stream.write(bytes)
            return this.#stream.buffered
          },
          sent: () => this.#sent(),
          served: () => this.#go(),
          end: (reason) => this.#end(reason === undefined ? undefined : `Disconnect client, due to: ${reason}`),
        })
        const leave = agreement.export.join({ dismiss: () => this.destroy() })
        this.#phase = { at: 'transmission', transmission, leave }
        return
      }
      case 'end':
        this.#end(answer.reason)
    }
  }

  #beginTls(haggling: Haggling, parser: HagglingParser): void {
    const { secure } = this.#options
    if (secure === undefined || this.#intake.size > 0) {
      // What was sent before its time in clear text must not count as if it had come through TLS.
      this.destroy()
      return
    }
    this.#phase = { at: 'securing' }
    secure(this.#stream).then(
      ({ stream }) => {
        if (this.#phase.at !== 'securing') {
          stream.destroy()
          return
        }
        haggling.secured()
        this.#stream = stream
        this.#phase = { at: 'haggling', haggling, parser }
        stream.start(this.#sink(stream))
      },
      (error: Error) => {
        this.#options.complain(`option negotiation failed: ${error.message}`)
        this.#over()
        this.#stream.destroy()
      },
    )
  }

  #drain(): void {
    const phase = this.#phase
    if (phase.at === 'transmission') phase.transmission.drained(this.#stream.buffered)
    for (const settle of this.#drained.splice(0)) settle()
    this.#go()
  }

  #sent(): Promise<void> {
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  /** A client that has said all may still want to hear the answers. */
  #peerEnded(): void {
    const phase = this.#phase
    if (phase.at === 'haggling') {
      this.#end(`option negotiation failed: Failed to read ${phase.parser.awaits}: ${cutOff.haggling}`)
    } else if (phase.at === 'transmission') {
      const { transmission } = phase
      const cut = transmission.amid && transmission.takes
      void transmission.quiet().then(() => this.#end(cut ? `Disconnect client, due to: ${cutOff.request}` : undefined))
    }
  }

  /** Sends what is to be sent, and closes. */
  #end(reason: string | undefined): void {
    if (this.#phase.at === 'over') return
    if (reason !== undefined) this.#options.complain(reason)
    const stream = this.#stream
    this.#over()
    void stream.close()
  }

  #over(): void {
    clearTimeout(this.#deadline)
    const phase = this.#phase
    if (phase.at === 'over') return
    this.#phase = { at: 'over' }
    for (const settle of this.#drained.splice(0)) settle()
    if (phase.at !== 'transmission') {
      this.#settle()
      return
    }
    phase.transmission.stop()
    // The image stays until nothing of this client touches it any more.
    void phase.transmission.quiet().then(() => {
      phase.leave()
      this.#settle()
    })
  }
}
