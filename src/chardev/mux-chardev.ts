import type { Duplex } from '../transport/index.ts'
import type { Chardev, Frontend } from './chardev.ts'
import { ChardevError } from './chardev-error.ts'
import { LineStamps } from './line-stamps.ts'
import { MuxKeys, muxHelp } from './mux-keys.ts'
import { MuxStream } from './mux-stream.ts'

/** So many front ends can share a device. */
export const mostFrontends = 4

/** What a shared device asks of the machine, when somebody presses its keys. */
export interface MuxActions {
  /** Ends the machine. */
  exit(): void
  /** Brings what was written under -snapshot into the images. */
  save(): void
}

/** A front end and its side of the present connection. */
interface Slot {
  readonly frontend: Frontend
  stream: MuxStream | undefined
}

/**
 * A device that several front ends share (`mux=on`): what they send is mixed, what comes in goes to one of them. Keys
 * behind Ctrl-A switch between them, and do more.
 */
export class MuxChardev implements Chardev {
  readonly label: string
  readonly filename = 'mux'
  readonly #base: Chardev
  readonly #actions: MuxActions
  readonly #slots: Slot[] = []
  readonly #keys = new MuxKeys()
  #focus: Slot | undefined
  #connection: Duplex | undefined
  #stamps: LineStamps | undefined

  /** @param base - the device itself, which nobody else is attached to */
  constructor(label: string, base: Chardev, actions: MuxActions) {
    this.label = label
    this.#base = base
    this.#actions = actions
  }

  /** Connects the front ends: all that were to be attached at the start are. */
  open(): void {
    const slots = this.#slots
    const isOpen = (): boolean => this.frontendOpen
    this.#base.attach({
      concurrent: false,
      connection: (stream) => this.#connected(stream),
      broken: () => {
        for (const { frontend } of slots) frontend.broken?.()
      },
      get listens() {
        return isOpen()
      },
    })
  }

  get frontend(): Frontend | undefined {
    return this.#focus?.frontend
  }

  get frontendOpen(): boolean {
    return this.#slots.some(({ frontend }) => frontend.listens ?? true)
  }

  get awaited(): Promise<void> | undefined {
    return this.#base.awaited
  }

  /** The front end that was attached last gets what comes in, until somebody switches. */
  attach(frontend: Frontend): void {
    if (this.#slots.length >= mostFrontends) {
      throw new ChardevError(
        'in-use',
        `too many uses of multiplexed chardev '${this.label}' (maximum is ${mostFrontends})`,
      )
    }
    const slot: Slot = { frontend, stream: undefined }
    this.#slots.push(slot)
    this.#focus?.frontend.focused?.(false)
    this.#focus = slot
    frontend.focused?.(true)
    if (this.#connection !== undefined) this.#join(slot, this.#connection)
  }

  /** Of those that stay, the one that was attached last gets what comes in. */
  detach(frontend: Frontend): void {
    const slot = this.#slots.find((one) => one.frontend === frontend)
    if (slot === undefined) return
    this.#slots.splice(this.#slots.indexOf(slot), 1)
    slot.stream?.destroy()
    if (slot !== this.#focus) return
    this.#focus = this.#slots.at(-1)
    this.#focus?.frontend.focused?.(true)
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map(({ stream }) => stream?.close()))
  }

  destroy(): void {
    for (const { stream } of this.#slots) stream?.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #connected(connection: Duplex): void {
    this.#connection = connection
    for (const slot of this.#slots) this.#join(slot, connection)
    connection.start({
      data: (chunk) => this.#receive(chunk),
      drain: () => {
        for (const { stream } of this.#slots) stream?.drained()
      },
      // Standard input that is used up says nothing of who reads standard output.
      end: () => {
        if (connection.kind !== 'stdio' && connection.kind !== 'pipe') void connection.close()
      },
      closed: () => {
        this.#connection = undefined
        for (const slot of this.#slots) {
          slot.stream?.destroy()
          slot.stream = undefined
        }
      },
    })
  }

  /** Gives a front end a connection of its own, whose other end is here. */
  #join(slot: Slot, connection: Duplex): void {
    slot.stream = new MuxStream({
      send: (bytes) => this.#send(bytes),
      flow: (open) => {
        if (!open) connection.pause()
        else if (slot === this.#focus) connection.resume()
      },
      get buffered() {
        return connection.buffered
      },
    })
    slot.frontend.connection(slot.stream)
  }

  #send(bytes: Uint8Array): boolean {
    return this.#connection?.write(this.#stamps?.stamp(bytes) ?? bytes) ?? false
  }

  #receive(chunk: Uint8Array): void {
    for (const part of this.#keys.split(chunk)) {
      if (typeof part !== 'string') {
        this.#focus?.stream?.deliver(part)
        continue
      }
      if (part === 'help') this.#send(Buffer.from(muxHelp))
      else if (part === 'switch') this.#switch()
      else if (part === 'break') this.#focus?.frontend.broken?.()
      else if (part === 'save') this.#actions.save()
      else if (part === 'timestamps') this.#stamps = this.#stamps === undefined ? newStamps() : undefined
      else {
        this.#send(Buffer.from('QEMU: Terminated\n\r'))
        this.#actions.exit()
      }
    }
  }

  #switch(): void {
    const last = this.#focus
    if (last === undefined) return
    this.#focus = this.#slots[(this.#slots.indexOf(last) + 1) % this.#slots.length]
    last.frontend.focused?.(false)
    this.#focus?.frontend.focused?.(true)
  }
}

function newStamps(): LineStamps {
  return new LineStamps(() => performance.now())
}
