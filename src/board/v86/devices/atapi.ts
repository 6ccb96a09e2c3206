import type { GuestTrayMove, TrayView } from '../../board.ts'
import type { V86Disk, V86IdeInterface } from '../v86-internals.ts'

/** Asks the host whether the tray of a drive may move; what follows from it is shown before the answer comes. */
export interface TrayPort {
  moveTray(slot: { bus: 'ide'; channel: 0 | 1; unit: 0 | 1 }, move: GuestTrayMove): Promise<boolean>
}

/** Packet commands (MMC) that this file takes over. */
const command = {
  inquiry: 0x12,
  startStop: 0x1b,
  preventAllow: 0x1e,
  read10: 0x28,
  getEventStatus: 0x4a,
  modeSense10: 0x5a,
  read12: 0xa8,
} as const

/** Status register: busy; ready; ready, with data to be read. */
const busy = 0xc0
const ready = 0x50
const dataReady = 0x58
/** Sense keys, and additional sense codes. */
const notReady = 2
const illegalRequest = 5
const outOfRange = 0x21
const invalidField = 0x24
const removalPrevented = 0x53
const sectorBytes = 2048
/** What the shorter of the two commands that read can ask for. */
const mostSectors = 0xffff

/** What GET EVENT STATUS NOTIFICATION tells of a drive, each event once. */
interface Tray {
  open: boolean
  locked: boolean
  ejectRequested: boolean
  newMedium: boolean
  /** The tray command that the guest waits for; another object after a reset. */
  waiting: object | undefined
}

/**
 * Trays for v86's CD drives: v86 ejects what the guest wants ejected, accepts locks and forgets them, and knows no media
 * events. Here the host decides, a locked tray stays closed, and the guest can ask what has happened, as with QEMU's.
 */
export class AtapiTrays {
  readonly #trays = new WeakMap<V86IdeInterface, Tray>()
  readonly #port: TrayPort

  constructor(port: TrayPort) {
    this.#port = port
  }

  /** Shows the guest what is in the drive from now on. */
  show(unit: V86IdeInterface, disk: V86Disk | undefined, { open, expected = false }: TrayView): void {
    const tray = this.#of(unit)
    tray.open = open
    if (open) tray.locked = false
    const { status_reg: status, error_reg: error, medium_changed: changed } = unit
    if (disk === undefined) unit.buffer = null
    else unit.set_cdrom(disk)
    // v86 answers a change of media as if a command had failed; a guest that has sent none would be misled.
    unit.status_reg = status
    unit.error_reg = error
    if (expected) {
      unit.medium_changed = changed
      return
    }
    tray.ejectRequested = false
    tray.newMedium = true
    unit.push_irq()
  }

  requestEject(unit: V86IdeInterface): void {
    this.#of(unit).ejectRequested = true
    unit.push_irq()
  }

  /** A reset closes and unlocks the tray, and ends what the guest waits for. */
  reset(unit: V86IdeInterface): void {
    this.#trays.delete(unit)
  }

  /** A reset of the device alone: what the guest waits for is not answered any more. */
  cancel(unit: V86IdeInterface): void {
    this.#of(unit).waiting = undefined
  }

  /** Serves a packet command if it is one of these. */
  serve(unit: V86IdeInterface): boolean {
    const packet = unit.data.slice(0, 12)
    switch (packet[0]) {
      case command.inquiry:
        this.#answer(unit, inquiry().subarray(0, packet[4]!))
        return true
      case command.startStop:
        this.#startStop(unit, packet)
        return true
      case command.preventAllow:
        void this.#move(unit, packet[4]! & 1 ? 'lock' : 'unlock')
        return true
      case command.getEventStatus:
        this.#eventStatus(unit, packet)
        return true
      case command.read10:
      case command.read12:
        return this.#refusesRead(unit, packet)
      case command.modeSense10:
        if ((packet[2]! & 0x3f) !== 0x2a) return false
        this.#answer(unit, capabilities(this.#of(unit)).subarray(0, lengthAt(packet, 7)))
        return true
      default:
        return false
    }
  }

  #of(unit: V86IdeInterface): Tray {
    let tray = this.#trays.get(unit)
    if (tray === undefined) {
      tray = { open: false, locked: false, ejectRequested: false, newMedium: false, waiting: undefined }
      this.#trays.set(unit, tray)
    }
    return tray
  }

  #startStop(unit: V86IdeInterface, packet: Uint8Array): void {
    const flags = packet[4]!
    const moves = (flags & 2) !== 0 && (flags & 0xf0) === 0
    if (moves) void this.#move(unit, flags & 1 ? 'close' : 'open')
    else this.#answer(unit, new Uint8Array(0))
  }

  async #move(unit: V86IdeInterface, move: GuestTrayMove): Promise<void> {
    const tray = this.#of(unit)
    const token = {}
    tray.waiting = token
    unit.status_reg = busy
    const hadMedium = unit.buffer !== null
    const slot = { bus: 'ide', channel: unit.channel_nr as 0 | 1, unit: unit.interface_nr as 0 | 1 } as const
    const allowed = await this.#port.moveTray(slot, move)
    if (tray.waiting !== token) return
    tray.waiting = undefined
    if (allowed) {
      if (move === 'lock' || move === 'unlock') tray.locked = move === 'lock'
      this.#answer(unit, new Uint8Array(0))
    } else {
      this.#refuse(unit, hadMedium ? notReady : illegalRequest, removalPrevented)
    }
  }

  #eventStatus(unit: V86IdeInterface, packet: Uint8Array): void {
    const polled = (packet[1]! & 1) !== 0
    if (!polled) {
      this.#refuse(unit, illegalRequest, invalidField)
      return
    }
    const mediaClass = 4
    const wanted = (packet[4]! & (1 << mediaClass)) !== 0
    const header = [0, wanted ? 4 : 0, wanted ? mediaClass : 0x80, 1 << mediaClass]
    const answer = Uint8Array.from(wanted ? [...header, this.#nextEvent(unit), this.#status(unit), 0, 0] : header)
    this.#answer(unit, answer.subarray(0, lengthAt(packet, 7)))
  }

  /** v86 takes large addresses for negative ones, and holds as many bytes in memory as the guest wants to read. */
  #refusesRead(unit: V86IdeInterface, packet: Uint8Array): boolean {
    if (unit.buffer === null) return false
    const numbers = new DataView(packet.buffer, packet.byteOffset)
    const count = packet[0] === command.read12 ? numbers.getUint32(6) : numbers.getUint16(7)
    const behind = (numbers.getUint32(2) + count) * sectorBytes
    if (behind <= unit.buffer.byteLength && count <= mostSectors) return false
    this.#refuse(unit, illegalRequest, outOfRange)
    return true
  }

  /** 0 for none, 1 for a press of the eject button, 2 for a new medium. */
  #nextEvent(unit: V86IdeInterface): number {
    const tray = this.#of(unit)
    if (tray.newMedium) {
      tray.newMedium = false
      return 2
    }
    const event = tray.ejectRequested ? 1 : 0
    tray.ejectRequested = false
    return event
  }

  #status(unit: V86IdeInterface): number {
    if (this.#of(unit).open) return 1
    return unit.buffer === null ? 0 : 2
  }

  /** Ends a packet command well, with data or without. */
  #answer(unit: V86IdeInterface, data: Uint8Array): void {
    unit.data_allocate(data.length)
    unit.data.set(data)
    unit.data_end = data.length
    unit.status_reg = data.length > 0 ? dataReady : ready
    unit.sector_count_reg = (unit.sector_count_reg & ~7) | (data.length > 0 ? 2 : 3)
    if (data.length > 0) {
      unit.lba_mid_reg = data.length & 0xff
      unit.lba_high_reg = data.length >> 8
    }
    unit.push_irq()
  }

  #refuse(unit: V86IdeInterface, senseKey: number, additionalSense: number): void {
    unit.atapi_check_condition_response(senseKey, additionalSense)
    unit.push_irq()
  }
}

/** Teaches v86's IDE interface to leave trays to `trays`. Patches the prototype: instances are sealed. */
export function patchAtapi(prototype: V86IdeInterface, trays: () => AtapiTrays): void {
  const handle = prototype.atapi_handle
  prototype.atapi_handle = function (this: V86IdeInterface) {
    const code = this.data[0]!
    // A unit attention comes first, but for those who only ask.
    const attention = this.medium_changed !== 0 && this.buffer !== null
    const asks = code === command.inquiry || code === command.getEventStatus
    if (attention && !asks) return handle.call(this)
    this.data_pointer = 0
    this.current_atapi_command = code
    if (!trays().serve(this)) handle.call(this)
  }
  const reset = prototype.device_reset
  prototype.device_reset = function (this: V86IdeInterface) {
    if (this.is_atapi) trays().cancel(this)
    reset.call(this)
  }
}

/** Who the drive says it is: QEMU's words. */
function inquiry(): Uint8Array {
  const answer = new Uint8Array(36)
  answer.set([5, 0x80, 0, 0x21, 31])
  const text = `QEMU    ${'QEMU DVD-ROM'.padEnd(16)}2.5+`
  for (let index = 0; index < text.length; index++) answer[8 + index] = text.charCodeAt(index)
  return answer
}

/** Mode page 2A: what the drive can do. It reads CD-R and CD-RW, has a tray that opens and locks, and is a 4x drive. */
function capabilities({ locked }: Tray): Uint8Array {
  const answer = new Uint8Array(30)
  answer.set([0, 28, 0x70])
  answer.set([0x2a, 0x14, 0x3b, 0, 0x70, 3 << 5, 0x29 | (locked ? 2 : 0)], 8)
  const speed = [704 >> 8, 704 & 0xff]
  answer.set([...speed, 0, 2, 512 >> 8, 512 & 0xff, ...speed], 16)
  return answer
}

function lengthAt(packet: Uint8Array, index: number): number {
  return (packet[index]! << 8) | packet[index + 1]!
}
