/** Makes the types of the declaration language from a schema, so that a server's own commands can be tried on it. */
import {
  type AnyType,
  any,
  bool,
  either,
  int,
  type JsonKind,
  list,
  type Member,
  type Members,
  nil,
  number,
  type ObjectType,
  oneOf,
  opt,
  req,
  type SchemaInfo,
  str,
  struct,
  union,
} from '../../src/qapi/index.ts'

const builtins: Readonly<Record<string, AnyType>> = { str, bool, int: int.wide, number, any, null: nil }

type ObjectInfo = Extract<SchemaInfo, { 'meta-type': 'object' }>

/** Finds types by the names that the schema has for them. The schema does not tell the sizes of integers. */
export function typesFromSchema(schema: readonly SchemaInfo[]): (name: string) => AnyType {
  const entries = new Map(schema.map((info) => [info.name, info]))
  const types = new Map<string, AnyType>(Object.entries(builtins))

  function typeOf(name: string): AnyType {
    const known = types.get(name)
    if (known !== undefined) return known
    const type = make(entries.get(name)!)
    types.set(name, type)
    return type
  }

  function make(info: SchemaInfo): AnyType {
    switch (info['meta-type']) {
      case 'enum': {
        const features = info.members.flatMap(({ name, features }) =>
          features === undefined ? [] : [[name, features]],
        )
        return oneOf(info.name, info.values, Object.fromEntries(features))
      }
      case 'array':
        return list(typeOf(info['element-type']))
      case 'alternate':
        return either(
          info.name,
          Object.fromEntries(info.members.map(({ type }) => [kindOf(entries.get(type)!), typeOf(type)])),
        )
      case 'object':
        return objectType(info)
      default:
        throw new Error(`${info.name} is a ${info['meta-type']}`)
    }
  }

  function objectType(info: ObjectInfo): ObjectType<any> {
    const members = lazily(
      info.members.map(({ name, type, default: optional, features = [] }) => [
        name,
        (): Member<any, boolean> => (optional === null ? opt : req)(typeOf(type), '', { features }),
      ]),
    ) as Members
    if (info.tag === undefined) return struct(info.name, members, info.features)
    const branches = lazily(info.variants!.map((variant) => [variant.case, () => typeOf(variant.type)]))
    return union(info.name, {
      base: members,
      discriminator: info.tag,
      branches: branches as Record<string, ObjectType<any>>,
      ...(info.features !== undefined && { features: info.features }),
    })
  }

  return typeOf
}

/** An object whose properties are made when they are looked at: types hold themselves. */
function lazily(properties: readonly (readonly [name: string, make: () => unknown])[]): Record<string, unknown> {
  const object = {}
  for (const [name, get] of properties) Object.defineProperty(object, name, { enumerable: true, get })
  return object
}

function kindOf(info: SchemaInfo): JsonKind {
  if (info['meta-type'] === 'enum') return 'string'
  if (info['meta-type'] === 'array' || info['meta-type'] === 'object') return info['meta-type']
  const kinds: Readonly<Record<string, JsonKind>> = { str: 'string', bool: 'boolean', int: 'integer', null: 'null' }
  return kinds[info.name]!
}
