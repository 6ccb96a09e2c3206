import { BusObject, backendModel, type DeviceModel, DeviceObject } from '../../devices/index.ts'
import { type ClassAccess, constant, QomObject, type TypeTable } from '../../qom/index.ts'

/**
 * Adds what a device has behind its place on the PCI bus: a bus, a device on that, and the bus that this may bring. What
 * the part has in common with the device is read there.
 */
export function addBackend(
  device: DeviceObject,
  model: DeviceModel,
  {
    types,
    brings,
    hotplugged,
  }: { readonly types: TypeTable; readonly brings: string | undefined; readonly hotplugged: boolean },
): void {
  const part = backendModel(model)
  if (part === undefined) return
  const bus = device.addChild('virtio-bus', new BusObject(types, 'virtio-pci-bus'))
  const access = Object.entries(part.properties).map(([name, { name: type }]): [string, ClassAccess] => {
    if (name.startsWith('legacy-')) return [name, {}]
    if (type.startsWith('link<')) return [name, { target: () => device.component(name) }]
    return [name, { get: () => device.get(name), set: (value) => device.set(name, value) }]
  })
  const backend = new DeviceObject(types, part, { bus, hotplugged, access: Object.fromEntries(access) })
  device.addChild('virtio-backend', backend)
  if (part.otherwise !== undefined && device.component(part.otherwise.property) === undefined)
    backend.addChild(part.otherwise.name, new QomObject(types, part.otherwise.type, { opened: constant(true) }))
  if (model.carries !== undefined && brings !== undefined)
    backend.addChild(brings, new BusObject(types, model.carries, { hotplugHandler: () => backend }))
}

/** Where links of a device lead that nobody has said: to a part of what is behind it. */
export function backendLinks(
  { backend }: DeviceModel,
  device: () => DeviceObject,
): Readonly<Record<string, ClassAccess>> {
  if (backend?.otherwise === undefined) return {}
  const { property, name } = backend.otherwise
  return { [property]: { target: () => device().component('virtio-backend')?.component(name) } }
}
