import { type Drive, type DriveSet, pcDrives } from '../block/index.ts'
import { usualVgaSlot } from '../board/index.ts'
import { deviceModels, type PlannedDevice } from '../devices/index.ts'
import type { MachineConfig } from './config.ts'
import { serialPlaces } from './settings/serial-device.ts'

/** A device of the PC itself. */
export interface PcDevice {
  readonly type: string
  /** Whether it is only a name here: QEMU's PC has it, and so the others behind it have their numbers. */
  readonly onlyName?: true
  readonly drive?: Drive
  /** Values of its properties, where they are not the usual ones. */
  readonly properties?: Readonly<Record<string, unknown>>
  /** Label of the character device behind it. */
  readonly chardev?: string
  /** As which it is plugged in, if it can be taken out again. */
  readonly card?: PlannedDevice
}

/** What is true of the VGA card of every PC: its BIOS, and what its monitor prefers. */
export const vgaProperties = { romfile: 'vgabios-stdvga.bin', romsize: 0x1_0000, xres: 1280, yres: 800 }

/** Properties of a serial port. */
export function serialProperties(index: number, chardev: string): Readonly<Record<string, unknown>> {
  return { index, ...serialPlaces[index], chardev }
}

/** What was found for a card: its place on its bus, and its address. */
export function cardProperties({ model, place, properties }: PlannedDevice): Readonly<Record<string, unknown>> {
  const realized = deviceModels[model]?.realized?.(properties, undefined)
  return { ...properties, ...realized, ...(place.bus === 'PCI' && { addr: place.slot * 8 + place.function }) }
}

type Shape = Pick<
  MachineConfig,
  'vga' | 'videoCard' | 'serial' | 'parallel' | 'vmport' | 'acpi' | 'cards' | 'machineProperties'
>

/** THE PC: its devices, in the order in which QEMU makes them. Where they are in the tree of objects is a consequence. */
export function pcDevices(shape: Shape, drives: DriveSet): readonly PcDevice[] {
  const { vga, videoCard, serial, parallel, vmport, acpi, cards, machineProperties } = shape
  const { floppies, ide } = pcDrives(drives)
  const present = (...types: readonly string[]): PcDevice[] => types.map((type) => ({ type }))
  const named = (...types: readonly string[]): PcDevice[] => types.map((type) => ({ type, onlyName: true }))
  return [
    ...present('qemu32-i386-cpu'),
    ...named('kvmvapic'),
    { type: 'i440FX', properties: { addr: 0 } },
    { type: 'PIIX3', properties: { addr: 0x08, multifunction: true } },
    { type: 'i8257', properties: { base: 0x00, 'page-base': 0x80, 'pageh-base': -1, dshift: 0 } },
    { type: 'i8257', properties: { base: 0xc0, 'page-base': 0x88, 'pageh-base': -1, dshift: 1 } },
    { type: 'isa-i8259', properties: { iobase: 0x20, elcr_addr: 0x4d0, elcr_mask: 0xf8, master: true } },
    { type: 'isa-i8259', properties: { iobase: 0xa0, elcr_addr: 0x4d1, elcr_mask: 0xde, master: false } },
    ...(vga && videoCard === undefined
      ? [{ type: 'VGA', properties: { addr: usualVgaSlot * 8, ...vgaProperties } }]
      : []),
    ...(machineProperties['hpet'] === false ? [] : named('hpet')),
    { type: 'mc146818rtc', properties: { base_year: 0 } },
    { type: 'isa-pit', properties: { iobase: 0x40 } },
    ...present('isa-pcspk'),
    ...serial.flatMap((label, port) =>
      label === undefined ? [] : [{ type: 'isa-serial', chardev: label, properties: serialProperties(port, label) }],
    ),
    ...parallel.map((card) => ({ type: card.model, card, properties: card.properties })),
    ...present('isa-fdc'),
    ...floppies.map((drive) => ({ type: 'floppy', drive })),
    ...present('i8042'),
    ...(vmport ? present('vmport', 'vmmouse') : []),
    ...present('port92'),
    ...cards.map((card) => ({ type: card.model, card, properties: cardProperties(card) })),
    { type: 'piix3-ide', properties: { addr: 0x09 } },
    ...ide.map((drive) => ({ type: drive.media === 'cdrom' ? 'ide-cd' : 'ide-hd', drive })),
    ...(acpi ? [{ type: 'PIIX4_PM', properties: { addr: 0x0b, smb_io_base: 0xb100, 'smm-enabled': true } }] : []),
  ]
}
