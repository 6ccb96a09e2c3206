import type { BusMaster, DmaClient } from './bus-master.ts'
import { aborted, idle, mostMultiple, select, status, wellAndAlone } from './ide-constants.ts'

/** What a drive has of the channel that it hangs on. */
export interface ChannelLines {
  readonly busMaster: BusMaster
  /** Raises the channel's interrupt, unless the guest wants none. */
  interrupt(): void
}

export interface DriveIdentity {
  readonly model: string
  readonly serial: string
}

/** What goes through the data port, and what follows at its end: the guest reads all but `sectorsIn` and `packet`. */
export type Phase = 'idle' | 'sectorsOut' | 'sectorsIn' | 'packet' | 'reply'

const toDrive: ReadonlySet<Phase> = new Set(['sectorsIn', 'packet'])

/** The most that a drive holds: 256 sectors and a header. */
const bufferBytes = 256 * 512 + 4

/** The registers of a drive. Those that guests write twice show their earlier values in the second half. */
export interface TaskFile {
  status: number
  error: number
  feature: number
  /** Sectors: after a command has begun, all that are left of it, up to 65536. */
  count: number
  sector: number
  cylinderLow: number
  cylinderHigh: number
  select: number
  highFeature: number
  highCount: number
  highSector: number
  highCylinderLow: number
  highCylinderHigh: number
}

/** What a place on the channel has to be like: its registers answer, even where there is no drive. */
export type DriveKind = 'disk' | 'cdrom' | 'none'

/**
 * A drive on an IDE channel: registers, data port, and commands, which a kind of drive brings along. Whatever a guest
 * does in whatever state has the effect that it has on QEMU's drives, if only that it has none.
 */
export abstract class IdeDrive implements DmaClient {
  abstract readonly kind: DriveKind
  readonly registers: TaskFile = emptyTaskFile()
  readonly identity: DriveIdentity
  readonly lines: ChannelLines
  readonly buffer = new Uint8Array(bufferBytes)
  /** IDENTIFY's answer, made when it is first asked for; some settings show in it. */
  readonly identifyData = new Uint16Array(256)
  identified = false
  /** Addresses of the command at work have 48 bits. */
  lba48 = false
  /** Sectors in a piece of READ MULTIPLE and WRITE MULTIPLE; 0 if they are off. */
  multiple = mostMultiple
  #phase: Phase = 'idle'
  #pointer = 0
  #end = 0
  /** Is another one after a reset. */
  #life = 0

  constructor(identity: DriveIdentity, lines: ChannelLines) {
    this.identity = identity
    this.lines = lines
  }

  /** Does a command, of which the register has just been written. */
  protected abstract execute(command: number): void
  /** All data of a phase has gone through the port. */
  protected abstract continued(phase: Phase): void
  abstract dmaReady(): void
  /** The medium's size in sectors of 512 bytes, and how a disk is divided. */
  abstract get sectors(): number
  abstract get geometry(): { readonly cylinders: number; readonly heads: number; readonly sectors: number }

  /** Only DEVICE RESET is heard while something is at work, and only by drives with packets. */
  command(code: number): void {
    const working = (this.registers.status & (status.busy | status.dataRequest)) !== 0
    const reset = code === 0x08 && this.kind === 'cdrom'
    if (!working || reset) this.execute(code)
  }

  /** A reset by a line or a register. */
  reset(): void {
    this.#life++
    this.lines.busMaster.forget(this)
    Object.assign(this.registers, emptyTaskFile())
    this.multiple = mostMultiple
    this.lba48 = false
    this.setSignature()
    this.#phase = 'idle'
    this.#pointer = 0
    this.#end = 0
  }

  interrupt(): void {
    this.lines.interrupt()
  }

  abort(): void {
    this.stopTransfer()
    this.registers.status = status.ready | status.error
    this.registers.error = aborted
  }

  /** Shows what kind of drive this is. */
  setSignature(): void {
    const { registers } = this
    registers.select &= ~select.head
    registers.count = 1
    registers.sector = 1
    const [low, high] = signatures[this.kind]
    registers.cylinderLow = low
    registers.cylinderHigh = high
  }

  /** The drive looks at itself, finds nothing, and shows who it is. One with packets is not ready before it is asked. */
  diagnose(): void {
    this.setSignature()
    this.registers.select &= ~(select.lba | select.second)
    this.registers.status = this.kind === 'cdrom' ? 0 : idle
    this.registers.error = wellAndAlone
    this.interrupt()
  }

  /** A reset by the guest through the channel's control register. */
  resetByGuest(): void {
    this.reset()
    this.diagnose()
  }

  /** Lets data of the buffer go through the data port. */
  startTransfer(offset: number, length: number, phase: Phase): void {
    this.#phase = phase
    this.#pointer = offset
    this.#end = offset + length
    if ((this.registers.status & status.error) === 0) this.registers.status |= status.dataRequest
  }

  stopTransfer(): void {
    this.#phase = 'idle'
    this.#pointer = 0
    this.#end = 0
    this.registers.status &= ~status.dataRequest
  }

  /** Answers a command with a sector of its own. */
  answerSector(fill: (sector: Uint8Array) => void): void {
    this.buffer.fill(0, 0, 512)
    fill(this.buffer.subarray(0, 512))
    this.registers.status = idle
    this.startTransfer(0, 512, 'idle')
    this.interrupt()
  }

  readData(width: 2 | 4): number {
    const wanted = (this.registers.status & status.dataRequest) !== 0 && !toDrive.has(this.#phase)
    if (!wanted || this.#pointer + width > this.#end) return 0
    const { buffer } = this
    let value = 0
    for (let byte = 0; byte < width; byte++) value |= buffer[this.#pointer + byte]! << (8 * byte)
    this.#moved(width)
    return value
  }

  writeData(width: 2 | 4, value: number): void {
    const wanted = (this.registers.status & status.dataRequest) !== 0 && toDrive.has(this.#phase)
    if (!wanted || this.#pointer + width > this.#end) return
    for (let byte = 0; byte < width; byte++) this.buffer[this.#pointer + byte] = value >>> (8 * byte)
    this.#moved(width)
  }

  /** Goes on when a request has settled, unless the drive has been reset meanwhile. */
  follow<T>(request: Promise<T>, done: (result: T) => void, failed: () => void): void {
    const life = this.#life
    request.then(
      (result) => {
        if (life === this.#life) done(result)
      },
      () => {
        if (life === this.#life) failed()
      },
    )
  }

  /** Takes the count of sectors from its register: nought is as many as it can count. */
  takeCount(lba48: boolean): void {
    const { registers } = this
    this.lba48 = lba48
    if (!lba48) registers.count ||= 256
    else registers.count = (registers.highCount << 8) | registers.count || 65536
  }

  /** The address in the registers, in sectors; -1 for a sector 0 of the first track. */
  get address(): number {
    const { select: device, sector, cylinderLow, cylinderHigh, ...high } = this.registers
    const low = sector | (cylinderLow << 8) | (cylinderHigh << 16)
    if ((device & select.lba) === 0) {
      const { heads, sectors } = this.geometry
      return ((cylinderHigh << 8) | cylinderLow) * heads * sectors + (device & select.head) * sectors + sector - 1
    }
    if (!this.lba48) return ((device & select.head) << 24) | low
    return (high.highSector + high.highCylinderLow * 2 ** 8 + high.highCylinderHigh * 2 ** 16) * 2 ** 24 + low
  }

  set address(address: number) {
    const { registers, geometry } = this
    const byte = (index: number) => Math.floor(address / 2 ** (8 * index)) & 0xff
    if ((registers.select & select.lba) === 0) {
      const track = Math.floor(address / geometry.sectors)
      const cylinder = Math.floor(track / geometry.heads)
      registers.cylinderHigh = (cylinder >> 8) & 0xff
      registers.cylinderLow = cylinder & 0xff
      registers.select = (registers.select & 0xf0) | ((track % geometry.heads) & select.head)
      registers.sector = ((address % geometry.sectors) + 1) & 0xff
      return
    }
    registers.sector = byte(0)
    registers.cylinderLow = byte(1)
    registers.cylinderHigh = byte(2)
    if (!this.lba48) {
      registers.select = (registers.select & 0xf0) | (byte(3) & select.head)
      return
    }
    registers.highSector = byte(3)
    registers.highCylinderLow = byte(4)
    registers.highCylinderHigh = byte(5)
  }

  getState(): unknown[] {
    const data = Buffer.from(this.buffer.subarray(0, this.#end)).toString('base64')
    const transfer = [this.#phase, this.#pointer, this.#end, data]
    const settings = [this.identified, [...this.identifyData], this.lba48, this.multiple]
    return [{ ...this.registers }, transfer, settings, this.ownState()]
  }

  setState([registers, transfer, settings, own]: readonly unknown[]): void {
    Object.assign(this.registers, registers)
    const [phase, pointer, end, data] = transfer as [Phase, number, number, string]
    this.#phase = phase
    this.#pointer = pointer
    this.#end = end
    this.buffer.set(Buffer.from(data, 'base64').subarray(0, bufferBytes))
    const [identified, identifyData, lba48, multiple] = settings as [boolean, number[], boolean, number]
    this.identified = identified
    this.identifyData.set(identifyData)
    this.lba48 = lba48
    this.multiple = multiple
    this.takeOwnState(own)
  }

  /** What a kind of drive has besides. */
  protected abstract ownState(): unknown
  protected abstract takeOwnState(state: unknown): void

  #moved(width: number): void {
    this.#pointer += width
    if (this.#pointer < this.#end) return
    this.registers.status &= ~status.dataRequest
    const phase = this.#phase
    if (phase === 'idle') this.stopTransfer()
    else this.continued(phase)
  }
}

const signatures: Readonly<Record<DriveKind, readonly [number, number]>> = {
  disk: [0, 0],
  cdrom: [0x14, 0xeb],
  none: [0xff, 0xff],
}

function emptyTaskFile(): TaskFile {
  return {
    ...{ status: idle, error: 0, feature: 0, count: 0, sector: 0, cylinderLow: 0, cylinderHigh: 0 },
    ...{ select: select.always, highFeature: 0, highCount: 0, highSector: 0, highCylinderLow: 0, highCylinderHigh: 0 },
  }
}
