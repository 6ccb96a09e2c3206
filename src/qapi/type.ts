import type { Place } from './place.ts'

/** JSON's kinds of values, as an alternate distinguishes them. */
export type JsonKind = 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array' | 'null'

/** What clients are warned of (QAPI features): `deprecated`, `unstable`, or a name that says what a type can do. */
export type Feature = 'deprecated' | 'unstable' | (string & {})

/** What a type is to the outside: the base of introspection and of the documentation. */
export type Shape =
  | {
      readonly meta: 'builtin'
      readonly jsonType: 'string' | 'int' | 'number' | 'boolean' | 'null' | 'object' | 'array' | 'value'
      /** Of integers: handlers see a bigint where a number would not be exact. */
      readonly wide?: true
    }
  | {
      readonly meta: 'enum'
      readonly words: readonly string[]
      readonly features: Readonly<Partial<Record<string, readonly Feature[]>>>
    }
  | { readonly meta: 'array'; readonly of: AnyType }
  | {
      readonly meta: 'object'
      readonly members: Members
      readonly variants?: Variants
      readonly features: readonly Feature[]
      /** There may be members that it does not name. */
      readonly open?: true
    }
  | { readonly meta: 'alternate'; readonly of: readonly AnyType[] }

export interface Variants {
  readonly discriminator: string
  readonly branches: Readonly<Record<string, AnyType | undefined>>
}

/**
 * A type of the declaration language: validator, TypeScript type and documentation in one value.
 *
 * `decode` throws a QmpError with QEMU's text if the value does not fit, and returns what handlers see otherwise.
 */
export interface Type<T> {
  readonly name: string
  readonly shape: Shape
  decode(value: unknown, at: Place): T
}

export type AnyType = Type<any>
export type Infer<S> = S extends Type<infer T> ? T : never

export interface MemberExtras {
  /** Old spellings that are still taken; introspection does not show them. */
  readonly alias?: readonly string[]
  /** What kind of thing it names: what the documentation says, and what a shell can offer. */
  readonly complete?: 'drive' | 'node' | 'device' | 'chardev' | 'file' | 'job' | 'netdev' | 'object'
  readonly features?: readonly Feature[]
}

/** A member of a struct; `*name` of QAPI is an optional one. */
export interface Member<T, Optional extends boolean> extends MemberExtras {
  readonly type: Type<T>
  readonly doc: string
  readonly optional: Optional
}

export type Members = Readonly<Record<string, Member<any, boolean>>>
export type Simplify<T> = { [K in keyof T]: T[K] } & {}

/** The object type that members describe: optional members become optional properties. */
export type StructOf<M extends Members> = Simplify<
  { [K in keyof M as M[K]['optional'] extends true ? never : K]: Infer<M[K]['type']> } & {
    [K in keyof M as M[K]['optional'] extends true ? K : never]?: Infer<M[K]['type']>
  }
>

/** A member that must be there. */
export function req<T>(type: Type<T>, doc: string, extras: MemberExtras = {}): Member<T, false> {
  return { type, doc, optional: false, ...extras }
}

/** A member that may be absent; never null. */
export function opt<T>(type: Type<T>, doc: string, extras: MemberExtras = {}): Member<T, true> {
  return { type, doc, optional: true, ...extras }
}
