import { isJsonObject } from './object-types.ts'
import { elementAt, type Place, wrongType } from './place.ts'
import type { AnyType, Infer, JsonKind, Type } from './type.ts'

/** Any number of values of one type. */
export function list<T>(of: Type<T>): Type<T[]> {
  return {
    name: `[${of.name}]`,
    shape: { meta: 'array', of },
    decode(value, at) {
      if (!Array.isArray(value)) throw wrongType(at, 'array')
      return value.map((element, index) => of.decode(element, elementAt(at, index)))
    },
  }
}

/**
 * An alternate: the kind of JSON value decides which type it is; all numbers are of one kind.
 *
 * A value of a kind that it does not have gets QEMU's complaint, which names the alternate itself.
 */
export function either<K extends Readonly<Partial<Record<JsonKind, AnyType>>>>(
  name: string,
  kinds: K,
): Type<{ [J in keyof K]: Infer<K[J]> }[keyof K]> {
  const types: Readonly<Partial<Record<JsonKind, AnyType>>> = kinds
  return {
    name,
    shape: { meta: 'alternate', of: Object.values(types) },
    decode(value, at) {
      const type = isNumeric(value) ? (types.integer ?? types.number) : types[kindOf(value)]
      if (type === undefined) throw wrongType({ leaf: at.leaf, path: at.leaf }, name)
      return type.decode(value, at)
    },
  }
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Number
}

function kindOf(value: unknown): JsonKind {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (value === null) return 'null'
  return isJsonObject(value) ? 'object' : 'array'
}

/**
 * A type that also takes what old clients send: `rewrite` turns it into what the type knows and leaves everything else
 * alone. Introspection shows the type without it.
 */
export function lenient<T>(type: Type<T>, rewrite: (value: unknown) => unknown): Type<T> {
  return { ...type, decode: (value: unknown, at: Place) => type.decode(rewrite(value), at) }
}
