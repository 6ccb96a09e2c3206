import type { Events } from '../commands/index.ts'
import type { DataOf, ErrorClass } from '../qapi/index.ts'
import { ProtocolError } from './client-error.ts'
import { plain } from './plain.ts'

/** What a server says first. */
export interface Greeting {
  readonly version: {
    readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number }
    readonly package: string
  }
  readonly capabilities: readonly string[]
}

/** Events that the table knows. */
export type EventName = keyof Events & string

/** Something that happened to the machine. */
export interface AnyQmpEvent {
  readonly event: string
  /** When it happened, by the server's clock, in milliseconds since the epoch. */
  readonly time: number
  readonly data: Readonly<Record<string, unknown>>
}

/** An event that the table knows, with what it carries. */
export type QmpEvent<Name extends EventName = EventName> = {
  readonly [E in Name]: {
    readonly event: E
    /** When it happened, by the server's clock, in milliseconds since the epoch. */
    readonly time: number
    readonly data: Readonly<DataOf<Events[E]>>
  }
}[Name]

export type Message =
  | { readonly kind: 'greeting'; readonly greeting: Greeting }
  | { readonly kind: 'event'; readonly event: AnyQmpEvent }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: unknown; readonly errorClass: ErrorClass; readonly desc: string }

type Fields = Readonly<Record<string, unknown>>

/**
 * Tells what a message is.
 *
 * @throws {ProtocolError} if it is none of QMP's
 */
export function readMessage(value: unknown): Message {
  const message = fields(value)
  if ('QMP' in message) return { kind: 'greeting', greeting: plain(message['QMP']) as Greeting }
  if ('return' in message) return { kind: 'return', id: message['id'], value: plain(message['return']) }
  if ('error' in message) {
    const error = fields(message['error'])
    return { kind: 'error', id: message['id'], errorClass: error['class'] as ErrorClass, desc: String(error['desc']) }
  }
  const name = message['event']
  if (typeof name !== 'string') throw new ProtocolError('the server sent something that is neither reply nor event')
  const { seconds, microseconds } = fields(message['timestamp'])
  return {
    kind: 'event',
    event: {
      event: name,
      time: Number(seconds) * 1000 + Number(microseconds) / 1000,
      data: (plain(message['data']) as Fields | undefined) ?? {},
    },
  }
}

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('the server sent something that is no object')
  }
  return value as Fields
}
