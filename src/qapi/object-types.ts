import { firstStranger, memberNames } from '../hash/index.ts'
import { oneOf } from './one-of.ts'
import { memberAt, type Place, wrongType } from './place.ts'
import { QmpError } from './qmp-error.ts'
import type { AnyType, Feature, Infer, Member, Members, Simplify, StructOf, Type } from './type.ts'

type Input = Readonly<Record<string, unknown>>

/** A type whose values are JSON objects: structs and unions. */
export interface ObjectType<T> extends Type<T> {
  /** Decodes the members it knows from `input` into `output` and notes their names in `known`. */
  visit(input: Input, at: Place, output: Record<string, unknown>, known: string[]): void
}

/** JSON objects; the parser boxes some numbers, and those are none. */
export function isJsonObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
}

/** Decodes a whole object: what the type knows in declared order, then a complaint of strangers. */
export function decodeObject<T>(type: ObjectType<T>, value: unknown, at: Place): T {
  if (!isJsonObject(value)) throw wrongType(at, 'object')
  const output: Record<string, unknown> = {}
  const known: string[] = []
  type.visit(value, at, output, known)
  const names = memberNames(value)
  if (names.length !== known.length) refuseStrangers(value, names, known, at)
  return output as T
}

function refuseStrangers(input: Input, names: readonly string[], known: readonly string[], at: Place): void {
  // A caller in this process may leave a member out by setting it to undefined; on the wire there is no such thing.
  const present = names.filter((name) => input[name] !== undefined)
  const strangers = present.filter((name) => !known.includes(name))
  if (strangers.length === 0) return
  const named = strangers.length === 1 ? strangers[0]! : firstStranger(present, known)!
  throw new QmpError('GenericError', `Parameter '${memberAt(at, named).path}' is unexpected`)
}

/** A member with its name, ready for decoding. */
interface Step {
  readonly name: string
  readonly type: AnyType
  readonly optional: boolean
  /** Old names under which it may come, too. */
  readonly alias: readonly string[]
}

function has(input: Input, name: string): boolean {
  return input[name] !== undefined && Object.hasOwn(input, name)
}

/** Walks members in declared order; made at first use, for a type that holds itself declares its members as getters. */
function visitor(members: Members): ObjectType<unknown>['visit'] {
  let steps: readonly Step[] | undefined
  return (input, at, output, known) => {
    steps ??= Object.entries(members).map(([name, { type, optional, alias = [] }]) => ({
      name,
      type,
      optional,
      alias,
    }))
    for (const { name, type, optional, alias } of steps) {
      const came = has(input, name) ? name : alias.find((old) => has(input, old))
      if (came !== undefined) {
        known.push(came)
        output[name] = type.decode(input[came], memberAt(at, came))
      } else if (!optional) {
        throw new QmpError('GenericError', `Parameter '${memberAt(at, name).path}' is missing`)
      }
    }
  }
}

/** An object with named members, checked in the order of their declaration. */
export function struct<M extends Members>(
  name: string,
  members: M,
  features: readonly Feature[] = [],
): ObjectType<StructOf<M>> {
  const type: ObjectType<StructOf<M>> = {
    name,
    shape: { meta: 'object', members, features },
    visit: visitor(members),
    decode: (value, at) => decodeObject(type, value, at),
  }
  return type
}

/**
 * An object that is taken as it is: members have names and types for those who ask, and nothing is checked. Others may be
 * there, too.
 */
export function unchecked<M extends Members>(members: M): ObjectType<StructOf<M> & Readonly<Record<string, unknown>>> {
  const type: ObjectType<StructOf<M> & Readonly<Record<string, unknown>>> = {
    name: 'arguments',
    shape: { meta: 'object', members, features: [], open: true },
    visit(input, _at, output, known) {
      for (const name of memberNames(input)) {
        known.push(name)
        output[name] = input[name]
      }
    },
    decode: (value, at) => decodeObject(type, value, at),
  }
  return type
}

/** The empty object that a command without a result returns. */
export const nothing: ObjectType<Record<never, never>> = struct('q_empty', {})

type Branches = Readonly<Record<string, ObjectType<any> | undefined>>

/** One object type for each branch: base members, the discriminator with the branch's word, the branch's members. */
export type UnionOf<M extends Members, D extends string, B extends Branches> = {
  [W in keyof B & string]: Simplify<
    Omit<StructOf<M>, D> & { [K in D]: W } & (B[W] extends ObjectType<any> ? Infer<B[W]> : unknown)
  >
}[keyof B & string]

export interface UnionSpec<M extends Members, D extends string, B extends Branches> {
  /** Members that every branch has; the discriminator is added as the last one if it is not among them. */
  readonly base: M
  readonly discriminator: D
  /** What each word of the discriminator adds; undefined for nothing. */
  readonly branches: B
  /** Words of the discriminator with their name, where they are not the branches in their order. */
  readonly words?: Type<string>
  readonly features?: readonly Feature[]
}

/**
 * A flat union: the discriminator says which further members the object has.
 *
 * Old-style unions, whose branches wrap their value in a member `data`, are flat unions over wrapper structs.
 */
export function union<M extends Members, D extends string, B extends Branches>(
  name: string,
  { base, discriminator, branches, words, features = [] }: UnionSpec<M, D, B>,
): ObjectType<UnionOf<M, D, B>> {
  const discriminating: Member<string, false> = {
    type: words ?? oneOf(`${name}Kind`, Object.keys(branches)),
    doc: 'which kind it is',
    optional: false,
  }
  const members: Members = discriminator in base ? base : { ...base, [discriminator]: discriminating }
  const visitBase = visitor(members)
  const type: ObjectType<UnionOf<M, D, B>> = {
    name,
    shape: { meta: 'object', members, variants: { discriminator, branches }, features },
    visit(input, at, output, known) {
      visitBase(input, at, output, known)
      branches[output[discriminator] as string]?.visit(input, at, output, known)
    },
    decode: (value, at) => decodeObject(type, value, at),
  }
  return type
}
