import { QmpError } from '../qapi/index.ts'
import type { InputEvent, PointerEvent } from './input-event.ts'
import type { InputHandlers } from './input-handlers.ts'
import { keyNumber, keyOfNumber } from './q-key-code.ts'
import type { KeyValue } from './send-key.ts'

/** An event as clients send it (QAPI `InputEvent`, without the wrappers around `data`). */
export type AskedEvent =
  | { readonly type: 'key'; readonly key: KeyValue; readonly down: boolean }
  | Extract<PointerEvent, { type: 'btn' }>
  | { readonly type: 'rel' | 'abs'; readonly axis: 'x' | 'y'; readonly value: number | bigint }

export interface InputEventsRequest {
  /** Id of the display device whose input devices are meant. */
  readonly device?: string | undefined
  /** Output of that device, 0 if absent; without `device` it says nothing. */
  readonly head?: number | bigint | undefined
  readonly events: readonly AskedEvent[]
}

export interface InputEventsOptions {
  readonly handlers: InputHandlers
  /** Keys by number wait behind those that `send-key` still has to press. */
  readonly pressInTurn: (key: number, down: boolean) => void
  /** @throws {QmpError} if there is no such device, or it has no such output */
  readonly checkConsole: (device: string, head: number | bigint | undefined) => void
  /** Whether the guest runs, or sleeps and may be woken. */
  readonly takesInput: () => boolean
}

/** Gives the guest's input devices what a client sends (QMP `input-send-event`). */
export class InputEvents {
  readonly #options: InputEventsOptions

  constructor(options: InputEventsOptions) {
    this.#options = options
  }

  /**
   * Sends the events, all of which are one report; either all or none.
   *
   * @throws {QmpError} if there is no such display device, the guest does not run, or no device takes events of a kind
   */
  send({ device, head, events }: InputEventsRequest): void {
    const { handlers, checkConsole, takesInput } = this.#options
    if (device !== undefined) checkConsole(device, head)
    if (!takesInput()) throw new QmpError('GenericError', 'VM not running')
    const refused = events.find(({ type }) => !handlers.takes(type))
    if (refused !== undefined) {
      throw new QmpError('GenericError', `Input handler not found for event type ${refused.type}`)
    }
    for (const event of events) this.#send(event)
    handlers.sync()
  }

  #send(event: AskedEvent): void {
    const { handlers, pressInTurn } = this.#options
    if (event.type === 'key' && event.key.type === 'number') pressInTurn(keyOfNumber(event.key.data), event.down)
    else handlers.send(known(event))
  }
}

function known(event: AskedEvent): InputEvent {
  if (event.type === 'btn') return event
  if (event.type === 'key') {
    const { key, down } = event
    if (key.type === 'qcode') return { type: 'key', key: keyNumber(key.data), name: key.data, down }
    return { type: 'key', key: keyOfNumber(key.data), down }
  }
  // QEMU's devices count in 32 bits.
  return { ...event, value: Number(BigInt.asIntN(32, BigInt(event.value))) }
}
