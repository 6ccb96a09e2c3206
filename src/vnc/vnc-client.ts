import { ByteInbox } from '../bytes/index.ts'
import {
  acknowledgement,
  type ClientMessage,
  colourMapMessage,
  continuousUpdatesEnd,
  desktopName,
  Encoding,
  extendedDesktopSize,
  fenceFlags,
  fenceMessage,
  fenceRequest,
  ledState,
  levels,
  pointerType,
  RfbError,
  readClientMessage,
  SizeReason,
  SizeStatus,
  serverInit,
  updateHeader,
  usualFormat,
  withFurtherButtons,
  Xvp,
  xvpMessage,
} from '../rfb/index.ts'
import { closeWithin, type Duplex, restartable } from '../transport/index.ts'
import { letIn } from './let-in.ts'
import { PictureSender } from './picture-sender.ts'
import type { VncDisplayParts, VncTls } from './vnc-display-parts.ts'
import type { VncClientEnd, VncServerEnd } from './vnc-events.ts'
import { ViewerInput } from './vnc-input.ts'

/** How much may wait to be read, or to be sent beside pictures, before the client is not read from any more; in bytes. */
const enough = { toRead: 1 << 18, toSend: 1 << 20 } as const

/** How long a client that is sent away has to read what was said last, in milliseconds. */
const patience = 1000

/** Whether a client wants the screen for itself; it has not said so yet. */
export type ShareMode = 'connecting' | 'shared' | 'exclusive'

export interface VncClientOptions {
  readonly parts: VncDisplayParts
  readonly duplex: Duplex
  /** Where the display is served; undefined if it is not. */
  readonly server: VncServerEnd | undefined
  readonly client: VncClientEnd
  /** It speaks TLS already. */
  readonly secured: boolean
  /** It need not prove who it is. */
  readonly skipAuth: boolean
  /** Whether it may stay, now that it has said how it wants to share the screen. */
  readonly admit: (client: VncClient) => boolean
}

/** One viewer, from its connection to its end. */
export class VncClient {
  readonly server: VncServerEnd | undefined
  #end: VncClientEnd
  /** Settles when it is gone. */
  readonly gone: Promise<void>
  readonly #options: VncClientOptions
  #duplex: Duplex
  readonly #inbox: ByteInbox
  #mode: ShareMode = 'connecting'
  #reading = true
  #drained: (() => void) | undefined
  #sender: PictureSender | undefined

  constructor(options: VncClientOptions) {
    this.#options = options
    this.server = options.server
    this.#end = options.client
    this.#duplex = options.parts.tls === undefined ? options.duplex : restartable(options.duplex)
    this.#inbox = new ByteInbox(() => this.#flow())
    options.parts.emit('VNC_CONNECTED', this.server, this.end)
    this.#listen()
    this.gone = this.#run()
  }

  get end(): VncClientEnd {
    return this.#end
  }

  get mode(): ShareMode {
    return this.#mode
  }

  /** Sends the client away. */
  disconnect(): void {
    this.#inbox.end(new RfbError('the client was sent away'))
    this.#duplex.destroy()
  }

  #listen(): void {
    this.#duplex.start({
      data: (chunk) => {
        this.#inbox.push(chunk)
        this.#flow()
      },
      drain: () => {
        this.#sender?.drained()
        this.#drained?.()
      },
      end: () => this.#inbox.end(new RfbError('the client has ended the connection')),
      closed: () => {
        this.#inbox.end(new RfbError('the connection is closed'))
        this.#drained?.()
      },
    })
  }

  /** What is said from here on is said inside TLS. */
  async #secure(secure: VncTls['secure']): Promise<void> {
    // What was sent in the clear before its time must not count as if it had come through TLS.
    if (this.#inbox.buffered > 0) throw new RfbError('the client has said more than it was asked')
    const { stream, peerName } = await secure(this.#duplex)
    this.#duplex = stream
    this.#listen()
    if (peerName !== undefined) this.#end = { ...this.#end, x509_dname: peerName }
  }

  async #run(): Promise<void> {
    const { parts } = this.#options
    try {
      await this.#serve()
    } catch (error) {
      // Whatever a client does ends its own connection, and nothing else.
      parts.log('a client is gone', error)
    } finally {
      this.#sender?.end()
      await closeWithin(this.#duplex, patience)
    }
    parts.emit('VNC_DISCONNECTED', this.server, this.end)
  }

  async #serve(): Promise<void> {
    const { parts, secured, skipAuth, admit } = this.#options
    const write = (bytes: Uint8Array): boolean => this.#duplex.write(bytes)
    const { tls } = parts
    await letIn({
      inbox: this.#inbox,
      write,
      password: parts.password,
      tls:
        tls === undefined || secured
          ? undefined
          : { kind: tls.kind, secure: () => this.#secure((plain) => tls.secure(plain)) },
      skipAuth,
    })
    const [shared] = await this.#inbox.read(1)
    this.#mode = shared === 0 ? 'exclusive' : 'shared'
    if (!admit(this)) return
    await parts.screen.refresh()
    this.#sender = new PictureSender({
      screen: parts.screen,
      encoder: parts.encoder,
      write,
      failed: (error) => {
        parts.log('a picture could not be sent', error)
        this.disconnect()
      },
    })
    write(serverInit(this.#sender.size, usualFormat, parts.name))
    parts.emit('VNC_INITIALIZED', this.server, this.end)
    await this.#converse(this.#sender)
  }

  async #converse(sender: PictureSender): Promise<void> {
    const { parts } = this.#options
    const input = new ViewerInput(parts.input, parts)
    const extensions = new Extensions(this.#options, sender, (bytes) => this.#duplex.write(bytes))
    try {
      for (;;) {
        const message = await readClientMessage(this.#inbox)
        switch (message.type) {
          case 'setPixelFormat':
            sender.setFormat(message.format)
            if (!message.format.trueColour) this.#duplex.write(colourMapMessage())
            break
          case 'setEncodings':
            extensions.learn(message.encodings)
            break
          case 'updateRequest':
            sender.request(message.incremental, message.area)
            break
          case 'key':
            input.key(message.down, message.keysym, message.keycode)
            parts.screen.hurry()
            break
          case 'pointer': {
            const whole = extensions.furtherButtons ? await withFurtherButtons(message, this.#inbox) : message
            input.pointer(whole, extensions.tellsMovements, sender.size)
            parts.screen.hurry()
            break
          }
          default:
            extensions.take(message)
        }
        if (this.#duplex.buffered > enough.toSend) await this.#emptied()
      }
    } finally {
      input.release()
      extensions.end()
    }
  }

  /** Waits until the client reads, or is gone. */
  #emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }

  /** Reads on, or not, as much as waits to be dealt with. */
  #flow(): void {
    const room = this.#inbox.buffered < enough.toRead
    if (room === this.#reading) return
    this.#reading = room
    if (room) this.#duplex.resume()
    else this.#duplex.pause()
  }
}

/** What a client and the server understand beside the plain protocol. */
class Extensions {
  readonly #options: VncClientOptions
  readonly #sender: PictureSender
  readonly #write: (bytes: Uint8Array) => boolean
  readonly #release: () => void
  #known: ReadonlySet<number> = new Set()
  #absolute: boolean | undefined
  #leds: number | undefined
  #named = false

  constructor(options: VncClientOptions, sender: PictureSender, write: (bytes: Uint8Array) => boolean) {
    this.#options = options
    this.#sender = sender
    this.#write = write
    this.#release = options.parts.input.onChange(() => {
      this.#tellPointerType()
      this.#tellLeds(false)
    })
  }

  get furtherButtons(): boolean {
    return this.#known.has(Encoding.extendedMouseButtons)
  }

  /** Whether pointer messages of the client are movements. */
  get tellsMovements(): boolean {
    return this.#absolute === false
  }

  end(): void {
    this.#release()
  }

  /** The client says what it understands, what it likes best first. */
  learn(numbers: readonly number[]): void {
    const { parts } = this.#options
    const before = this.#known
    const known = new Set(numbers)
    this.#known = known
    const level = numbers.find((number) => number >= levels.compress && number < levels.compress + levels.count)
    this.#sender.setEncodings(numbers, level === undefined ? undefined : level - levels.compress)
    const isNew = (encoding: number): boolean => known.has(encoding) && !before.has(encoding)
    if (known.has(Encoding.qemuKeyEvent)) this.#rectangle(acknowledgement(Encoding.qemuKeyEvent, this.#sender.size))
    if (known.has(Encoding.extendedMouseButtons))
      this.#rectangle(acknowledgement(Encoding.extendedMouseButtons, this.#sender.size))
    if (known.has(Encoding.xvp) && parts.power !== undefined) this.#write(xvpMessage(Xvp.init))
    if (isNew(Encoding.fence)) this.#write(fenceMessage(fenceRequest, new Uint8Array(0)))
    if (isNew(Encoding.continuousUpdates)) this.#write(continuousUpdatesEnd)
    if (known.has(Encoding.desktopName) && !this.#named) {
      this.#named = true
      this.#rectangle(desktopName(parts.name))
    }
    this.#tellPointerType()
    this.#tellLeds(true)
  }

  take(message: ClientMessage): void {
    const { power } = this.#options.parts
    switch (message.type) {
      case 'continuousUpdates':
        this.#sender.continue(message.enable)
        if (!message.enable) this.#write(continuousUpdatesEnd)
        break
      case 'fence':
        // Whatever came before has been dealt with. An answer to ours says nothing.
        if (message.flags & fenceRequest) this.#write(fenceMessage(message.flags & fenceFlags, message.payload))
        break
      case 'xvp':
        if (power === undefined) throw new RfbError('power is not controlled by viewers')
        if (message.code === Xvp.shutdown) power.shutdown()
        else if (message.code === Xvp.reset) power.reset()
        else this.#write(xvpMessage(Xvp.fail))
        break
      case 'setDesktopSize':
        this.#rectangle(extendedDesktopSize(this.#sender.size, SizeReason.client, SizeStatus.invalid))
        break
      default:
    }
  }

  #tellPointerType(): void {
    const { absolute } = this.#options.parts.input
    if (!this.#known.has(Encoding.pointerTypeChange) || absolute === this.#absolute) return
    this.#absolute = absolute
    this.#rectangle(pointerType(absolute, this.#sender.size))
  }

  /** @param asked - the client has just said what it understands */
  #tellLeds(asked: boolean): void {
    const { leds } = this.#options.parts.input
    if (!this.#known.has(Encoding.ledState) || (leds === this.#leds && !asked)) return
    this.#leds = leds
    this.#rectangle(ledState(leds))
  }

  #rectangle(bytes: Uint8Array): void {
    this.#write(Buffer.concat([updateHeader(1), bytes]))
  }
}
