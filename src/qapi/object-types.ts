import { firstStranger } from '../hash/index.ts'
import { memberAt, type Place, wrongType } from './place.ts'
import { QmpError } from './qmp-error.ts'
import { str } from './scalars.ts'
import type { Infer, Member, Members, Simplify, StructOf, Type } from './type.ts'

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
  const names = Object.keys(value)
  if (names.length !== known.length) {
    const strangers = names.filter((name) => !known.includes(name))
    const named = strangers.length === 1 ? strangers[0]! : firstStranger(names, known)!
    throw new QmpError('GenericError', `Parameter '${memberAt(at, named).path}' is unexpected`)
  }
  return output as T
}

/** The spelling under which a member came, or undefined if it is absent. */
function spelling(input: Input, name: string, member: Member<unknown, boolean>): string | undefined {
  if (Object.hasOwn(input, name)) return name
  return member.alias?.find((alias) => Object.hasOwn(input, alias))
}

function visitMembers(
  members: Members,
  input: Input,
  at: Place,
  output: Record<string, unknown>,
  known: string[],
): void {
  for (const name in members) {
    const member = members[name]!
    const came = spelling(input, name, member)
    if (came === undefined) {
      if (member.optional) continue
      throw new QmpError('GenericError', `Parameter '${memberAt(at, name).path}' is missing`)
    }
    known.push(came)
    output[name] = member.type.decode(input[came], memberAt(at, came))
  }
}

/** An object with named members, checked in the order of their declaration. */
export function struct<M extends Members>(name: string, members: M): ObjectType<StructOf<M>> {
  const type: ObjectType<StructOf<M>> = {
    name,
    shape: { meta: 'object', members },
    visit: (input, at, output, known) => visitMembers(members, input, at, output, known),
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
  /** Members that every branch has; the discriminator is added as the first one if it is not among them. */
  readonly base: M
  readonly discriminator: D
  /** What each word of the discriminator adds; undefined for nothing. */
  readonly branches: B
  /** Words of the discriminator in the order of their enum, with its name; by default those of `branches`. */
  readonly words?: Type<string>
}

/**
 * A flat union: the discriminator says which further members the object has.
 *
 * Old-style unions, whose branches wrap their value in a member `data`, are flat unions over wrapper structs.
 */
export function union<M extends Members, D extends string, B extends Branches>(
  name: string,
  { base, discriminator, branches, words }: UnionSpec<M, D, B>,
): ObjectType<UnionOf<M, D, B>> {
  const discriminating: Member<string, false> = {
    type: words ?? wordsOf(`${name}Kind`, branches),
    doc: 'which kind it is',
    optional: false,
  }
  const members: Members = discriminator in base ? base : { ...base, [discriminator]: discriminating }
  const type: ObjectType<UnionOf<M, D, B>> = {
    name,
    shape: { meta: 'object', members, variants: { discriminator, branches } },
    visit(input, at, output, known) {
      visitMembers(members, input, at, output, known)
      branches[output[discriminator] as string]?.visit(input, at, output, known)
    },
    decode: (value, at) => decodeObject(type, value, at),
  }
  return type
}

function wordsOf(name: string, branches: Branches): Type<string> {
  return oneOf(name, Object.keys(branches))
}

/** One of a closed set of words. */
export function oneOf<const W extends readonly string[]>(
  name: string,
  words: W,
): Type<W[number]> & { readonly words: W } {
  const set: ReadonlySet<string> = new Set(words)
  return {
    name,
    words,
    shape: { meta: 'enum', words },
    decode(value, at) {
      const word = str.decode(value, at)
      if (!set.has(word)) throw new QmpError('GenericError', `Parameter '${at.leaf}' does not accept value '${word}'`)
      return word
    },
  }
}
