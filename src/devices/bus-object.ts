import { bool, memberAt, QmpError, root } from '../qapi/index.ts'
import { type Access, constant, QomObject, type TypeTable } from '../qom/index.ts'

/** Whether devices of a bus come and go, and through which device. */
export interface BusTraits {
  /** Whether anybody has set it up; there is one that nobody does. */
  readonly realized?: boolean
  readonly hotplugHandler?: () => QomObject | undefined
}

/** A bus, as an object: it leads to the devices that are on it. */
export class BusObject extends QomObject {
  readonly #links = new Map<QomObject, string>()
  readonly #handler: BusTraits['hotplugHandler']
  #next = 0

  constructor(types: TypeTable, type: string, { hotplugHandler, realized = true }: BusTraits = {}) {
    super(types, type)
    this.#handler = hotplugHandler
    this.addProperty('hotplug-handler', {
      kind: 'link',
      type: 'link<hotplug-handler>',
      target: () => hotplugHandler?.(),
    })
    this.addProperty('realized', { kind: 'value', type: 'bool', ...(realized ? isThere : constant(false)) })
  }

  get hotPluggable(): boolean {
    return this.#handler?.() !== undefined
  }

  /** The devices on the bus, the one that came last before the others. */
  get devices(): readonly QomObject[] {
    return [...this.#links.keys()].reverse()
  }

  /** A device that QEMU has, and this machine has not, has its number. */
  skip(): void {
    this.#next++
  }

  /** A device has come. */
  join(device: QomObject): void {
    const name = `child[${this.#next++}]`
    this.#links.set(
      device,
      this.addProperty(name, { kind: 'link', type: `link<${device.type}>`, target: () => device }),
    )
  }

  /** A device is gone; nobody else gets its number. */
  leave(device: QomObject): void {
    const name = this.#links.get(device)
    if (name !== undefined) this.removeProperty(name)
    this.#links.delete(device)
  }
}

/** What is in the tree is at work; nobody switches it off. */
export const isThere: Access = {
  ...constant(true),
  set: (wanted) => {
    if (bool.decode(wanted, memberAt(root, 'realized'))) return
    throw new QmpError('GenericError', "What is realized can only be taken away by 'device_del' here")
  },
}
