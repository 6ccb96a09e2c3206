import type { CommandTable } from './command.ts'
import type { EventTable } from './event.ts'
import { nothing } from './object-types.ts'
import type { SchemaInfo } from './schema-info.ts'
import type { AnyType, Feature, Members, Shape, Variants } from './type.ts'

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
      'arg-type': types.use(command.arguments),
      'ret-type': types.use(command.returns),
      ...(command.oob === true && { 'allow-oob': true }),
      ...marked(command.features),
    })
  }
  for (const [name, event] of Object.entries(events)) {
    entries.push({ name, 'meta-type': 'event', 'arg-type': types.use(event.payload), ...marked(event.features) })
  }
  return [...entries, ...types.describe()]
}

function marked(features: readonly Feature[] | undefined): { features?: string[] } {
  return features === undefined || features.length === 0 ? {} : { features: [...features] }
}

/** What an entry says beside the name. */
type Description = SchemaInfo extends infer Info ? (Info extends unknown ? Omit<Info, 'name'> : never) : never
type ObjectMembers = Extract<SchemaInfo, { 'meta-type': 'object' }>['members']
type ObjectVariants = NonNullable<Extract<SchemaInfo, { 'meta-type': 'object' }>['variants']>

/** Names and describes types as they come into use. */
class UsedTypes {
  /** What has been used: builtin types and lists by their name, others by their shape. Describing adds more. */
  readonly #used = new Map<Shape | string, { readonly name: string; readonly shape: Shape }>()
  #masked = 0

  /** The name under which a type is known in the schema. */
  use({ shape }: AnyType): string {
    const ownName =
      shape.meta === 'builtin' ? builtinName(shape) : shape.meta === 'array' ? `[${this.use(shape.of)}]` : undefined
    const known = this.#used.get(ownName ?? shape)
    if (known !== undefined) return known.name
    const name = ownName ?? String(this.#masked++)
    this.#used.set(ownName ?? shape, { name, shape })
    return name
  }

  describe(): SchemaInfo[] {
    const entries: SchemaInfo[] = []
    for (const { name, shape } of this.#used.values()) entries.push({ name, ...this.#describe(shape) })
    return entries
  }

  #describe(shape: Shape): Description {
    switch (shape.meta) {
      case 'builtin':
        return { 'meta-type': 'builtin', 'json-type': shape.jsonType }
      case 'enum':
        return {
          'meta-type': 'enum',
          members: shape.words.map((name) => ({ name, ...marked(shape.features[name]) })),
          values: [...shape.words],
        }
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
          ...marked(shape.features),
        }
    }
  }

  #members(members: Members): ObjectMembers {
    return Object.entries(members).map(([name, { type, optional, features }]) => ({
      name,
      type: this.use(type),
      ...(optional && { default: null }),
      ...marked(features),
    }))
  }

  /** The branches as declared, then a case with the empty type for every word of the discriminator that adds nothing. */
  #variants({ discriminator, branches }: Variants, members: Members): ObjectVariants {
    const tag = members[discriminator]?.type.shape
    const words = tag?.meta === 'enum' ? tag.words : Object.keys(branches)
    const adding = Object.keys(branches).filter((word) => branches[word] !== undefined)
    const cases = [...adding, ...words.filter((word) => !adding.includes(word))]
    return cases.map((word) => ({ case: word, type: this.use(branches[word] ?? nothing) }))
  }
}

const builtinNames = {
  string: 'str',
  int: 'int',
  number: 'number',
  boolean: 'bool',
  null: 'null',
  object: 'object',
  array: 'array',
  value: 'any',
} as const

function builtinName({ jsonType }: Extract<Shape, { meta: 'builtin' }>): string {
  return builtinNames[jsonType]
}
