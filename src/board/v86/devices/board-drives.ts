import type { TrayView } from '../../board.ts'
import type { DriveSlot } from '../../drive-config.ts'
import type { VirtualClock } from '../cpu/virtual-clock.ts'
import { DmaMemory } from '../memory/dma-memory.ts'
import type { HostRequests } from '../thread/host-requests.ts'
import { RemoteDisk } from '../thread/remote-disk.ts'
import type { StatefulDevice, V86Cpu, V86PortEntry } from '../v86-internals.ts'
import type { MediumShape, WorkerConfig } from '../wire.ts'
import { FloppyController } from './floppy/floppy-controller.ts'
import { FloppyDrive } from './floppy/floppy-drive.ts'
import { IdeController, type IdeUnit } from './ide/ide-controller.ts'

type DriveConfig = WorkerConfig['drives'][number]

/** CMOS: types of the floppy drives; types of the disks; equipment; a disk's geometry; how the BIOS translates them. */
const cmos = { floppies: 0x10, disks: 0x12, equipment: 0x14, translations: 0x39 } as const
const cmosDisks = [
  { type: 0x19, geometry: 0x1b, present: 0xf0 },
  { type: 0x1a, geometry: 0x24, present: 0x0f },
] as const
/** A disk whose geometry is in CMOS. */
const ownGeometry = 47

/** What a board is built of: the media in its drives, and the first sector of each disk. */
export interface BuiltDisks {
  readonly disks: ReadonlyMap<DriveConfig, RemoteDisk>
  readonly first: ReadonlyMap<DriveConfig, Uint8Array>
}

/** Prepares the media that a board starts with. */
export async function buildDisks({ drives }: WorkerConfig, requests: HostRequests): Promise<BuiltDisks> {
  const disks = new Map<DriveConfig, RemoteDisk>()
  const first = new Map<DriveConfig, Uint8Array>()
  for (const drive of drives) {
    if (drive.medium === undefined) continue
    const disk = new RemoteDisk(drive.medium, requests)
    disks.set(drive, disk)
    const sector = drive.kind === 'disk' ? await disk.firstSector().catch(() => undefined) : undefined
    if (sector !== undefined) first.set(drive, sector)
  }
  return { disks, first }
}

/** The controllers of a PC for disks, CDs and floppies, in place of v86's, with all their drives. */
export class BoardDrives implements StatefulDevice {
  readonly #requests: HostRequests
  readonly #ide: IdeController
  readonly #floppies: readonly [FloppyDrive, FloppyDrive]
  readonly #floppyController: FloppyController

  constructor(
    cpu: V86Cpu,
    clock: VirtualClock,
    { config, built, requests }: { config: WorkerConfig; built: BuiltDisks; requests: HostRequests },
  ) {
    this.#requests = requests
    const memory = new DmaMemory(cpu)
    this.#ide = new IdeController(cpu, memory, {
      units: ideUnits(config, built),
      moveTray:
        ({ channel, unit }) =>
        (move) =>
          requests.moveTray({ bus: 'ide', channel, unit }, move),
    })
    const floppy = (unit: 0 | 1): FloppyDrive => {
      const found = config.drives.find(({ slot }) => slot.bus === 'floppy' && slot.unit === unit)
      return new FloppyDrive(found !== undefined, found && built.disks.get(found), found?.floppyType)
    }
    this.#floppies = [floppy(0), floppy(1)]
    this.#floppyController = new FloppyController(cpu, memory, clock, this.#floppies)
    cpu.devices.ide = new SavedElsewhere()
    cpu.devices.fdc = new SavedElsewhere()
    this.#writeCmos(cpu)
  }

  /** The sixteen ports of the IDE controller's bus master. */
  busMasterPorts(): V86PortEntry[] {
    return this.#ide.busMasterPorts()
  }

  /** @throws {BoardError} kind `unavailable`, if there is no such drive */
  setMedium(slot: DriveSlot, shape: MediumShape | undefined, tray: TrayView): void {
    const disk = shape === undefined ? undefined : new RemoteDisk(shape, this.#requests)
    if (slot.bus === 'ide') this.#ide.setMedium(slot.channel, slot.unit, disk, tray)
    else this.#floppies[slot.unit].insert(disk)
  }

  /** A floppy keeps the geometry with which it was put in, as with QEMU. */
  resizeMedium(slot: DriveSlot, byteLength: number): void {
    if (slot.bus === 'ide') this.#ide.resizeMedium(slot.channel, slot.unit, byteLength)
  }

  /** @throws {BoardError} kind `unavailable`, if there is no CD drive */
  requestEject(slot: DriveSlot): void {
    if (slot.bus === 'ide') this.#ide.requestEject(slot.channel, slot.unit)
  }

  reset(): void {
    this.#ide.reset()
    this.#floppyController.reset()
  }

  get_state(): unknown[] {
    return [this.#ide.get_state(), this.#floppyController.get_state()]
  }

  set_state(state: unknown): void {
    const [ide, floppy] = state as unknown[]
    this.#ide.set_state(ide)
    this.#floppyController.set_state(floppy)
  }

  /** What the firmware finds of the drives. */
  #writeCmos({ devices: { rtc } }: V86Cpu): void {
    const [first, second] = this.#floppies
    rtc.cmos_write(cmos.floppies, (first.cmosType << 4) | second.cmosType)
    const count = this.#floppies.filter(({ cmosType }) => cmosType !== 0).length
    // A numeric coprocessor and a mouse are there besides.
    rtc.cmos_write(cmos.equipment, 0x06 | [0x00, 0x01, 0x41][count]!)
    let present = 0
    for (const [unit, places] of cmosDisks.entries()) {
      const found = this.#ide.geometryAt(0, unit)
      if (found === undefined) continue
      const { cylinders, heads, sectors } = found
      const size = [cylinders & 0xff, cylinders >> 8]
      const geometry = [...size, heads, 0xff, 0xff, 0xc0 | (heads > 8 ? 8 : 0), ...size, sectors]
      rtc.cmos_write(places.type, ownGeometry)
      for (const [index, byte] of geometry.entries()) rtc.cmos_write(places.geometry + index, byte)
      present |= places.present
    }
    rtc.cmos_write(cmos.disks, present)
    const translations = [0, 1, 2, 3].map(
      (number) => (this.#ide.geometryAt(number >> 1, number & 1)?.translation ?? 0) << (2 * number),
    )
    rtc.cmos_write(
      cmos.translations,
      translations.reduce((all, one) => all | one, 0),
    )
  }
}

/** Stands in v86's list of devices for one whose state is kept with those of our own. */
class SavedElsewhere implements StatefulDevice {
  readonly secondary = true

  get_state(): unknown[] {
    return []
  }

  set_state(): void {}
}

function ideUnits({ drives }: WorkerConfig, { disks, first }: BuiltDisks): IdeUnit[] {
  return drives.flatMap((drive) => {
    if (drive.slot.bus !== 'ide') return []
    const { channel, unit } = drive.slot
    const cdrom = drive.kind === 'cdrom'
    const number = channel * 2 + unit + 1
    return {
      ...{ channel, unit, cdrom, disk: disks.get(drive), first: first.get(drive) },
      model: drive.model ?? (cdrom ? 'QEMU DVD-ROM' : 'QEMU HARDDISK'),
      serial: drive.serial ?? `QM${String(number).padStart(5, '0')}`,
    }
  })
}
