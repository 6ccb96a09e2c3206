import type { AnyType, Members, Variants } from './type.ts'

/** A type as JSON Schema tells it (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * Describes a type for those who know nothing of QAPI. The schema takes whatever the type takes; of ranges of integers it
 * says nothing, and the type is asked all the same. Not for types that hold themselves.
 */
export function jsonSchemaOf({ shape }: AnyType): JsonSchema {
  switch (shape.meta) {
    case 'builtin':
      return shape.jsonType === 'value' ? {} : { type: shape.jsonType === 'int' ? 'integer' : shape.jsonType }
    case 'enum':
      return { type: 'string', enum: [...shape.words] }
    case 'array':
      return { type: 'array', items: jsonSchemaOf(shape.of) }
    case 'alternate':
      return { anyOf: shape.of.map(jsonSchemaOf) }
    case 'object':
      return shape.variants === undefined
        ? objectSchema(shape.members)
        : { type: 'object', oneOf: variantSchemas(shape.members, shape.variants) }
  }
}

function objectSchema(members: Members, fixed: Readonly<Record<string, string>> = {}): JsonSchema {
  const entries = Object.entries(members)
  const properties = entries.map(([name, { type, doc }]) => {
    const schema = Object.hasOwn(fixed, name) ? { const: fixed[name] } : jsonSchemaOf(type)
    return [name, { ...schema, description: doc }]
  })
  const required = entries.flatMap(([name, { optional }]) => (optional ? [] : [name]))
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

/** One for each word of the discriminator. */
function variantSchemas(members: Members, { discriminator, branches }: Variants): JsonSchema[] {
  return Object.entries(branches).map(([word, branch]) => {
    const added = branch?.shape.meta === 'object' ? branch.shape.members : {}
    return objectSchema({ ...members, ...added }, { [discriminator]: word })
  })
}
