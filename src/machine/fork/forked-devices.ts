import { randomUUID } from 'node:crypto'
import { deviceModels, type PlannedDevice, type PropertyType, type PropertyValue } from '../../devices/index.ts'
import { OptionError } from '../../keyval/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import type { MachineConfig } from '../config.ts'
import { cannotFork, type ForkOptions } from './fork-options.ts'

type Devices = Pick<MachineConfig, 'cards' | 'devices' | 'wished'>

/**
 * The devices of a fork: a `vmgenid` has another identifier, and network cards have the addresses that were given.
 *
 * @throws {QmpError} GenericError, if there is no such card, or it cannot have such an address
 */
export function forkedDevices({ cards, devices, wished }: Devices, { macs = {} }: Pick<ForkOptions, 'macs'>): Devices {
  const guid = randomUUID()
  const found = new Set<string>()
  const changed = <Device extends Pick<PlannedDevice, 'id' | 'model' | 'properties'>>(device: Device): Device => {
    const { model, properties } = device
    if (model === 'vmgenid') return { ...device, properties: { ...properties, guid } }
    const said = [device.id, properties['netdev']].find((name) => ownEntry(macs, String(name ?? '')) !== undefined)
    const type = deviceModels[model]?.properties['mac']
    if (said === undefined || type === undefined) return device
    found.add(String(said))
    return { ...device, properties: { ...properties, mac: macOf(type, macs[String(said)], model) } }
  }
  const all = { cards: cards.map(changed), devices: devices.map(changed), wished: wished.map(changed) }
  const missing = Object.keys(macs).find((name) => !found.has(name))
  if (missing !== undefined) throw cannotFork(`there is no network card '${missing}'`)
  return all
}

/** An address as `-nic` takes it: one of a group of cards is none. */
function macOf(type: PropertyType, said: unknown, model: string): PropertyValue {
  try {
    const mac = type.read('mac', said, model)
    if ((Number.parseInt(String(mac), 16) & 1) !== 0)
      throw new OptionError(`NIC cannot have multicast MAC address ${mac}`)
    return mac
  } catch (error) {
    throw error instanceof OptionError ? cannotFork(error.message) : error
  }
}
