/**
 * The declaration language: types that validate, describe and infer; commands and events declared with them; errors of
 * the wire; introspection. Knows no command, and nothing of how bytes get here.
 */
export {
  type AnyCommand,
  type ArgsFrom,
  type ArgsOf,
  type ArgsSpec,
  type Call,
  type CallDescriptors,
  type CallSession,
  type Command,
  type CommandSpec,
  type CommandTable,
  type Execute,
  family,
  type NeedsOf,
  type ReturnOf,
} from './command.ts'
export { complete } from './completion.ts'
export { either, lenient, list } from './composites.ts'
export { anchor, commandPage, eventPage } from './doc-page.ts'
export { type AnyEvent, type DataOf, type EmitOf, type Event, type EventSpec, type EventTable, event } from './event.ts'
export { type Example, example } from './example.ts'
export { schemaOf } from './introspection.ts'
export { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
export { isJsonObject, nothing, type ObjectType, struct, type UnionOf, unchecked, union } from './object-types.ts'
export { type EnumType, oneOf } from './one-of.ts'
export { memberAt, type Place, root } from './place.ts'
export { qemuVersion } from './qemu-version.ts'
export { type ErrorClass, QmpError } from './qmp-error.ts'
export {
  any,
  bool,
  int,
  int8,
  int16,
  int32,
  int64,
  nil,
  number,
  size,
  str,
  uint8,
  uint16,
  uint32,
  uint64,
} from './scalars.ts'
export { SchemaInfo } from './schema-info.ts'
export {
  type AnyType,
  type Feature,
  type Infer,
  type JsonKind,
  type Member,
  type Members,
  opt,
  req,
  type Shape,
  type StructOf,
  type Type,
} from './type.ts'
export { typescriptTypes } from './typescript-types.ts'
