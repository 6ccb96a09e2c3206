/**
 * Objects: their types, the tree that they form, and paths through it. Knows what a type, an object and a property are, and
 * neither devices nor machines in the making: devices bring their own types, and whoever has an object says how it is read.
 */
export { baseTypes } from './base-types.ts'
export { machineTypes } from './machine-types.ts'
export { ObjectTree } from './object-tree.ts'
export { type Access, constant, type LinkAccess, type Property, remembered, typeNameOf } from './property.ts'
export { type ClassAccess, QomObject } from './qom-object.ts'
export { type ObjectType, type TypeProperty, TypeTable } from './type-table.ts'
