import { sectorBytes } from '../../thread/remote-disk.ts'
import { multiTrack, status0, status1, status2, type Transfer } from './floppy-constants.ts'
import type { FloppyController } from './floppy-controller.ts'
import { SectorWindow } from './sector-window.ts'

/** The longest read from a disk at once, in sectors: a cylinder. */
const mostAhead = 96

/**
 * A command with data: from where the guest has asked for, sector by sector, until the guest's length or the track's end.
 * What a medium does not have behind its end reads as zeros, and cannot be written.
 */
export class FloppyTransfer {
  readonly #controller: FloppyController
  readonly #direction: Transfer
  readonly #parameters: Uint8Array
  readonly #sectors: SectorWindow | undefined
  #length = 0
  #position = 0
  /** The sector whose bytes go through the data register. */
  #sector: Uint8Array = new Uint8Array(sectorBytes)
  #cancelled = false
  /** The track has ended before the guest's length: it reads zeros until it resets the controller. */
  #starved = false

  constructor(controller: FloppyController, direction: Transfer, parameters: Uint8Array) {
    this.#controller = controller
    this.#direction = direction
    this.#parameters = parameters
    const { disk } = controller.drive
    this.#sectors = disk === undefined ? undefined : new SectorWindow(disk)
  }

  /** A transfer as it was when a machine was saved. */
  static restored(controller: FloppyController, state: readonly unknown[]): FloppyTransfer {
    const [direction, parameters, length, position, sector, requested] = state as [
      Transfer,
      number[],
      number,
      number,
      number[],
      boolean,
    ]
    const transfer = new FloppyTransfer(controller, direction, Uint8Array.from(parameters))
    transfer.#length = length
    transfer.#position = position
    transfer.#sector.set(sector)
    if (requested) transfer.#requestDma()
    return transfer
  }

  /** The guest resets the controller: nothing follows any more. */
  cancel(): void {
    this.#cancelled = true
  }

  getState(): unknown[] {
    const { requested } = this.#controller.dma
    const sector = [...this.#sector]
    return [this.#direction, [...this.#parameters], this.#length, this.#position, sector, requested]
  }

  begin(): void {
    const controller = this.#controller
    const [command, , track, head, sector, sizeCode, last, , dataLength] = this.#parameters as unknown as number[]
    const asked = [track!, head!, sector!] as const
    const found = controller.drive.seek(head!, track!, sector!)
    if (found === 'noTrack') {
      controller.endTransfer(status0.abnormal, 0, 0, asked)
      return
    }
    if (found === 'noSector') {
      controller.endTransfer(status0.abnormal, status1.endOfTrack, 0, asked)
      return
    }
    if (found === 'moved') controller.noteSeek()
    if (!controller.rateFits) {
      controller.endTransfer(status0.abnormal, status1.noAddressMark, 0, asked)
      return
    }
    if (sizeCode === 0) {
      this.#length = dataLength!
    } else {
      const sectors = last! - sector! + 1
      if (sectors < 0) {
        controller.endTransfer(status0.abnormal, status1.noAddressMark, 0, asked)
        return
      }
      const sides = command! & multiTrack ? last! : 0
      this.#length = (128 << Math.min(sizeCode!, 7)) * (sectors + sides)
    }
    if (controller.usesDma) {
      if (this.#direction === 'verify') void this.#run(this.#length)
      else this.#requestDma()
      return
    }
    if (this.#direction === 'write') this.#offer()
    else void this.#fetch()
  }

  /** The guest reads a byte of a transfer without DMA. */
  take(): number {
    const controller = this.#controller
    if (this.#starved) return 0
    const value = this.#sector[this.#position % sectorBytes]!
    this.#position++
    if (this.#position === this.#length) {
      controller.endTransfer()
    } else if (this.#position % sectorBytes === 0) {
      this.#starved = !this.#toNextSector()
      if (!this.#starved) {
        controller.busy()
        void this.#fetch()
      }
    }
    return value
  }

  /** The guest writes one. */
  give(value: number): void {
    const at = this.#position % sectorBytes
    this.#sector[at] = value
    this.#position++
    if (at !== sectorBytes - 1 && this.#position !== this.#length) return
    this.#controller.busy()
    void this.#store()
  }

  #requestDma(): void {
    const { dma } = this.#controller
    dma.request(() => void this.#run(Math.min(dma.length, this.#length)))
  }

  /** Moves data by DMA, or without anybody seeing it. */
  async #run(length: number): Promise<void> {
    const { dma } = this.#controller
    let end: [number, number, number] | undefined
    try {
      while (this.#position < length && end === undefined) {
        const size = Math.min(length - this.#position, sectorBytes)
        end = await this.#moveSector(size, length)
        if (this.#cancelled) return
        if (end !== undefined) break
        this.#position += size
        if (this.#position % sectorBytes === 0 && !this.#toNextSector()) break
      }
      await this.#sectors?.flush()
    } catch {
      end = this.#direction === 'write' ? [status0.abnormal | status0.seekEnd, 0, 0] : [status0.abnormal, 0, 0]
    }
    if (this.#cancelled) return
    if (this.#direction !== 'verify') dma.moved(this.#position)
    const scanned = this.#direction.startsWith('scan') ? status2.scanHit : 0
    this.#controller.endTransfer(...(end ?? [0, 0, scanned]))
  }

  /** @returns the status registers if the transfer ends with this sector */
  async #moveSector(size: number, length: number): Promise<[number, number, number] | undefined> {
    const { drive, dma } = this.#controller
    const direction = this.#direction
    if (this.#sectors === undefined) return [status0.abnormal, 0, 0]
    if (direction === 'write' && drive.readOnly) {
      return [status0.abnormal | status0.seekEnd, status1.notWritable, 0]
    }
    const whole = direction === 'write' && size === sectorBytes
    const sector = whole
      ? new Uint8Array(sectorBytes)
      : await this.#sectors.read(drive.position, this.#sectorsTo(length))
    if (this.#cancelled) return undefined
    if (direction === 'read') dma.write(this.#position, sector.subarray(0, size))
    else if (direction === 'write') {
      sector.set(dma.read(this.#position, size))
      await this.#sectors.write(drive.position, sector)
    } else if (direction !== 'verify' && this.#scanEnds(dma.read(this.#position, size), sector)) {
      return [0, 0, status2.scanHit]
    }
    return undefined
  }

  #sectorsTo(length: number): number {
    return Math.min(Math.ceil((length - this.#position) / sectorBytes), mostAhead)
  }

  #scanEnds(wanted: Uint8Array, there: Uint8Array): boolean {
    const order = Buffer.compare(wanted, there.subarray(0, wanted.length))
    if (order === 0) return true
    return (order < 0 && this.#direction === 'scanLow') || (order > 0 && this.#direction === 'scanHigh')
  }

  /** @returns whether there is one; otherwise the track has ended */
  #toNextSector(): boolean {
    const { drive } = this.#controller
    const last = this.#parameters[6]!
    let { head, track, sector } = drive
    let goesOn = true
    if (sector < drive.sectors && sector !== last) {
      sector++
    } else {
      sector = 1
      const allSides = (this.#parameters[0]! & multiTrack) !== 0
      if (allSides && head === 0 && drive.twoSides) {
        head = 1
      } else {
        if (allSides) head = 0
        track++
        this.#controller.noteSeek()
        goesOn = allSides && drive.twoSides
      }
    }
    drive.seek(head, track & 0xff, sector)
    return goesOn
  }

  /** Lets the guest have the sector under the heads, a byte at a time. */
  async #fetch(): Promise<void> {
    const controller = this.#controller
    try {
      const { position } = controller.drive
      const sector = await this.#sectors?.read(position, this.#sectorsTo(this.#length))
      if (sector !== undefined) this.#sector = sector
    } catch {
      if (!this.#cancelled) controller.endTransfer(status0.abnormal)
      return
    }
    if (!this.#cancelled) this.#offer()
  }

  async #store(): Promise<void> {
    const controller = this.#controller
    const { drive } = controller
    try {
      if (this.#sectors === undefined || drive.readOnly) throw new Error('nothing can be written')
      await this.#sectors.write(drive.position, this.#sector.slice())
      await this.#sectors.flush()
    } catch {
      if (!this.#cancelled)
        controller.endTransfer(status0.abnormal | status0.seekEnd, drive.readOnly ? status1.notWritable : 0)
      return
    }
    if (this.#cancelled) return
    const goesOn = this.#toNextSector()
    if (this.#position === this.#length) controller.endTransfer()
    else if (goesOn) this.#controller.offerData(false)
  }

  /** The first byte is there, or awaited: an interrupt says so once. */
  #offer(): void {
    const first = this.#position === 0
    this.#controller.offerData(this.#direction !== 'write')
    if (first) this.#controller.interrupt()
  }
}
