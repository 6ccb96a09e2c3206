import { type DriveType, driveTypeFor, driveTypes, type FloppyType, floppyFormat } from '../../../floppy-formats.ts'
import type { RemoteDisk } from '../../thread/remote-disk.ts'

/** Where a drive's heads are after a seek: on the track they were on, on another one, or there is no such place. */
export type Seek = 'there' | 'moved' | 'noTrack' | 'noSector'

/** A floppy drive, or a place without one: heads over a medium that may be missing. */
export class FloppyDrive {
  /** Whether there is a drive. */
  readonly present: boolean
  /** What it is stays when the medium changes; undefined: there is no drive, or one of no type, which reads nothing. */
  readonly #type: DriveType | undefined
  #disk: RemoteDisk | undefined
  #rate = 0
  #twoSides = false
  #tracks = 0
  sectors = 0
  head = 0
  track = 0
  sector = 1
  perpendicular = 0
  /** Until the heads move over a medium. */
  changed = true

  /** @param type - what it is, if that was said; otherwise what its medium wants */
  constructor(present: boolean, disk: RemoteDisk | undefined, type?: FloppyType) {
    this.present = present
    if (present && type !== 'none') this.#type = type ?? driveTypeFor(disk?.sectors)
    this.#show(disk)
  }

  /** What CMOS says of it. */
  get cmosType(): number {
    return this.#type === undefined ? 0 : driveTypes[this.#type]
  }

  get disk(): RemoteDisk | undefined {
    return this.#disk
  }

  /** Where there is no drive, nothing can be written either. */
  get readOnly(): boolean {
    return this.#disk?.readOnly ?? !this.present
  }

  /** Whether the controller has the medium's rate. */
  hasRate(rate: number): boolean {
    return rate === this.#rate
  }

  get twoSides(): boolean {
    return this.#twoSides
  }

  get tracks(): number {
    return this.#tracks
  }

  /** Another medium, or none: then the drive keeps the last one's format. */
  insert(disk: RemoteDisk | undefined): void {
    this.changed = true
    this.#show(disk)
  }

  /** The sector under the heads, counted from the medium's first. */
  get position(): number {
    return this.#position(this.head, this.track, this.sector)
  }

  /** Without a medium the heads move, too, however far, and find nothing. */
  seek(head: number, track: number, sector: number): Seek {
    if (this.#disk === undefined) {
      if (head === 0 || this.#twoSides) this.head = head
      this.track = track
      return 'noTrack'
    }
    if (track > this.#tracks || (head !== 0 && !this.#twoSides)) return 'noTrack'
    if (sector > this.sectors) return 'noSector'
    let moved = false
    if (this.#position(head, track, sector) !== this.position) {
      moved = track !== this.track
      if (moved) this.changed = false
      this.head = head
      this.track = track
      this.sector = sector
    }
    return moved ? 'moved' : 'there'
  }

  recalibrate(): void {
    this.seek(0, 0, 1)
  }

  getState(): unknown[] {
    const format = [this.#rate, this.#twoSides, this.#tracks, this.sectors]
    return [format, [this.head, this.track, this.sector, this.perpendicular], this.changed]
  }

  setState([format, heads, changed]: readonly unknown[]): void {
    ;[this.#rate, this.#twoSides, this.#tracks, this.sectors] = format as [number, boolean, number, number]
    ;[this.head, this.track, this.sector, this.perpendicular] = heads as [number, number, number, number]
    this.changed = changed as boolean
  }

  #show(disk: RemoteDisk | undefined): void {
    this.#disk = disk
    if (disk === undefined || this.#type === undefined) return
    const { rate, heads, tracks, sectors } = floppyFormat(disk.sectors, this.#type)
    this.#rate = rate
    this.#twoSides = heads === 2
    this.#tracks = tracks
    this.sectors = sectors
  }

  #position(head: number, track: number, sector: number): number {
    return (track * (this.#twoSides ? 2 : 1) + head) * this.sectors + sector - 1
  }
}
