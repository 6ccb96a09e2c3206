import type { TrayView } from '../../../board.ts'
import { BoardError } from '../../../board-error.ts'
import type { DmaMemory } from '../../memory/dma-memory.ts'
import type { RemoteDisk } from '../../thread/remote-disk.ts'
import type { StatefulDevice, V86Cpu, V86PortEntry } from '../../v86-internals.ts'
import { AtaDisk } from './ata-disk.ts'
import { BusMaster } from './bus-master.ts'
import { type DiskGeometry, diskGeometry } from './disk-geometry.ts'
import { type ChannelPlace, IdeChannel } from './ide-channel.ts'
import type { ChannelLines, IdeDrive } from './ide-drive.ts'
import { type MoveTray, PacketDrive } from './packet-drive.ts'

export interface IdeUnit {
  readonly channel: 0 | 1
  readonly unit: 0 | 1
  readonly cdrom: boolean
  readonly disk: RemoteDisk | undefined
  /** The first sector of a disk, which may tell how it is divided. */
  readonly first: Uint8Array | undefined
  readonly model: string
  readonly serial: string
}

const places: readonly ChannelPlace[] = [
  { commandPort: 0x1f0, controlPort: 0x3f6, irq: 14 },
  { commandPort: 0x170, controlPort: 0x376, irq: 15 },
]
const nowhere: DiskGeometry = { cylinders: 0, heads: 0, sectors: 0, translation: 0 }
const nobody = { model: '', serial: '' }

/**
 * The PIIX3's IDE controller with its four places for drives, as on QEMU's PC, in place of v86's: that one knows disks up
 * to 2 TiB, no TRIM, few commands of MMC and those in its own way, and fails in states that no driver would bring about.
 */
export class IdeController implements StatefulDevice {
  readonly #channels: readonly IdeChannel[]
  readonly #busMasters: readonly BusMaster[]
  readonly #cpu: V86Cpu

  /** @param moveTray whether the host lets a tray move or be locked */
  constructor(
    cpu: V86Cpu,
    memory: DmaMemory,
    { units, moveTray }: { units: readonly IdeUnit[]; moveTray: (unit: IdeUnit) => MoveTray },
  ) {
    this.#cpu = cpu
    this.#busMasters = places.map(() => new BusMaster(memory))
    const drive = (found: IdeUnit | undefined, lines: ChannelLines): IdeDrive => {
      if (found?.cdrom) return new PacketDrive(found.disk, found, lines, moveTray(found))
      const geometry = found?.disk === undefined ? nowhere : diskGeometry(found.disk.sectors, found.first)
      return new AtaDisk(found?.disk, { geometry, identity: found ?? nobody, lines })
    }
    this.#channels = places.map((place, number) => {
      const at = (unit: number) => units.find((one) => one.channel === number && one.unit === unit)
      return new IdeChannel(cpu, place, this.#busMasters[number]!, (lines) => [
        drive(at(0), lines),
        drive(at(1), lines),
      ])
    })
  }

  /** How the disk in a place is divided; undefined if there is none. */
  geometryAt(channel: number, unit: number): DiskGeometry | undefined {
    const drive = this.#channels[channel]?.drives[unit]
    return drive instanceof AtaDisk && drive.kind === 'disk' ? drive.firstGeometry : undefined
  }

  /** The sixteen ports of the bus master. */
  busMasterPorts(): V86PortEntry[] {
    return this.#busMasters.flatMap((one) => one.ports(this.#cpu.io))
  }

  /** Puts a disk into a CD drive, or takes it out. @throws {BoardError} kind `unavailable`, if there is no such drive */
  setMedium(channel: 0 | 1, unit: 0 | 1, disk: RemoteDisk | undefined, { open, expected = false }: TrayView): void {
    this.#cdAt(channel, unit).show(disk, { open, expected })
  }

  /** Lets a disk have another size. */
  resizeMedium(channel: 0 | 1, unit: 0 | 1, byteLength: number): void {
    const drive = this.#channels[channel]!.drives[unit]
    if (drive instanceof AtaDisk || drive instanceof PacketDrive) drive.resize(byteLength)
  }

  /** @throws {BoardError} kind `unavailable`, if there is no CD drive */
  requestEject(channel: 0 | 1, unit: 0 | 1): void {
    this.#cdAt(channel, unit).requestEject()
  }

  reset(): void {
    for (const channel of this.#channels) channel.reset()
  }

  get_state(): unknown[] {
    return this.#channels.map((channel) => channel.getState())
  }

  set_state(state: unknown): void {
    for (const [index, channel] of this.#channels.entries()) channel.setState((state as unknown[][])[index]!)
  }

  #cdAt(channel: 0 | 1, unit: 0 | 1): PacketDrive {
    const found = this.#channels[channel]!.drives[unit]
    if (found instanceof PacketDrive) return found
    throw new BoardError('unavailable', `there is no CD drive on channel ${channel}, unit ${unit}`)
  }
}
