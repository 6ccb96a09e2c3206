import { dvdStructure, rawTableOfContents, tableOfContents } from '../../board/index.ts'
import type { GuestDiscDrive } from '../model.ts'
import { inquiry, type UnitIdentity } from '../scsi/inquiry.ts'
import { modeSense } from '../scsi/mode-pages.ts'
import { cut, type RunCommand, type ScsiCommand } from '../scsi/scsi-unit.ts'
import { ScsiFailure, senses } from '../scsi/sense.ts'
import { capacity, checkRoom, extentOf, rangeOf } from '../scsi/transfer.ts'

const blockBytes = 2048
/** What fits on a CD, in blocks: anything larger is a DVD. */
const mostOfCd = 80 * 60 * 75
const profiles = { cd: 0x08, dvd: 0x10 } as const
/** GET EVENT STATUS NOTIFICATION: events of the medium. */
const mediaEvents = 4
/** Kilobytes a second, four times a CD's. */
const speed = [704 >> 8, 704 & 0xff]

/** What has happened to the medium that the guest has not asked for yet. */
export interface DiscEvents {
  newMedium: boolean
  ejectRequested: boolean
}

/** Commands of a CD drive, on the drive that is behind it. @see MMC-5 */
export function discCommands(drive: GuestDiscDrive, unit: UnitIdentity, events: DiscEvents): RunCommand {
  const commands = new DiscCommands(drive, unit, events)
  return (command) => commands.run(command)
}

const short = (cdb: Uint8Array, at: number): number => (cdb[at]! << 8) | cdb[at + 1]!

class DiscCommands {
  readonly #drive: GuestDiscDrive
  readonly #unit: UnitIdentity
  readonly #events: DiscEvents

  constructor(drive: GuestDiscDrive, unit: UnitIdentity, events: DiscEvents) {
    this.#drive = drive
    this.#unit = unit
    this.#events = events
  }

  /** The disc in the closed tray. @throws {ScsiFailure} if there is none */
  get #disc() {
    const { disc } = this.#drive
    if (disc === undefined) throw new ScsiFailure(senses.noMedium)
    return { disc, blocks: Math.floor(disc.byteLength / blockBytes), blockBytes, unmaps: false }
  }

  /** @throws {ScsiFailure} @throws {Overrun} */
  run(command: ScsiCommand): Promise<Uint8Array | undefined> | Uint8Array | undefined {
    const { cdb } = command
    switch (cdb[0]) {
      case 0x00: // TEST UNIT READY
        this.#requireDisc()
        return undefined
      case 0x15: // MODE SELECT
      case 0x55:
      case 0x1d: // SEND DIAGNOSTIC
      case 0x35: // SYNCHRONIZE CACHE
      case 0xbb: // SET CD SPEED
        return undefined
      case 0x12:
        return inquiry(cdb, this.#unit, new Map())
      case 0x1a:
      case 0x5a:
        return modeSense(cdb, this.#modes)
      case 0x1b:
        return this.#startStop(cdb)
      case 0x1e:
        return this.#move((cdb[4]! & 1) !== 0 ? 'lock' : 'unlock')
      case 0x25:
        return capacity(command, this.#disc)
      case 0x9e:
        if ((cdb[1]! & 0x1f) !== 0x10) throw new ScsiFailure(senses.invalidField)
        return capacity(command, this.#disc)
      case 0x08:
      case 0x28:
      case 0x88:
      case 0xa8:
        return this.#read(command)
      case 0x0a: // WRITE, WRITE AND VERIFY
      case 0x2a:
      case 0x8a:
      case 0xaa:
      case 0x2e:
      case 0x8e:
      case 0xae:
        this.#requireDisc()
        throw new ScsiFailure(senses.writeProtected)
      case 0x2b: // SEEK
        rangeOf({ ...extentOf(cdb), count: 1 }, this.#disc)
        return undefined
      case 0x43:
        return this.#tableOfContents(cdb)
      case 0x46:
        return this.#configuration(cdb)
      case 0x4a:
        return this.#eventStatus(cdb)
      case 0x51:
        return this.#discInformation(cdb)
      case 0xad:
        return this.#dvdStructure(cdb)
      case 0xbd: // MECHANISM STATUS
        return cut(Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0), short(cdb, 8))
      default:
        throw new ScsiFailure(senses.invalidOpcode)
    }
  }

  #requireDisc(): void {
    void this.#disc
  }

  async #read({ cdb, room }: ScsiCommand): Promise<Uint8Array | undefined> {
    const { disc, ...shape } = this.#disc
    const { offset, length } = rangeOf(extentOf(cdb), shape)
    checkRoom(length, room)
    return length === 0 ? undefined : disc.read(offset, length)
  }

  async #startStop(cdb: Uint8Array): Promise<undefined> {
    const flags = cdb[4]!
    const [start, moves, power] = [(flags & 1) !== 0, (flags & 2) !== 0, flags & 0xf0]
    if (power !== 0 || !moves) return undefined
    if (!(await this.#drive.move(start ? 'close' : 'open'))) throw new ScsiFailure(senses.removalPrevented)
    return undefined
  }

  async #move(move: 'lock' | 'unlock'): Promise<undefined> {
    await this.#drive.move(move)
    return undefined
  }

  #tableOfContents(cdb: Uint8Array): Uint8Array {
    const { blocks } = this.#disc
    const [format, inMinutes, from] = [cdb[2]! & 0x0f || cdb[9]! >> 6, (cdb[1]! & 2) !== 0, cdb[6]!]
    const formats = [
      () => tableOfContents(blocks, inMinutes, from),
      () => [0, 0x0a, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], // one session
      () => rawTableOfContents(blocks, inMinutes),
    ]
    const bytes = formats[format]?.()
    if (bytes === undefined) throw new ScsiFailure(senses.invalidField)
    return cut(Uint8Array.from(bytes), short(cdb, 7))
  }

  /** The list of profiles: a disc is a CD or a DVD by its size. */
  #configuration(cdb: Uint8Array): Uint8Array {
    const current = this.#profile
    const list = [profiles.dvd, profiles.cd].flatMap((profile) => [0, profile, Number(profile === current), 0])
    const features = [0, 0, 0x03, list.length, ...list]
    return cut(Uint8Array.from([0, 0, 0, 4 + features.length, 0, 0, 0, current, ...features]), short(cdb, 7))
  }

  get #profile(): number {
    const { disc } = this.#drive
    if (disc === undefined) return 0
    return disc.byteLength > mostOfCd * blockBytes ? profiles.dvd : profiles.cd
  }

  #eventStatus(cdb: Uint8Array): Uint8Array {
    if ((cdb[1]! & 1) === 0) throw new ScsiFailure(senses.invalidField) // only who asks is answered
    const allocated = short(cdb, 7)
    if ((cdb[4]! & (1 << mediaEvents)) === 0) return cut(Uint8Array.of(0, 2, 0x80, 1 << mediaEvents), allocated)
    const { trayOpen, disc } = this.#drive
    const tray = trayOpen ? 1 : disc === undefined ? 0 : 2
    return cut(Uint8Array.of(0, 6, mediaEvents, 1 << mediaEvents, this.#nextEvent(), tray, 0, 0), allocated)
  }

  /** Each event once, and none while the tray is open: 1 for a press of the eject button, 2 for a new medium. */
  #nextEvent(): number {
    if (this.#drive.trayOpen) return 0
    const { newMedium, ejectRequested } = this.#events
    if (newMedium) this.#events.newMedium = false
    else this.#events.ejectRequested = false
    return newMedium ? 2 : ejectRequested ? 1 : 0
  }

  #discInformation(cdb: Uint8Array): Uint8Array {
    this.#requireDisc()
    if ((cdb[1]! & 7) !== 0) throw new ScsiFailure(senses.invalidField)
    const bytes = new Uint8Array(34)
    bytes.set([0, 32, 0x0e, 1, 1, 1, 1, 0x20])
    return cut(bytes, short(cdb, 7))
  }

  #dvdStructure(cdb: Uint8Array): Uint8Array {
    const { blocks } = this.#disc
    const [media, layer, format] = [cdb[1]! & 0x0f, cdb[6]!, cdb[7]!]
    if (format !== 0xff && blocks <= mostOfCd) throw new ScsiFailure(senses.incompatibleFormat)
    const bytes = media === 0 ? dvdStructure(format, layer, blocks) : undefined
    if (bytes === undefined) throw new ScsiFailure(senses.invalidField)
    return cut(bytes, short(cdb, 8))
  }

  get #modes() {
    const pages = new Map<number, () => readonly number[]>([
      [0x01, () => [0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
      [0x0e, () => [4, 0, 0, 0, 0, 75, 1, 0xff, 2, 0xff, 0, 0, 0, 0]],
      [
        0x2a,
        () => {
          const locked = this.#drive.locked ? 2 : 0
          return [0x3b, 0, 0x71, 0x60, 0x29 | locked, 0, ...speed, 0, 2, 2, 0, ...speed, 0, 0, 0, 0, 0, 0]
        },
      ],
    ])
    return { pages, readOnly: true, isDisk: false, blocks: 0, blockBytes }
  }
}
