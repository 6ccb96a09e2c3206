import type { DmaMemory } from '../../memory/dma-memory.ts'
import { bytePorts } from '../../ports/byte-ports.ts'
import type { V86Io, V86PortEntry } from '../../v86-internals.ts'
import { dmaStatus } from './ide-constants.ts'

/** Bus master command: a transfer is wanted. */
const start = 0x01
/** No table is longer than a page. */
const tableBytes = 4096

/** A drive that has a transfer to do when the bus master is started. */
export interface DmaClient {
  dmaReady(): void
}

/** A part of the guest's memory. */
export interface Region {
  readonly address: number
  readonly length: number
}

/** What has to be kept of a bus master: registers, place in the table, and the rest of the region at work. */
export type BusMasterState = readonly number[]

/**
 * One channel of a PIIX3's bus master: moves data between a drive and the regions of memory that the guest's table names.
 * It goes by the table and no further, wherever that leads.
 */
export class BusMaster {
  readonly #memory: DmaMemory
  #command = 0
  #status = 0
  #table = 0
  #cursor = 0
  #region = { address: 0, length: 0, last: false }
  #client: DmaClient | undefined

  constructor(memory: DmaMemory) {
    this.#memory = memory
  }

  /** A drive has a transfer; it is told at once if the guest has started the bus master, or else when that happens. */
  begin(client: DmaClient): void {
    this.#client = client
    this.#region = { address: 0, length: 0, last: false }
    if (this.#status & dmaStatus.active) client.dmaReady()
  }

  /** The transfer is over; or it is, but not the table, which leaves the bus master at work. */
  done(tableGoesOn = false): void {
    this.#client = undefined
    if (tableGoesOn && this.#command & start) this.#status |= dmaStatus.active
    else this.#status &= ~dmaStatus.active
  }

  /** The drive has raised its interrupt. */
  interrupted(): void {
    this.#status |= dmaStatus.interrupt
  }

  /** The drive has been reset. */
  forget(client: DmaClient): void {
    if (this.#client === client) this.done()
  }

  reset(): void {
    this.#command = 0
    this.#status = 0
    this.#table = 0
    this.#cursor = 0
    this.#client = undefined
  }

  /** The regions of the whole table for so many bytes, and how many bytes the table is for. */
  regions(bytes: number): { regions: readonly Region[]; covered: number; described: number } {
    const regions: Region[] = []
    let [covered, described] = [0, 0]
    while (this.#nextRegion()) {
      const { address, length } = this.#region
      const taken = Math.min(bytes - covered, length)
      if (taken > 0) regions.push({ address, length: taken })
      covered += taken
      described += length
      this.#region.length = 0
    }
    return { regions, covered, described }
  }

  /** Writes bytes where the table goes on. @returns whether there was place for all of them */
  pour(bytes: Uint8Array): boolean {
    let done = 0
    while (done < bytes.length) {
      if (!this.#nextRegion()) return false
      const { address, length } = this.#region
      const taken = Math.min(length, bytes.length - done)
      this.#memory.write(address, bytes.subarray(done, done + taken))
      this.#region.address += taken
      this.#region.length -= taken
      done += taken
    }
    return true
  }

  scatter(regions: readonly Region[], bytes: Uint8Array): void {
    let done = 0
    for (const { address, length } of regions) {
      this.#memory.write(address, bytes.subarray(done, done + length))
      done += length
    }
  }

  gather(regions: readonly Region[]): Uint8Array {
    const bytes = new Uint8Array(regions.reduce((sum, { length }) => sum + length, 0))
    let done = 0
    for (const { address, length } of regions) {
      bytes.set(this.#memory.read(address, length), done)
      done += length
    }
    return bytes
  }

  /** Its eight ports: command, status, and the address of the table. */
  ports(io: V86Io): V86PortEntry[] {
    const registers = bytePorts(io, this, 4, {
      read: (register) => (register === 0 ? this.#command : register === 2 ? this.#status : 0xff),
      write: (register, value) => {
        if (register === 0) this.#writeCommand(value)
        else if (register === 2) this.#writeStatus(value)
      },
    })
    const none = io.create_empty_entry()
    const narrow = registers.map((entry) => ({ ...entry, read16: none.read16, write16: none.write16 }))
    return [...narrow, ...[0, 1, 2, 3].map((byte) => this.#addressPort(io, byte))]
  }

  getState(clientNumber: (client: DmaClient) => number): BusMasterState {
    const { address, length, last } = this.#region
    const client = this.#client === undefined ? -1 : clientNumber(this.#client)
    return [this.#command, this.#status, this.#table, this.#cursor, address, length, Number(last), client]
  }

  setState(state: BusMasterState, clientAt: (number: number) => DmaClient | undefined): void {
    const [command = 0, status = 0, table = 0, cursor = 0, address = 0, length = 0, last = 0, client = -1] = state
    this.#command = command
    this.#status = status
    this.#table = table
    this.#cursor = cursor
    this.#region = { address, length, last: last !== 0 }
    this.#client = clientAt(client)
  }

  /** Makes sure that there is a region with something left. @returns false behind the end of the table */
  #nextRegion(): boolean {
    if (this.#region.length > 0) return true
    if (this.#region.last || this.#cursor - this.#table >= tableBytes) return false
    const row = new DataView(this.#memory.read(this.#cursor, 8).buffer)
    this.#cursor += 8
    this.#region = {
      address: row.getUint32(0, true),
      length: row.getUint16(4, true) & 0xfffe || 0x10000,
      last: (row.getUint8(7) & 0x80) !== 0,
    }
    return true
  }

  #writeCommand(value: number): void {
    const [before, now] = [this.#command & start, value & start]
    this.#command = value & 0x09
    if (before === now) return
    if (now === 0) {
      // What is on its way still moves data, and ends as if nothing had been said: the guest waits until it has.
      if (this.#client === undefined) this.#status &= ~dmaStatus.active
      return
    }
    this.#cursor = this.#table
    if (this.#status & dmaStatus.active) return
    this.#status |= dmaStatus.active
    this.#client?.dmaReady()
  }

  #writeStatus(value: number): void {
    this.#status = (value & 0x60) | (this.#status & dmaStatus.active) | (this.#status & ~value & 0x06)
  }

  #addressPort(io: V86Io, byte: number): V86PortEntry {
    const shift = 8 * byte
    const read = (mask: number) => () => (this.#table >>> shift) & mask
    const write = (mask: number) => (value: number) => {
      this.#table = ((this.#table & ~(mask << shift)) | (((value & mask) << shift) & ~3)) >>> 0
    }
    return {
      ...io.create_empty_entry(),
      ...{ read8: read(0xff), read16: read(0xffff), read32: read(-1) },
      ...{ write8: write(0xff), write16: write(0xffff), write32: write(-1) },
      device: this,
    }
  }
}
