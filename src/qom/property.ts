import { memberAt, root, type Type } from '../qapi/index.ts'
import type { QomObject } from './qom-object.ts'

/** How a value is read and written. What has no `get` is not readable, what has no `set` is not writable. */
export interface Access {
  readonly get?: () => unknown
  /** May refuse, with a `QmpError` in QEMU's words. */
  readonly set?: (value: unknown) => unknown
}

/** A property of one object: a value, a part of it, or another object. */
export type Property =
  | ({ readonly kind: 'value'; readonly type: string } & Access)
  | { readonly kind: 'child'; readonly object: QomObject }
  | ({ readonly kind: 'link'; readonly type: string } & LinkAccess)

/** Where a link leads; nowhere, if undefined. */
export interface LinkAccess extends Pick<Access, 'set'> {
  readonly target: () => QomObject | undefined
}

/** What a property's type is called on the wire. */
export function typeNameOf(property: Property): string {
  return property.kind === 'child' ? `child<${property.object.type}>` : property.type
}

/** A value that stays as it is. */
export function constant(value: unknown): Access {
  return { get: () => value }
}

/** A value that is remembered, and has no other effect. @param name - of the property, as refusals of other types tell it */
export function remembered<T>(name: string, type: Type<T>, initial: T): Access & { readonly get: () => T } {
  let value = initial
  return {
    get: () => value,
    set: (wanted) => {
      value = type.decode(wanted, memberAt(root, name))
    },
  }
}
