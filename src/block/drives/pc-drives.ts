import type { Drive } from './drive.ts'
import type { DriveSet } from './drive-set.ts'
import type { GuestDeviceModel } from './guest-device.ts'

/** What a PC has besides its drives: each takes a number in the QOM path of what comes after it. */
export interface PcDevices {
  readonly vga: boolean
  readonly serialPorts: number
  readonly parallelPorts: number
  readonly networkCards: number
}

/** CPU, APIC helper, host bridge, ISA bridge, two DMA and two interrupt controllers. */
const devicesBeforeVga = 8
/** HPET, clock, timer, speaker. */
const devicesBeforePorts = 4
/** Keyboard controller, two VMware ports, port 92. */
const devicesAfterFloppies = 4

/**
 * Gives the drives of a PC to its devices: floppies in the order of their units, then the IDE drives in the order of
 * channels and units. Their paths are those of QEMU's `pc`.
 *
 * @throws {BlockError} as `Drive.connect()`
 */
export async function connectPcDrives(drives: DriveSet, pc: PcDevices): Promise<void> {
  const floppies = inOrder(drives, 'floppy')
  let number = devicesBeforeVga + (pc.vga ? 1 : 0) + devicesBeforePorts + pc.serialPorts + pc.parallelPorts
  number++ // the floppy controller
  for (const drive of floppies) await connect(drive, 'floppy', number++)
  number += devicesAfterFloppies + pc.networkCards
  number++ // the IDE controller
  for (const drive of inOrder(drives, 'ide')) {
    await connect(drive, drive.media === 'cdrom' ? 'ide-cd' : 'ide-hd', number++)
  }
}

function connect(drive: Drive, model: GuestDeviceModel, number: number): Promise<void> {
  return drive.connect({ model, path: `/machine/unattached/device[${number}]`, place: drive.place })
}

function inOrder(drives: DriveSet, kind: 'floppy' | 'ide'): Drive[] {
  return [...drives]
    .filter((drive) => drive.place.interface === kind)
    .sort((one, other) => one.place.bus - other.place.bus || one.place.unit - other.place.unit)
}
