import type { QomObject } from '../../qom/index.ts'
import { type MemoryRegion, ownedBy, region } from './memory-region.ts'

type Ports = (value: (property: string) => number) => readonly MemoryRegion[]

const vgaPorts = [
  [0x1ce, 4, 'vbe'],
  [0x3b4, 2, 'vga'],
  [0x3ba, 1, 'vga'],
  [0x3c0, 16, 'vga'],
  [0x3d4, 2, 'vga'],
  [0x3da, 1, 'vga'],
] as const

/** The ports of a DMA controller, which are as far apart as its transfers are wide. */
const dmaPorts: Ports = (value) => {
  const [base, pages, bytes] = [value('base'), value('page-base'), 8 << value('dshift')]
  return [
    region('dma-chan', base, bytes),
    region('dma-page', pages + 1, 3),
    region('dma-page', pages + 7, 1),
    region('dma-cont', base + bytes, bytes),
  ]
}

/** The I/O ports of devices that are no functions of the PCI bus, or have ports beside those of one. */
const ports: Readonly<Record<string, Ports>> = {
  PIIX3: () => [region('piix3-reset-control', 0xcf9, 1, { priority: 1 })],
  PIIX4_PM: () => [
    region('apm-io', 0xb2, 2),
    region('acpi-gpe0', 0xafe0, 4),
    region('acpi-pci-hotplug', 0xae00, 0x18),
    region('acpi-cpu-hotplug', 0xaf00, 0x20),
  ],
  VGA: () => vgaPorts.map(([port, count, name]) => region(name, port, count)),
  fw_cfg_io: () => [region('fwcfg', 0x510, 2), region('fwcfg.dma', 0x514, 8)],
  'i440FX-pcihost': () => [region('pci-conf-idx', 0xcf8, 4), region('pci-conf-data', 0xcfc, 4)],
  i8042: () => [region('i8042-data', 0x60, 1), region('i8042-cmd', 0x64, 1)],
  i8257: dmaPorts,
  ib700: () => [region('ib700', 0x441, 4)],
  'isa-debug-exit': (value) => [region('isa-debug-exit', value('iobase'), value('iosize'))],
  'isa-debugcon': (value) => [region('isa-debugcon', value('iobase'), 1)],
  'isa-fdc': (value) => [region('fdc', value('iobase') + 1, 5), region('fdc', value('iobase') + 7, 1)],
  'isa-i8259': (value) => [region('pic', value('iobase'), 2), region('elcr', value('elcr_addr'), 1)],
  'isa-parallel': (value) => [region('parallel', value('iobase'), 8)],
  'isa-pcspk': (value) => [region('pcspk', value('iobase'), 1)],
  'isa-pit': (value) => [region('pit', value('iobase'), 4)],
  'isa-serial': (value) => [region('serial', value('iobase'), 8)],
  mc146818rtc: (value) => [region('rtc', value('iobase'), 2, { parts: [region('rtc-index', 0, 1)] })],
  'pc-testdev': () => [
    region('pc-testdev-ioport', 0xe0, 4),
    region('pc-testdev-flush-page', 0xe4, 4),
    region('pc-testdev-ioport-byte', 0xe8, 4),
    region('pc-testdev-irq-line', 0x2000, 24),
  ],
  port92: () => [region('port92', 0x92, 1)],
  pvpanic: (value) => [region('pvpanic', value('ioport'), 1)],
  vmport: () => [region('vmport', 0x5658, 1)],
}

/** Ports without a device of their own: those of the disk controllers belong to the machine. */
export const portsOfNobody: readonly MemoryRegion[] = [
  region('ioport80', 0x80, 1),
  region('ioportF0', 0xf0, 1),
  ...[0x1f0, 0x170].map((port) => region('ide', port, 8)),
  ...[0x3f6, 0x376].map((port) => region('ide', port, 1)),
]

/** The ports that a device has had from the start. */
export async function portsOf(device: QomObject): Promise<readonly MemoryRegion[]> {
  const values = new Map<string, number>()
  const used = ['iobase', 'base', 'page-base', 'dshift', 'iosize', 'elcr_addr', 'ioport']
  const make = Object.hasOwn(ports, device.type) ? ports[device.type] : undefined
  if (make === undefined) return []
  for (const name of used) if (device.find(name)?.kind === 'value') values.set(name, Number(await device.get(name)))
  return make((name) => values.get(name) ?? 0).map((made) => ownedBy(device, made))
}

/** What devices have in memory that is at no place of firmware's choice. */
export function memoryOf(device: QomObject): readonly MemoryRegion[] {
  if (device.type === 'VGA') return [region('vga-lowmem', 0xa0000, 0x20000, { priority: 1, owner: device })]
  if (device.type === 'pc-testdev') return [region('pc-testdev-iomem', 0xff000000, 0x10000, { owner: device })]
  return []
}
