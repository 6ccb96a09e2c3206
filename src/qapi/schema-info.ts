import { list } from './composites.ts'
import { struct, union } from './object-types.ts'
import { oneOf } from './one-of.ts'
import { any, bool, str } from './scalars.ts'
import { type Infer, opt, req } from './type.ts'

const typeName = 'name of a type'
const features = opt(list(str), 'what clients are warned of, or may rely on')

const SchemaInfoEnumMember = struct('SchemaInfoEnumMember', { name: req(str, 'the word'), features })

const SchemaInfoObjectMember = struct('SchemaInfoObjectMember', {
  name: req(str, 'name of the member'),
  type: req(str, typeName),
  default: opt(any, 'null, if the member may be left out'),
  features,
})

const SchemaInfoObjectVariant = struct('SchemaInfoObjectVariant', {
  case: req(str, 'word of the member @tag'),
  type: req(str, 'name of the object type whose members are added'),
})

/**
 * A command, an event, or a type that they use, as `query-qmp-schema` tells it (QAPI SchemaInfo).
 *
 * Declared in the language that it describes.
 */
export const SchemaInfo = union('SchemaInfo', {
  base: {
    name: req(str, 'name of the command or event; of a type, a number that means nothing outside this answer'),
    'meta-type': req(
      oneOf('SchemaMetaType', ['builtin', 'enum', 'array', 'object', 'alternate', 'command', 'event']),
      'what it is',
    ),
    features,
  },
  discriminator: 'meta-type',
  branches: {
    builtin: struct('SchemaInfoBuiltin', {
      'json-type': req(
        oneOf('JSONType', ['string', 'number', 'int', 'boolean', 'null', 'object', 'array', 'value']),
        'what it is in JSON; value for anything',
      ),
    }),
    enum: struct('SchemaInfoEnum', {
      members: req(list(SchemaInfoEnumMember), 'its words'),
      values: req(list(str), 'the same without their features', { features: ['deprecated'] }),
    }),
    array: struct('SchemaInfoArray', { 'element-type': req(str, typeName) }),
    object: struct('SchemaInfoObject', {
      members: req(list(SchemaInfoObjectMember), 'members that it always has; the order means nothing'),
      tag: opt(str, 'the member that decides which variant it is'),
      variants: opt(list(SchemaInfoObjectVariant), 'what the words of @tag add'),
    }),
    alternate: struct('SchemaInfoAlternate', {
      members: req(
        list(struct('SchemaInfoAlternateMember', { type: req(str, typeName) })),
        'the types that a value can have',
      ),
    }),
    command: struct('SchemaInfoCommand', {
      'arg-type': req(str, 'name of the object type of the arguments'),
      'ret-type': req(str, 'name of the type of the answer'),
      'allow-oob': opt(bool, 'whether it may be executed out of band'),
    }),
    event: struct('SchemaInfoEvent', { 'arg-type': req(str, 'name of the object type of its data') }),
  },
})

export type SchemaInfo = Infer<typeof SchemaInfo>
