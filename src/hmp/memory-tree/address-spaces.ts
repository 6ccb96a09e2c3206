import type { Board, PciFunction } from '../../board/index.ts'
import { DeviceObject } from '../../devices/index.ts'
import type { ObjectTree, QomObject } from '../../qom/index.ts'
import { lowBiosBytes } from '../memory-map.ts'
import { memoryOf, portsOf, portsOfNobody } from './device-regions.ts'
import { alias, type MemoryRegion, region } from './memory-region.ts'
import { pciRegion, powerPorts } from './pci-regions.ts'

/** Memory as one who asks for it sees it: the CPU, its ports, a device. */
export interface AddressSpace {
  /** All those who see it so. */
  readonly names: readonly string[]
  readonly root: MemoryRegion
}

/** What there is to see. */
export interface Surroundings {
  readonly guest: Pick<Board, 'ramBytes' | 'biosBytes' | 'flash' | 'pci'>
  readonly objectTree: ObjectTree
  /** The id of the memory that is RAM. */
  readonly ramName: string
  /** A machine without a CPU has RAM alone. */
  readonly isPc: boolean
}

const everything = 1n << 64n
const portCount = 1 << 16
const biosEnd = 1n << 32n
/** Where RAM below 1 MiB can be switched off on a PC: pieces, of which the last is larger. */
const shadow = { start: 0xc0000, bytes: 0x4000, count: 12, last: { start: 0xf0000, bytes: 0x10000 } }

/** The address spaces of a machine: memory, ports, and what each function of the PCI bus sees. */
export async function addressSpaces(machine: Surroundings): Promise<readonly AddressSpace[]> {
  if (!machine.isPc) {
    const ram = region('ram', 0, machine.guest.ramBytes, { kind: 'ram' })
    return [memorySpace(['memory'], machine.guest.ramBytes > 0 ? [ram] : []), portSpace([])]
  }
  const functions = await machine.guest.pci()
  const devices = machine.objectTree.objects()
  const placed = await placedDevices(devices, functions)
  const ports = [...portsOfNobody]
  for (const device of devices) ports.push(...(await portsOf(device)))
  const bus: MemoryRegion[] = devices.flatMap(memoryOf)
  for (const { device, found } of placed) {
    for (const place of found.regions)
      if (place.address !== undefined) (place.kind === 'io' ? ports : bus).push(pciRegion(device, place))
    if (device.type === 'PIIX4_PM') ports.push(powerPorts(device, found))
  }
  const memory = memorySpace(['cpu-memory-0', 'memory'], pcMemory(machine, bus))
  return [memory, portSpace(ports), ...placed.map((one) => spaceOf(one, memory.root))]
}

function memorySpace(names: readonly string[], parts: readonly MemoryRegion[]): AddressSpace {
  return { names, root: region('system', 0, everything, { hollow: true, parts: [...parts].reverse() }) }
}

function portSpace(parts: readonly MemoryRegion[]): AddressSpace {
  return { names: ['I/O'], root: region('io', 0, portCount, { parts: [...parts].reverse() }) }
}

interface PlacedDevice {
  readonly device: QomObject
  readonly found: PciFunction
}

/** Devices with the functions that they are. */
async function placedDevices(
  devices: readonly QomObject[],
  functions: readonly PciFunction[],
): Promise<readonly PlacedDevice[]> {
  const placed: PlacedDevice[] = []
  for (const device of devices) {
    if (!(device instanceof DeviceObject) || device.bus?.type !== 'PCI') continue
    const address = Number(await device.get('addr'))
    const found = functions.find(({ slot, function: number }) => slot * 8 + number === address)
    if (found !== undefined) placed.push({ device, found })
  }
  return placed
}

/** Memory of a PC: RAM, what is seen of the PCI bus in it, and the interrupt controllers. */
function pcMemory({ guest, objectTree, ramName }: Surroundings, bus: readonly MemoryRegion[]): MemoryRegion[] {
  const { ramBytes, flash } = guest
  const owner = (path: string): { owner?: QomObject } => {
    const found = objectTree.find(path)
    return found === undefined || found === 'ambiguous' ? {} : { owner: found }
  }
  const ram = region(ramName, 0, ramBytes, { kind: 'ram', ...owner(`/objects/${ramName}`) })
  const pci = region('pci', 0, everything, {
    priority: -1,
    hollow: true,
    parts: [
      ...[...bus].reverse(),
      region('pc.rom', 0xc0000, 0x20000, { priority: 1, kind: 'rom' }),
      ...biosRegions(guest),
    ],
  })
  const bridge = owner('/machine/unattached/device[2]')
  const shadowed = (start: number, bytes: number): MemoryRegion =>
    alias('pam-ram', start, bytes, ram, { priority: 1, offset: start, ...bridge })
  return [
    alias('ram-below-4g', 0, ramBytes, ram),
    pci,
    alias('smram-region', 0xa0000, 0x20000, pci, { priority: 1, offset: 0xa0000, ...bridge }),
    ...Array.from({ length: shadow.count }, (_, index) => shadowed(shadow.start + index * shadow.bytes, shadow.bytes)),
    shadowed(shadow.last.start, shadow.last.bytes),
    region('ioapic', 0xfec00000, 0x1000, owner('/machine/i440fx/ioapic')),
    region('apic-msi', 0xfee00000, 0x100000, { priority: 4096, ...owner('/machine/unattached/device[0]/lapic') }),
    ...flash.map(({ name, address, bytes }) =>
      region(name, address, bytes, { kind: 'romd', ...owner(`/machine/${name}`) }),
    ),
  ]
}

/** What is seen of the firmware on the PCI bus: a BIOS and its end below 1 MiB, or a copy of the end of what is in flash. */
function biosRegions({ biosBytes, flash: [first] }: Surroundings['guest']): readonly MemoryRegion[] {
  const lowBytes = Math.min(first?.bytes ?? biosBytes, lowBiosBytes)
  const low = 0x100000 - lowBytes
  if (first !== undefined) return [region('isa-bios', low, lowBytes, { priority: 1, kind: 'rom' })]
  const bios = region('pc.bios', biosEnd - BigInt(biosBytes), biosBytes, { kind: 'rom' })
  return [alias('isa-bios', low, lowBytes, bios, { priority: 1, offset: biosBytes - lowBytes }), bios]
}

/** What a function sees: all memory, once the guest lets it. */
function spaceOf({ device, found }: PlacedDevice, system: MemoryRegion): AddressSpace {
  const seen = alias('bus master', 0, everything, system, { owner: device, enabled: found.busMaster })
  const root = region('bus master container', 0, everything, { hollow: true, owner: device, parts: [seen] })
  return { names: [device.type], root }
}
