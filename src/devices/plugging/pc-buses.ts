import { PlugError } from './plug-error.ts'

/** A bus of the machine, and what is on it, as far as paths lead there. */
export interface Bus {
  readonly name: string
  /** What kind of bus it is: QEMU's name of the type. */
  readonly kind: string
  readonly hotplugs?: boolean
  /** Path of the device that brings it, if that is no part of the PC. */
  readonly carrier?: string
  readonly devices: readonly BusDevice[]
}

interface BusDevice {
  readonly type: string
  readonly id?: string | undefined
  readonly buses?: readonly Bus[]
}

/** Devices that have been plugged in, by the kinds of their buses. */
export type OnBuses = readonly {
  readonly bus: string
  readonly type: string
  readonly id?: string | undefined
  /** Those that it brings itself. */
  readonly buses?: readonly Bus[]
}[]

/** What the buses of a PC depend on. */
export interface PcParts {
  readonly vga: boolean
  /** Power management: without it nothing comes and goes on the PCI bus. */
  readonly acpi: boolean
}

/** The buses of the PC. @param plugged - what is on them beside the PC's own devices */
export function pcBuses(plugged: OnBuses, { vga, acpi }: PcParts): Bus {
  const on = (kind: string): readonly BusDevice[] =>
    plugged.filter(({ bus }) => bus === kind).map(({ bus: _, ...device }) => device)
  const own = (...types: readonly string[]): readonly BusDevice[] => types.map((type) => ({ type }))
  const isa: Bus = {
    name: 'isa.0',
    kind: 'ISA',
    devices: [
      ...on('ISA'),
      ...own('port92', 'vmmouse', 'vmport', 'i8042', 'isa-pcspk', 'isa-pit', 'mc146818rtc', 'isa-i8259', 'i8257'),
      { type: 'isa-fdc', buses: [{ name: 'floppy-bus.0', kind: 'floppy-bus', devices: on('floppy-bus') }] },
    ],
  }
  const ide = (number: number): Bus => ({ name: `ide.${number}`, kind: 'IDE', devices: on('IDE') })
  const pci: Bus = {
    name: 'pci.0',
    kind: 'PCI',
    hotplugs: acpi,
    devices: [
      ...on('PCI'),
      ...(acpi ? [{ type: 'PIIX4_PM', buses: [{ name: 'i2c', kind: 'i2c-bus', devices: [] }] }] : []),
      { type: 'piix3-ide', buses: [ide(1), ide(0)] },
      { type: 'PIIX3', buses: [isa] },
      ...own('i440FX', ...(vga ? ['VGA'] : [])),
    ],
  }
  return systemBus([
    ...own('ps2-mouse', 'ps2-kbd', 'hpet', 'ioapic', 'fw_cfg_io', 'kvmvapic'),
    { type: 'i440FX-pcihost', buses: [pci] },
  ])
}

/** The buses of a machine that has none but the first. */
export const noBuses: Bus = systemBus([])

function systemBus(devices: readonly BusDevice[]): Bus {
  return { name: 'main-system-bus', kind: 'System', devices }
}

/** The first bus of a kind, as QEMU looks for one: what was made last comes first. */
export function busOfKind(root: Bus, kind: string): Bus | undefined {
  return everyBus(root).find((bus) => bus.kind === kind)
}

/**
 * The bus that a path leads to: `pci.0`, `pci.0/PIIX3/isa.0`, `/i440FX-pcihost`. Devices are named by their ids, or by
 * their types; the bus of a device that has only one may be left out.
 *
 * @throws {PlugError} in QEMU's words, naming the part of the path that leads nowhere
 */
export function findBus(root: Bus, path: string): Bus {
  const [first = '', ...rest] = path.split('/')
  const elements = rest.filter((element) => element !== '')
  let bus = path.startsWith('/') ? root : everyBus(root).find(({ name }) => name === first)
  if (bus === undefined) throw new PlugError(`Bus '${first}' not found`)
  for (let at = 0; at < elements.length; at += 2) {
    const [name = '', next] = elements.slice(at, at + 2)
    const device: BusDevice | undefined =
      bus.devices.find(({ id }) => id === name) ?? bus.devices.find(({ type }) => type === name)
    if (device === undefined) throw new PlugError(`Device '${name}' not found`, 'DeviceNotFound')
    const buses: readonly Bus[] = device.buses ?? []
    if (buses.length === 0) throw new PlugError(`Device '${name}' has no child bus`)
    if (next === undefined && buses.length > 1) throw new PlugError(`Device '${name}' has multiple child buses`)
    const found: Bus | undefined = next === undefined ? buses[0] : buses.find((one) => one.name === next)
    if (found === undefined) throw new PlugError(`Bus '${next}' not found`)
    bus = found
  }
  return bus
}

function everyBus(bus: Bus): readonly Bus[] {
  return [bus, ...bus.devices.flatMap(({ buses = [] }) => buses.flatMap(everyBus))]
}
