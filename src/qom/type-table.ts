import { QmpError } from '../qapi/index.ts'

/** A property that all objects of a type have. */
export interface TypeProperty {
  readonly name: string
  readonly type: string
  readonly description?: string
  readonly byDefault?: unknown
  /** It is a part of each object, and listed behind those of the types below. */
  readonly own?: true
}

export interface ObjectType {
  readonly name: string
  readonly parent?: string
  /** There are no objects of it, only of types below. */
  readonly abstract?: boolean
  /** Those that it adds to its parent's, in the order in which they are listed. */
  readonly properties?: readonly TypeProperty[]
}

/** The types that there are. */
export class TypeTable {
  readonly #types: ReadonlyMap<string, ObjectType>

  constructor(types: readonly ObjectType[]) {
    this.#types = new Map(types.map((type) => [type.name, type]))
  }

  find(name: string): ObjectType | undefined {
    return this.#types.get(name)
  }

  /** The types, and those alone that can have objects, unless said otherwise. @param implemented - by all that are wanted */
  list({ implemented, abstract = false }: { implemented?: string | undefined; abstract?: boolean | undefined }) {
    return [...this.#types.values()].filter(
      (type) => (abstract || type.abstract !== true) && (implemented === undefined || this.is(type.name, implemented)),
    )
  }

  /** Whether a type is another one, or derived from it. */
  is(name: string, other: string): boolean {
    return this.#lineOf(name).some((type) => type.name === other)
  }

  /** The properties of a type's objects, in the order in which they are listed. */
  propertiesOf(name: string): readonly TypeProperty[] {
    const all = this.#lineOf(name).flatMap(({ properties = [] }) => properties)
    return [...all.filter(({ own }) => own !== true), ...all.filter(({ own }) => own === true)]
  }

  /** Those that every object of a type has from the start, and that are no part of it. */
  classPropertiesOf(name: string): readonly TypeProperty[] {
    return this.#lineOf(name).flatMap(({ properties = [] }) => properties.filter(({ own }) => own !== true))
  }

  /** @throws {QmpError} DeviceNotFound */
  require(name: string): ObjectType {
    const type = this.find(name)
    if (type === undefined) throw new QmpError('DeviceNotFound', `Class '${name}' not found`)
    return type
  }

  /**
   * The properties that can be said of a device.
   *
   * @throws {QmpError} in QEMU's words, if there is no such type, or no device can be made of it
   */
  devicePropertiesOf(name: string): readonly TypeProperty[] {
    const type = this.find(name)
    if (type === undefined) throw new QmpError('DeviceNotFound', `Device '${name}' not found`)
    if (type.abstract === true || !this.is(name, 'device'))
      throw new QmpError('GenericError', "Parameter 'typename' expects a non-abstract device type")
    const every = new Set(this.propertiesOf('device').map((property) => property.name))
    return this.propertiesOf(name).filter(
      (property) => !every.has(property.name) && !property.name.startsWith('legacy-'),
    )
  }

  /** A type and those above it, the first one first. */
  #lineOf(name: string): readonly ObjectType[] {
    const line: ObjectType[] = []
    for (let type = this.find(name); type !== undefined; type = this.find(type.parent ?? '')) line.unshift(type)
    return line
  }
}
