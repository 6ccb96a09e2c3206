import type { V86Cpu, V86Pci, V86PciDevice } from '../v86-internals.ts'

const slot = (device: number, fn = 0): number => (device << 3) | fn

/** Where v86 has the VGA. */
const vgaSlot = 0x12

/** Where v86 puts a function, and where QEMU's `pc` has it. Host and ISA bridge are in place already. */
const moves: readonly (readonly [from: number, to: number])[] = [
  [slot(0x1e), slot(1, 1)], // IDE
  [slot(0x07), slot(1, 3)], // power management
  [slot(vgaSlot), slot(2)],
]

/** Subsystem ids at 0x2C: Red Hat, QEMU virtual machine. */
const subsystem = [0xf4, 0x1a, 0x00, 0x11]

/**
 * Moves the PCI functions to where a guest finds them on QEMU's `pc`, and takes the VGA out where there is to be none.
 * Call it before the machine first runs.
 */
export function layOutPcSlots({ devices }: V86Cpu, { vga }: { readonly vga: boolean }): void {
  if (!vga) {
    devices.pci.devices[slot(vgaSlot)] = undefined
    devices.pci.device_spaces[slot(vgaSlot)] = undefined
  }
  for (const [from, to] of moves) {
    const device = devices.pci.devices[from]
    if (device !== undefined) moveDevice(devices.pci, device, from, to)
  }
}

function moveDevice(pci: V86Pci, device: V86PciDevice, from: number, to: number): void {
  pci.devices[from] = undefined
  pci.device_spaces[from] = undefined
  device.pci_id = to
  device.pci_space.splice(0x2c, subsystem.length, ...subsystem)
  pci.register_device(device)
}

/**
 * Lets writes to the configuration space of functions that are not there go nowhere. v86 throws a TypeError, which
 * would unwind through its wasm code and leave it in an inconsistent state.
 */
export function guardAbsentFunctions({ devices: { pci } }: V86Cpu): void {
  for (const name of ['pci_write8', 'pci_write16', 'pci_write32'] as const) {
    const write = pci[name]
    pci[name] = function (this: V86Pci, address: number, value: number) {
      if (pci.device_spaces[(address >> 8) & 0xffff] !== undefined) write.call(this, address, value)
    }
  }
}
