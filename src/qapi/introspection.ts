import type { CommandTable } from './command.ts'
import type { EventTable } from './event.ts'
import { nothing } from './object-types.ts'
import type { AnyType, Members, Shape } from './type.ts'

/** An entry of `query-qmp-schema` (QAPI SchemaInfo). */
export type SchemaInfo = Readonly<Record<string, unknown>>

/**
 * Describes commands and events as `query-qmp-schema` does.
 *
 * Commands and events come first, then the types in the order in which they were first used. Names of types are
 * numbers, as QEMU masks them, for they are no promise; only builtin types keep theirs.
 */
export function schemaOf(commands: CommandTable, events: EventTable): readonly SchemaInfo[] {
  const types = new UsedTypes()
  const entries: SchemaInfo[] = []
  for (const [name, command] of Object.entries(commands)) {
    entries.push({
      name,
      'meta-type': 'command',
      'arg-type': types.use(Object.keys(command.args).length === 0 ? nothing : command.arguments),
      'ret-type': types.use(command.returns),
      ...(command.oob === true && { 'allow-oob': true }),
      ...features(command.features),
    })
  }
  for (const [name, event] of Object.entries(events)) {
    entries.push({ name, 'meta-type': 'event', 'arg-type': types.use(event.payload), ...features(event.features) })
  }
  return [...entries, ...types.describe()]
}

function features(names: readonly string[] | undefined): { features?: readonly string[] } {
  return names === undefined ? {} : { features: names }
}

/** Names and describes types as they come into use. */
class UsedTypes {
  /** What has been used, with its name: builtin types and lists by their name, others by their shape. Describing adds more. */
  readonly #used = new Map<Shape | string, { name: string; shape: Shape }>()
  #masked = 0

  /** The name under which a type is known in the schema. */
  use(type: AnyType): string {
    const { shape } = type
    const builtin =
      shape.meta === 'builtin' ? builtinName(shape) : shape.meta === 'array' ? `[${this.use(shape.of)}]` : undefined
    const known = this.#used.get(builtin ?? shape)
    if (known !== undefined) return known.name
    const name = builtin ?? String(this.#masked++)
    this.#used.set(builtin ?? shape, { name, shape })
    return name
  }

  describe(): SchemaInfo[] {
    const entries: SchemaInfo[] = []
    for (const { name, shape } of this.#used.values()) entries.push({ name, ...this.#describe(shape) })
    return entries
  }

  #describe(shape: Shape): SchemaInfo {
    switch (shape.meta) {
      case 'builtin':
        return { 'meta-type': 'builtin', 'json-type': shape.jsonType }
      case 'enum':
        return { 'meta-type': 'enum', members: shape.words.map((word) => ({ name: word })), values: shape.words }
      case 'array':
        return { 'meta-type': 'array', 'element-type': this.use(shape.of) }
      case 'alternate':
        return { 'meta-type': 'alternate', members: shape.of.map((type) => ({ type: this.use(type) })) }
      case 'object':
        return {
          'meta-type': 'object',
          members: this.#members(shape.members),
          ...(shape.variants !== undefined && {
            tag: shape.variants.discriminator,
            variants: this.#variants(shape.variants, shape.members),
          }),
        }
    }
  }

  #members(members: Members): SchemaInfo[] {
    return Object.entries(members).map(([name, member]) => ({
      name,
      type: this.use(member.type),
      ...(member.optional && { default: null }),
      ...features(member.features),
    }))
  }

  /** The branches as declared, then a case with the empty type for every word of the discriminator that adds nothing. */
  #variants(
    { discriminator, branches }: NonNullable<Extract<Shape, { meta: 'object' }>['variants']>,
    members: Members,
  ): SchemaInfo[] {
    const tag = members[discriminator]?.type.shape
    const words = tag?.meta === 'enum' ? tag.words : Object.keys(branches)
    const adding = Object.keys(branches).filter((word) => branches[word] !== undefined)
    const cases = [...adding, ...words.filter((word) => !adding.includes(word))]
    return cases.map((word) => ({ case: word, type: this.use(branches[word] ?? nothing) }))
  }
}

function builtinName(shape: Extract<Shape, { meta: 'builtin' }>): string {
  const names = {
    string: 'str',
    int: 'int',
    number: 'number',
    boolean: 'bool',
    null: 'null',
    object: 'object',
    array: 'array',
    value: 'any',
  }
  return names[shape.jsonType]
}
