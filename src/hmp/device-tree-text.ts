import { sizeText } from '../block/index.ts'
import type { FlashRange } from '../board/index.ts'
import type { Returned } from '../commands/index.ts'
import { BusObject, DeviceObject } from '../devices/index.ts'
import type { QomObject } from '../qom/index.ts'
import { layoutOf } from './device-layout.ts'

export type PciFunction = Returned<'query-pci'>[number]['devices'][number]

/** What `info qtree` shows of a bus: the devices on it, the last one first, and the buses that they bring. */
export async function busText(bus: BusObject, placed: Placed, name = bus.name): Promise<string> {
  const lines: string[] = []
  await addBus({ name, type: bus.type, devices: bus.devices }, { ...placed, indent: '', lines })
  return `${lines.join('\n')}\n`
}

/** What has its place in memory or on the PCI bus. */
interface Placed {
  readonly functions: readonly PciFunction[]
  readonly flash: readonly FlashRange[]
}

interface Page extends Placed {
  readonly indent: string
  readonly lines: string[]
}

interface ShownBus {
  readonly name: string | undefined
  readonly type: string
  readonly devices: readonly QomObject[]
}

async function addBus({ name, type, devices }: ShownBus, page: Page): Promise<void> {
  page.lines.push(`${page.indent}bus: ${name}`, `${page.indent}  type ${type}`)
  for (const device of devices) await addDevice(device, { ...page, indent: `${page.indent}  ` })
}

async function addDevice(device: QomObject, { functions, flash, indent, lines }: Page): Promise<void> {
  const within = `${indent}  `
  const bus = device instanceof DeviceObject ? device.bus : undefined
  const onPci = bus?.type === 'PCI'
  const { wires, properties, memory } = layoutOf(device, onPci, flash)
  const id = device instanceof DeviceObject ? (device.id ?? '') : ''
  lines.push(`${indent}dev: ${device.type}, id "${id}"`)
  for (const wire of wires) lines.push(within + wire)
  await addValues(device, properties, within, lines)
  for (const [address, bytes] of memory) lines.push(`${within}mmio ${hex(address, 16)}/${hex(bytes, 16)}`)
  if (onPci) await addFunction(device, functions, within, lines)
  // The bus that came last is the first.
  const buses = device.children().filter((part): part is BusObject => part instanceof BusObject)
  for (const { name, type, devices } of byNameBackwards(buses))
    await addBus({ name, type, devices }, { functions, flash, indent: within, lines })
}

function byNameBackwards(buses: readonly BusObject[]): BusObject[] {
  return [...buses].sort((one, other) => ((one.name ?? '') < (other.name ?? '') ? 1 : -1))
}

async function addValues(device: QomObject, names: readonly string[], indent: string, lines: string[]): Promise<void> {
  for (const name of names) lines.push(`${indent}${name} = ${await valueText(device, name)}`)
}

async function valueText(device: QomObject, name: string): Promise<string> {
  const legacy = `legacy-${name}`
  if (device.find(legacy) !== undefined) return String(await device.get(legacy))
  const value = await device.get(name)
  const property = device.find(name)!
  if (typeof value === 'string') return `"${value}"`
  if (typeof value !== 'number' && typeof value !== 'bigint') return String(value)
  if (property.kind === 'value' && property.type === 'size') return `${value} (${sizeText(Number(value))})`
  return `${value} (0x${hex(value, 0)})`
}

/** Class, ids and regions of a function of the PCI bus. */
async function addFunction(
  device: QomObject,
  functions: readonly PciFunction[],
  indent: string,
  lines: string[],
): Promise<void> {
  const address = Number(await device.get('addr'))
  const found = functions.find(({ slot, function: number }) => Number(slot) * 8 + Number(number) === address)
  if (found === undefined) return
  const { class_info, id, regions } = found
  const kind = class_info.desc ?? `Class ${hex(class_info.class, 4)}`
  const place = `00:${hex(address >> 3, 2)}.${address & 7}`
  const sub = `(sub ${hex(id['subsystem-vendor'] ?? 0, 4)}:${hex(id.subsystem ?? 0, 4)})`
  lines.push(`${indent}class ${kind}, addr ${place}, pci id ${hex(id.vendor, 4)}:${hex(id.device, 4)} ${sub}`)
  for (const { bar, type, address: start, size } of regions) {
    const end = BigInt(start) + BigInt(size) - 1n
    lines.push(`${indent}bar ${bar}: ${type === 'io' ? 'i/o' : 'mem'} at 0x${hex(start, 0)} [0x${hex(end, 0)}]`)
  }
}

function hex(value: number | bigint, digits: number): string {
  return BigInt.asUintN(64, BigInt(value)).toString(16).padStart(digits, '0')
}
