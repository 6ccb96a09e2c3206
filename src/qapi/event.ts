import { nothing, type ObjectType, struct } from './object-types.ts'
import type { Feature, Members, StructOf } from './type.ts'

/** An event, declared in the room that emits it. */
export interface EventSpec<M extends Members> {
  readonly since: string
  readonly doc: string
  /** What it carries; absent for events that only happen. */
  readonly data?: M
  /** Shortest time between two of them on the wire, in milliseconds; of a burst the first and the newest get through. */
  readonly rate?: number
  /** The member of `data` that keeps apart what is limited. */
  readonly rateKey?: keyof M & string
  readonly features?: readonly Feature[]
  /** One line of JSON each. */
  readonly examples: readonly string[]
}

export interface Event<M extends Members> extends EventSpec<M> {
  readonly payload: ObjectType<StructOf<M>>
}

export function event<M extends Members = Record<never, never>>(spec: EventSpec<M>): Event<M> {
  const payload = spec.data === undefined ? (nothing as ObjectType<StructOf<M>>) : struct('data', spec.data)
  return { ...spec, payload }
}

export type AnyEvent = Event<any>
export type EventTable = Readonly<Record<string, AnyEvent>>
export type DataOf<E> = E extends Event<infer M> ? StructOf<M> : never

/** A function that emits the events of a table, typed: data only where the event carries some. */
export type EmitOf<T extends EventTable> = <K extends keyof T & string>(
  name: K,
  ...data: keyof DataOf<T[K]> extends never ? [] : [data: DataOf<T[K]>]
) => void
