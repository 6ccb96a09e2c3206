import { QmpError } from '../qapi/index.ts'
import { type Access, type ClassAccess, constant, type Property, QomObject, type TypeTable } from '../qom/index.ts'
import { BusObject, isThere } from './bus-object.ts'
import type { DeviceModel } from './model.ts'
import { defaultValue, type PropertyType } from './properties.ts'
import { backendModel } from './virtio/backend-model.ts'

/** What is true of one device. */
export interface DeviceTraits {
  /** The id that it was given. */
  readonly id?: string | undefined
  /** Values of its properties, where they are not what its model says; a function reads what can change. */
  readonly properties?: Readonly<Record<string, unknown>>
  /** Other ways to read and write properties, and links to others. */
  readonly access?: Readonly<Record<string, ClassAccess>>
  readonly bus?: BusObject | undefined
  /** It has come while the machine ran. */
  readonly hotplugged?: boolean
  /** It may go while the machine runs, if its bus lets it. */
  readonly hotPluggable?: boolean
}

/** A device, as an object of the tree, which is on its bus from now on. */
export class DeviceObject extends QomObject {
  readonly id: string | undefined
  readonly bus: BusObject | undefined

  constructor(
    types: TypeTable,
    model: Pick<DeviceModel, 'name' | 'properties' | 'buses' | 'backend'>,
    traits: DeviceTraits = {},
  ) {
    const { id, properties = {}, access = {}, bus, hotplugged = false, hotPluggable = false } = traits
    // What is passed on to the part behind it is refused by that, which has no id.
    const passed = new Set(Object.keys(backendModel({ ...model })?.properties ?? {}))
    const accessOf = (name: string, type: PropertyType): Access => {
      const value = Object.hasOwn(properties, name) ? properties[name] : (defaultValue(type) ?? noValue(type.name))
      const get = typeof value === 'function' ? (value as () => unknown) : () => exactly(value, type)
      const refuse = (): never =>
        passed.has(name) ? refuseChange(name, model.backend!.type, undefined) : refuseChange(name, model.name, id)
      return { get, set: refuse }
    }
    const said = Object.entries(model.properties).map(([name, type]) => [name, accessOf(name, type)] as const)
    super(types, model.name, {
      parent_bus: { target: () => bus },
      realized: isThere,
      hotplugged: constant(hotplugged),
      hotpluggable: { get: () => hotPluggable && bus?.hotPluggable !== false },
      ...Object.fromEntries(said),
      'legacy-addr': { get: () => addressText(Number(properties['addr'])) },
      ...access,
    })
    this.id = id
    this.bus = bus
    for (const [name, type] of Object.entries(model.properties))
      if (type.ofEach === true && !isWiring(type.name))
        this.addProperty(name, ownProperty(type, access[name] ?? accessOf(name, type)))
    for (const [name, type] of Object.entries(model.buses ?? {})) this.addChild(name, new BusObject(types, type))
    bus?.join(this)
  }

  /** A bus that it brings; absent if there is none of that name. */
  busOf(name: string): BusObject | undefined {
    const part = this.component(name)
    return part instanceof BusObject ? part : undefined
  }

  /** The device is gone: from its bus, and from the tree. */
  vanish(): void {
    this.bus?.leave(this)
    this.unparent()
  }
}

/** Memory and interrupt lines are no objects here; a part that is one is added by who makes it. */
function isWiring(type: string): boolean {
  return type.startsWith('child<') || type === 'link<irq>'
}

function ownProperty({ name: type }: PropertyType, access: ClassAccess): Property {
  if ('target' in access) return { kind: 'link', type, ...access }
  return type.startsWith('link<') ? { kind: 'link', type, target: () => undefined } : { kind: 'value', type, ...access }
}

/** A number that is as by default, though JavaScript's are not wide enough for it. */
function exactly(value: unknown, { byDefault }: PropertyType): unknown {
  const tooWide =
    typeof value === 'number' && !Number.isSafeInteger(value) && String(value) === String(Number(byDefault))
  return tooWide ? BigInt(byDefault!) : value
}

/** What is neither said nor known is empty. */
function noValue(type: string): unknown {
  if (type === 'str') return ''
  return type === 'bool' ? false : type === 'int32' ? -1 : 0
}

function refuseChange(property: string, type: string, id: string | undefined): never {
  const who = id === undefined ? 'anonymous device' : `device '${id}'`
  const text = `Attempt to set property '${property}' on ${who} (type '${type}') after it was realized`
  throw new QmpError('GenericError', text)
}

/** Slot and function as people write them. */
function addressText(address: number): string {
  return `${(address >> 3).toString(16).padStart(2, '0')}.${address & 7}`
}
