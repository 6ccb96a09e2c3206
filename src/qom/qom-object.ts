import { GlibTable } from '../hash/index.ts'
import { QmpError } from '../qapi/index.ts'
import { type Access, type LinkAccess, type Property, typeNameOf } from './property.ts'
import type { TypeTable } from './type-table.ts'

/** What a class says its objects have, as one object reads and writes it. */
export type ClassAccess = Access | LinkAccess

/**
 * An object: its class's properties, and those of its own, among them its parts. It is nowhere until it is added to
 * another one.
 *
 * @throws {QmpError} in QEMU's words, where something is asked that cannot be
 */
export class QomObject {
  readonly type: string
  readonly #class: ReadonlyMap<string, Property>
  readonly #own = new Map<string, Property>()
  /** The order in which QEMU's hash table has them. */
  readonly #order = new GlibTable()
  #place: { readonly parent: QomObject; readonly name: string } | undefined

  /** @param access - to those properties of its class that it has a word in; others can be neither read nor written */
  constructor(types: TypeTable, type: string, access: Readonly<Record<string, ClassAccess>> = {}) {
    this.type = type
    const read = { type: { get: () => type }, ...access } as Readonly<Record<string, ClassAccess>>
    this.#class = new Map(types.classPropertiesOf(type).map((one) => [one.name, joined(one.type, read[one.name])]))
  }

  /** Its canonical path; undefined while it is no part of a tree. */
  get path(): string | undefined {
    if (this.#place === undefined) return undefined
    const { parent, name } = this.#place
    const above = parent.path
    return above === undefined ? undefined : `${above === '/' ? '' : above}/${name}`
  }

  /** Its name in its parent. */
  get name(): string | undefined {
    return this.#place?.name
  }

  get parent(): QomObject | undefined {
    return this.#place?.parent
  }

  /** Adds a property. A name that ends in `[*]` becomes the first of `[0]`, `[1]`, … that is free. @returns the name */
  addProperty(name: string, property: Property): string {
    const free = name.endsWith('[*]') ? this.#freeName(name.slice(0, -3)) : name
    if (this.find(free) !== undefined) {
      const text = `attempt to add duplicate property '${free}' to object (type '${this.type}')`
      throw new QmpError('GenericError', text)
    }
    this.#own.set(free, property)
    this.#order.add(free)
    return free
  }

  /** Makes an object a part of this one; its name as in `addProperty()`. @returns the part */
  addChild<T extends QomObject>(name: string, object: T): T {
    object.#place = { parent: this, name: this.addProperty(name, { kind: 'child', object }) }
    return object
  }

  /** Removes a property of its own that is no part of it; does nothing if there is none. */
  removeProperty(name: string): void {
    if (!this.#own.has(name)) return
    this.#own.delete(name)
    this.#order.remove(name)
  }

  /** Takes this object out of its parent; does nothing if it has none. */
  unparent(): void {
    if (this.#place === undefined) return
    const { parent, name } = this.#place
    this.#place = undefined
    parent.#own.delete(name)
    parent.#order.removeInPassing(name)
  }

  find(name: string): Property | undefined {
    return this.#class.get(name) ?? this.#own.get(name)
  }

  /** Names and properties in QEMU's order: the class's, the first class first; then its own. */
  *properties(): Iterable<readonly [name: string, property: Property]> {
    yield* this.#class
    for (const name of this.#order.names().reverse()) yield [name, this.#own.get(name)!]
  }

  /** Names and types of all properties, in QEMU's order. */
  list(): { readonly name: string; readonly type: string }[] {
    return Array.from(this.properties(), ([name, property]) => ({ name, type: typeNameOf(property) }))
  }

  /** Its parts, in the order in which QEMU walks them: the reverse of that in which they are listed. */
  children(): readonly QomObject[] {
    return this.#order.names().flatMap((name) => {
      const property = this.#own.get(name)!
      return property.kind === 'child' ? [property.object] : []
    })
  }

  /** The part or the linked object of that name. */
  component(name: string): QomObject | undefined {
    const property = this.find(name)
    if (property?.kind === 'child') return property.object
    return property?.kind === 'link' ? property.target() : undefined
  }

  /** Reads a property: of parts and links, it is their path. */
  async get(name: string): Promise<unknown> {
    const property = this.#require(name)
    if (property.kind === 'child') return property.object.path
    if (property.kind === 'link') return property.target()?.path ?? ''
    if (property.get === undefined) throw this.#refusal(name, 'is not readable')
    return property.get()
  }

  async set(name: string, value: unknown): Promise<void> {
    const property = this.#require(name)
    if (property.kind === 'child' || property.set === undefined) throw this.#refusal(name, 'is not writable')
    await property.set(value)
  }

  #require(name: string): Property {
    const property = this.find(name)
    if (property === undefined) throw this.#refusal(name, 'not found')
    return property
  }

  #refusal(name: string, why: string): QmpError {
    return new QmpError('GenericError', `Property '${this.type}.${name}' ${why}`)
  }

  #freeName(stem: string): string {
    let number = 0
    while (this.find(`${stem}[${number}]`) !== undefined) number++
    return `${stem}[${number}]`
  }
}

function joined(type: string, access: ClassAccess = {}): Property {
  if ('target' in access) return { kind: 'link', type, ...access }
  return type.startsWith('link<') ? { kind: 'link', type, target: () => undefined } : { kind: 'value', type, ...access }
}
