import type { PciFunction, PciRegion } from '../../board/index.ts'
import type { QomObject } from '../../qom/index.ts'
import { type MemoryRegion, ownedBy, region } from './memory-region.ts'

/** The number that stands for the expansion ROM among base address registers. */
const romBar = 6

/** What the regions of a function are called, by their base address registers. */
const names: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  VGA: { 0: 'vga.vram', 2: 'vga.mmio' },
  e1000: { 0: 'e1000-mmio', 1: 'e1000-io' },
  i6300esb: { 0: 'i6300esb' },
  'pci-serial': { 0: 'serial' },
  'piix3-ide': { 4: 'piix-bmdma-container' },
  'pvpanic-pci': { 0: 'pvpanic' },
}

const busMaster = [
  region('piix-bmdma', 0, 4),
  region('bmdma', 4, 4),
  region('piix-bmdma', 8, 4),
  region('bmdma', 12, 4),
]
const vgaRegisters = [
  region('edid', 0, 0x180),
  region('vga ioports remapped', 0x400, 0x20),
  region('bochs dispi interface', 0x500, 0x16),
  region('qemu extended regs', 0x600, 8),
]
/** Every part of a virtio device's registers has a page. */
const virtioParts = ['common', 'isr', 'device', 'notify']

/** A region of a function, where it is now. */
export function pciRegion(device: QomObject, place: PciRegion): MemoryRegion {
  const { bar, size, address = 0 } = place
  const own = names[device.type]?.[bar]
  const make = (name: string, more: Parameters<typeof region>[3] = {}): MemoryRegion =>
    ownedBy(device, region(name, address, size, { priority: 1, ...more }))
  if (bar === romBar) return make(`${device.type === 'VGA' ? 'vga' : device.type}.rom`, { kind: 'rom' })
  if (own === 'vga.vram') return make(own, { kind: 'ram' })
  if (own === 'vga.mmio') return make(own, { parts: vgaRegisters })
  if (own === 'piix-bmdma-container') return make(own, { hollow: true, parts: busMaster })
  if (own !== undefined) return make(own)
  const [, kind] = /^(virtio-.*)-pci$/.exec(device.type) ?? []
  if (kind === undefined || place.kind === 'io') return make(kind === undefined ? device.type : 'virtio-pci')
  const page = size / virtioParts.length
  const parts = virtioParts.map((part, index) => region(`virtio-pci-${part}-${kind}`, index * page, page))
  return make('virtio-pci', { hollow: true, parts })
}

/** The ports of the power management function, which are where its own registers say. */
export function powerPorts(device: QomObject, { ownPorts }: PciFunction): MemoryRegion {
  const parts = [region('acpi-evt', 0, 4), region('acpi-cnt', 4, 2), region('acpi-tmr', 8, 4)]
  const made = region('piix4-pm', ownPorts ?? 0, 64, { hollow: true, enabled: ownPorts !== undefined, parts })
  return ownedBy(device, made)
}
