import { deviceModels } from '../devices.ts'
import type { BusNeighbours, CarriedBus, DeviceModel } from '../model.ts'
import type { Bus } from './pc-buses.ts'
import type { PlannedDevice } from './planned-device.ts'

/** A place on a bus that another device brings. */
export interface CarriedPlace {
  readonly bus: CarriedBus
  /** Path of that device, and the name of the bus. */
  readonly carrier: string
  readonly name: string
}

/** A device that is there already. */
export interface PlacedDevice extends Pick<PlannedDevice, 'model' | 'id' | 'properties' | 'place' | 'brings'> {
  readonly path: string
}

/** Names for buses that devices without an id bring: numbers, each given once. */
export class CarriedBusNames {
  readonly #next = new Map<CarriedBus, number>()

  nameFor(kind: CarriedBus, id: string | undefined): string {
    if (id !== undefined) return `${id}.0`
    const number = this.#next.get(kind) ?? 0
    this.#next.set(kind, number + 1)
    return `${kind.toLowerCase()}.${number}`
  }
}

/** Whether a device is on a bus that another one brings. */
export function isCarried(place: PlannedDevice['place']): place is CarriedPlace {
  return !['PCI', 'ISA', 'System', 'none'].includes(place.bus)
}

/** A place on a bus that another device brings. */
export function carriedPlace({ bus }: DeviceModel, { name }: Bus, carrier: string): CarriedPlace {
  return { bus: bus as CarriedBus, carrier, name }
}

/** What else is on the bus of a place. */
export function neighboursOf(at: PlacedDevice['place'], others: readonly PlacedDevice[]): BusNeighbours {
  const { bus } = at
  const everywhere = others.filter(({ place }) => place.bus === bus)
  if (!isCarried(at)) return { carrier: {}, everywhere, devices: everywhere }
  const { carrier } = at
  return {
    carrier: others.find(({ path }) => path === carrier)!.properties,
    everywhere,
    devices: everywhere.filter(({ place }) => isCarried(place) && place.carrier === carrier),
  }
}

/** The buses that a device brings, with what is on them: what came last comes first. */
export function busesOf({ path, model, brings }: PlacedDevice, others: readonly PlacedDevice[]): readonly Bus[] {
  const { backend, carries } = deviceModels[model] ?? {}
  if (backend === undefined) return []
  const buses: readonly Bus[] =
    carries === undefined || brings === undefined
      ? []
      : [{ name: brings, kind: carries, carrier: path, hotplugs: true, devices: carriedBy(path, others) }]
  return [{ name: 'virtio-bus', kind: 'virtio-pci-bus', devices: [{ type: backend.type, buses }] }]
}

function carriedBy(carrier: string, others: readonly PlacedDevice[]): Bus['devices'] {
  const on = others.filter(({ place }) => isCarried(place) && place.carrier === carrier)
  return on.map((device) => ({ type: device.model, id: device.id })).reverse()
}
