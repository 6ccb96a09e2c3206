import type { V86IdeInterface } from '../v86-internals.ts'
import { isInside } from './ide-bounds.ts'

/** Commands of ATA whose addresses have 48 bits. */
const readDmaExt = 0x25
const writeDmaExt = 0x35
const ready = 0x50
const dataRequest = 0x08
const aborted = 0x04
/** Bus master status: a transfer is at work. */
const active = 1

/**
 * Gives v86's IDE interface transfers that go by the guest's table of memory regions and no further: v86 follows a table
 * without an end through all of memory, and throws where a table is longer than the transfer or names memory that is not
 * there. A table that is too short ends the transfer without an interrupt, as in QEMU.
 *
 * @param fail ends a transfer with a value for the error register
 */
export function patchDma(prototype: V86IdeInterface, fail: (unit: V86IdeInterface, error: number) => void): void {
  prototype.do_ata_read_sectors_dma = function (this: V86IdeInterface) {
    const { command, count, start } = transferOf(this, readDmaExt)
    if (!isInside(this, command)) return fail(this, aborted)
    this.read_buffer(start, count * this.sector_size, (data) => {
      if (this.current_command !== command) return // the guest has reset the drive
      const covered = scatter(this, data)
      finish(this, Math.floor(covered / this.sector_size), count)
    })
  }
  prototype.do_ata_write_sectors_dma = function (this: V86IdeInterface) {
    const { command, count, start } = transferOf(this, writeDmaExt)
    if (!isInside(this, command)) return fail(this, aborted)
    const data = gather(this, count * this.sector_size)
    const sectors = Math.floor(data.length / this.sector_size)
    if (sectors === 0) {
      finish(this, 0, count)
      return
    }
    this.buffer!.set(start, data.subarray(0, sectors * this.sector_size), (error) => {
      if (this.current_command !== command) return
      if (error === undefined) finish(this, sectors, count)
      else fail(this, aborted)
    })
    this.report_write(data.length)
  }
  prototype.do_atapi_dma = function (this: V86IdeInterface) {
    if ((this.channel.dma_status & active) === 0 || (this.status_reg & dataRequest) === 0) return
    scatter(this, this.data.subarray(0, this.data_length))
    this.status_reg = ready
    this.channel.dma_status &= ~active
    this.sector_count_reg = (this.sector_count_reg & ~7) | 3
    this.push_irq()
  }
}

function transferOf(unit: V86IdeInterface, extended: number): { command: number; count: number; start: number } {
  const { current_command: command } = unit
  const lba48 = command === extended
  return { command, count: unit.get_count(lba48), start: unit.get_lba(lba48) * unit.sector_size }
}

function finish(unit: V86IdeInterface, sectors: number, wanted: number): void {
  unit.ata_advance(unit.current_command, sectors)
  unit.status_reg = ready
  unit.channel.dma_status &= ~active
  unit.current_command = -1
  if (sectors === wanted) unit.push_irq()
}

/** Memory regions: an address, an even length of 16 bits (0 is 64 KiB), and whether it is the last one (bit 31). */
function* regions({ cpu, channel }: V86IdeInterface, bytes: number): Generator<{ address: number; length: number }> {
  const { buffer } = cpu.wasm_memory
  const table = new DataView(buffer, cpu.mem8.byteOffset, cpu.memory_size[0]!)
  let left = bytes
  for (let at = (channel.prdt_addr & ~3) >>> 0; left > 0 && at + 8 <= table.byteLength; at += 8) {
    const length = Math.min(table.getUint16(at + 4, true) & 0xfffe || 0x10000, left)
    yield { address: table.getUint32(at, true), length }
    left -= length
    if (table.getUint8(at + 7) & 0x80) return
  }
}

/** Writes data into the guest's regions; returns for how much of it there were any. */
function scatter(unit: V86IdeInterface, data: Uint8Array): number {
  let done = 0
  for (const { address, length } of regions(unit, data.length)) {
    unit.cpu.write_blob(data.subarray(done, done + length), address)
    done += length
  }
  return done
}

/** Reads what the guest's regions hold, zeros where there is no memory. */
function gather(unit: V86IdeInterface, bytes: number): Uint8Array {
  const { cpu } = unit
  const ram = new Uint8Array(cpu.wasm_memory.buffer, cpu.mem8.byteOffset, cpu.memory_size[0]!)
  const data = new Uint8Array(bytes)
  let done = 0
  for (const { address, length } of regions(unit, bytes)) {
    data.set(ram.subarray(address, address + length), done)
    done += length
  }
  return data.subarray(0, done)
}
