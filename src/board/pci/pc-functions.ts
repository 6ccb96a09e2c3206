import type { BoardConfig, VideoCard } from '../board.ts'
import type { FunctionShape } from './config-space.ts'

/** Video memory, as QEMU's standard VGA has. */
export const vgaMemoryBytes = 16 << 20

/** Registers of the PIIX3 that route the four interrupt lines of the bus: an ISA interrupt, or 80h for none. */
export const pirqRoutes = 0x60

/** A register of the host bridge: what answers for the BIOS's addresses. */
const pam0 = 0x59

/**
 * 82441FX: host bridge. Unlike on QEMU, the BIOS lies in RAM from the start and after each reset, which is what its
 * register says; the firmware would copy itself otherwise.
 */
export const hostBridge = (ramBytes: number): FunctionShape => ({
  slot: 0,
  function: 0,
  vendorId: 0x8086,
  deviceId: 0x1237,
  revision: 2,
  classCode: 0x060000,
  registers: [
    [0x57, Math.min(255, ramBytes >> 23)], // where coreboot finds the size of RAM: in units of 8 MiB
    [pam0, 0x10],
    [0x72, 0x02],
  ],
  resets: [pam0],
})

/** PIIX3: ISA bridge. */
export const isaBridge: FunctionShape = {
  slot: 1,
  function: 0,
  vendorId: 0x8086,
  deviceId: 0x7000,
  classCode: 0x060100,
  status: 0x0200,
  multiFunction: true,
  registers: [
    [0x4c, 0x4d],
    [0x4e, 0x03],
    [0x60, 0x80],
    [0x61, 0x80],
    [0x62, 0x80],
    [0x63, 0x80],
    [0x69, 0x02],
    [0x70, 0x80],
    [0x76, 0x0c],
    [0x77, 0x0c],
    [0x78, 0x02],
    [0xa0, 0x08],
    [0xa8, 0x0f],
  ],
  resets: [
    ...[0x4c, 0x4e, 0x4f, 0x60, 0x61, 0x62, 0x63, 0x69, 0x70, 0x76, 0x77, 0x78, 0x79, 0x80, 0x82],
    ...[0xa0, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xaa, 0xab, 0xac, 0xae],
  ],
}

/** PIIX3: IDE controller, in compatibility mode: its ports are where they always were, but for those of the bus master. */
export const ideController: FunctionShape = {
  slot: 1,
  function: 1,
  vendorId: 0x8086,
  deviceId: 0x7010,
  classCode: 0x010180,
  status: 0x0280,
  bars: [{ bar: 4, kind: 'io', size: 16 }],
}

/** Registers of the power management function: where its ports are, aligned so and below 64 KiB, and whether they answer. */
const pmRegisters = { base: 0x40, mask: 0xffc0, enable: 0x80 } as const

/** PIIX4: power management. Its interrupt is the system control interrupt, whatever the pin says. */
export const powerManagement = ({ serialPorts, parallelPort = false }: PcConfig): FunctionShape => ({
  slot: 1,
  function: 3,
  vendorId: 0x8086,
  deviceId: 0x7113,
  revision: 3,
  classCode: 0x068000,
  status: 0x0280,
  interruptPin: 1,
  ownPorts: pmRegisters,
  registers: [
    [pmRegisters.base, 0x01],
    // Which ISA devices there are: LPT1, floppy controller, IDE, COM1 and COM2.
    [0x5f, 0x10 | (parallelPort ? 0x80 : 0)],
    [0x63, 0x60],
    [0x67, (serialPorts > 0 ? 0x08 : 0) | (serialPorts > 1 ? 0x90 : 0)],
    [0x90, 0x01],
    [0x91, 0xb1],
    [0xd2, 0x09],
  ],
  resets: [pmRegisters.base, 0x58, 0x59, 0x5a, 0x5b, pmRegisters.enable],
})

/** Where a VGA card is unless something else is said. */
export const usualVgaSlot = 2
/** The least that is kept free for a video BIOS. */
const vgaRomBytes = 64 << 10

/** QEMU's standard VGA: video memory, registers in memory, and room for the video BIOS. */
export const standardVga = (vgaBiosBytes: number, { id, slot = usualVgaSlot }: VideoCard = {}): FunctionShape => ({
  id,
  slot,
  function: 0,
  vendorId: 0x1234,
  deviceId: 0x1111,
  revision: 2,
  classCode: 0x030000,
  bars: [
    { bar: 0, kind: 'memory', size: vgaMemoryBytes, prefetchable: true },
    { bar: 2, kind: 'memory', size: 0x1000 },
    { bar: 6, kind: 'memory', size: powerOfTwo(Math.max(vgaBiosBytes, vgaRomBytes)) },
  ],
})

/** What of a board's configuration shows on its PCI bus. */
export type PcConfig = Pick<
  BoardConfig,
  'ramBytes' | 'serialPorts' | 'parallelPort' | 'vga' | 'videoCard' | 'firmware' | 'acpi'
>

/** The functions of the PC, in the order of their addresses. */
export function pcFunctions(config: PcConfig): readonly FunctionShape[] {
  const { ramBytes, vga, videoCard, firmware, acpi } = config
  return [
    hostBridge(ramBytes),
    isaBridge,
    ideController,
    ...(acpi === false ? [] : [powerManagement(config)]),
    ...(vga ? [standardVga(firmware.vgaBios?.length ?? 0, videoCard)] : []),
  ]
}

/** The size of the region that holds so many bytes. */
function powerOfTwo(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes))
}
