import type { TrayView } from '../../board.ts'
import { BoardError } from '../../board-error.ts'
import type { V86Cpu, V86Disk, V86IdeChannel, V86IdeConstructor, V86IdeInterface } from '../v86-internals.ts'
import { AtapiTrays, patchAtapi, type TrayPort } from './atapi.ts'
import { patchBounds } from './ide-bounds.ts'
import { patchDma } from './ide-dma.ts'

/** Commands of ATA that this file takes over. */
const flushCache = 0xe7
const flushCacheExt = 0xea

/** Status register: busy; ready (drive ready, seek complete); ready with error. */
const busy = 0xc0
const ready = 0x50
const failed = 0x41
/** Error register: aborted; data that cannot be read. */
const aborted = 0x04
const uncorrectable = 0x40

export interface IdeUnit {
  readonly channel: 0 | 1
  readonly unit: 0 | 1
  readonly cdrom: boolean
  readonly disk: V86Disk | undefined
  readonly model: string
  readonly serial: string
}

/** The four places of an IDE controller, with v86's unit for each that has a device. */
export class IdeUnits {
  readonly #cpu: V86Cpu
  readonly #trays: AtapiTrays

  /**
   * Replaces v86's IDE controller, which knows two units, by one with these.
   */
  constructor(cpu: V86Cpu, units: readonly IdeUnit[], port: TrayPort) {
    this.#cpu = cpu
    this.#trays = new AtapiTrays(port)
    const at = (channel: number, unit: number) => {
      const found = units.find((one) => one.channel === channel && one.unit === unit)
      if (found === undefined) return undefined
      return { ...(found.cdrom && { is_cdrom: true }), ...(found.disk !== undefined && { buffer: found.disk }) }
    }
    const Ide = cpu.devices.ide.constructor as V86IdeConstructor
    const stock = cpu.devices.ide
    const prototype = Object.getPrototypeOf((stock.primary ?? stock.secondary)!.master) as V86IdeInterface
    patchInterface(
      prototype,
      (channel, unit) => units.find((one) => one.channel === channel && one.unit === unit),
      () => this.#trays,
    )
    // v86 builds a channel only for the sake of its master; an empty one is a place that no device answers from.
    const channel = (number: number) => [at(number, 0) ?? {}, at(number, 1)]
    cpu.devices.ide = new Ide(cpu, stock.bus, [channel(0), channel(1)])
    if (cpu.devices.ide.secondary !== undefined) cpu.devices.cdrom = cpu.devices.ide.secondary.master
  }

  /** Puts a disk into a CD drive, or takes it out. @throws {BoardError} kind `unavailable`, if there is no such drive */
  setMedium(channel: 0 | 1, unit: 0 | 1, disk: V86Disk | undefined, tray: TrayView): void {
    this.#trays.show(this.#cdAt(channel, unit), disk, tray)
  }

  /** Lets a disk have another size. */
  resizeMedium(channel: 0 | 1, unit: 0 | 1, byteLength: number): void {
    const found = this.#channels[channel]?.[unit === 0 ? 'master' : 'slave']
    if (found?.buffer === null || found?.buffer === undefined) return
    found.buffer.byteLength = byteLength
    found.sector_count = Math.ceil(byteLength / found.sector_size)
  }

  /** @throws {BoardError} kind `unavailable`, if there is no CD drive */
  requestEject(channel: 0 | 1, unit: 0 | 1): void {
    this.#trays.requestEject(this.#cdAt(channel, unit))
  }

  reset(): void {
    for (const channel of this.#channels) {
      if (channel === undefined) continue
      channel.dma_command = 0
      channel.dma_status = 0
      channel.device_control_reg = 2
      for (const unit of [channel.master, channel.slave]) {
        this.#trays.reset(unit)
        unit.medium_changed = 0
        unit.device_reset()
      }
    }
  }

  #cdAt(channel: 0 | 1, unit: 0 | 1): V86IdeInterface {
    const found = this.#channels[channel]?.[unit === 0 ? 'master' : 'slave']
    if (found?.drive_connected === true && found.is_atapi) return found
    throw new BoardError('unavailable', `there is no CD drive on channel ${channel}, unit ${unit}`)
  }

  get #channels(): readonly (V86IdeChannel | undefined)[] {
    const { primary, secondary } = this.#cpu.devices.ide
    return [primary, secondary]
  }
}

const patched = new WeakSet<V86IdeInterface>()

/**
 * Teaches v86's IDE interface what it lacks: a write cache that can be flushed and waits for the disk, PIO writes that
 * complete when the disk has them, and errors that reach the guest. Patches the prototype: instances are sealed.
 */
function patchInterface(
  prototype: V86IdeInterface,
  unitOf: (channel: number, unit: number) => IdeUnit | undefined,
  trays: () => AtapiTrays,
): void {
  if (patched.has(prototype)) return
  patched.add(prototype)
  patchAtapi(prototype, trays)
  patchIdentify(prototype, unitOf)
  patchFlush(prototype)
  patchWrites(prototype)
  patchBounds(prototype)
  patchDma(prototype, failDma)
  patchReads(prototype)
}

/** Shows QEMU's model and serial number, and a write cache that is on: otherwise no guest ever flushes. */
function patchIdentify(
  prototype: V86IdeInterface,
  unitOf: (channel: number, unit: number) => IdeUnit | undefined,
): void {
  const create = prototype.create_identify_packet
  prototype.create_identify_packet = function (this: V86IdeInterface) {
    create.call(this)
    const unit = unitOf(this.channel_nr, this.interface_nr)
    if (unit !== undefined) {
      writeText(this.data, 10, 10, unit.serial)
      writeText(this.data, 23, 4, '2.5+')
      writeText(this.data, 27, 20, unit.model)
    }
    if (this.is_atapi) return
    this.data16[82] = this.data16[82]! | 0x20
    this.data16[85] = this.data16[85]! | 0x20
    this.data16[83] = this.data16[83]! | 0x3000
    this.data16[86] = this.data16[86]! | 0x3000
  }
}

/** Text in words, the first character in the high byte, padded with blanks (ATA). */
function writeText(data: Uint8Array, word: number, words: number, text: string): void {
  const padded = text.padEnd(words * 2).slice(0, words * 2)
  for (let index = 0; index < padded.length; index++) data[word * 2 + (index ^ 1)] = padded.charCodeAt(index)
}

function patchFlush(prototype: V86IdeInterface): void {
  const command = prototype.ata_command
  prototype.ata_command = function (this: V86IdeInterface, code: number) {
    const isFlush = code === flushCache || code === flushCacheExt
    if (!isFlush || !this.drive_connected || this.is_atapi || this.buffer === null) {
      command.call(this, code)
      return
    }
    this.current_command = code
    this.error_reg = 0
    this.status_reg = busy
    this.buffer.flush((error) => {
      if (error !== undefined) this.error_reg = aborted
      this.status_reg = error === undefined ? ready : failed
      this.push_irq()
    })
  }
}

function patchWrites(prototype: V86IdeInterface): void {
  prototype.do_write = function (this: V86IdeInterface) {
    const { data_length: length, write_dest: offset, current_command: code } = this
    this.status_reg = busy
    this.buffer!.set(offset, this.data.subarray(0, length), (error) => {
      if (error === undefined) {
        this.ata_advance(code, length / 512)
        this.status_reg = ready
      } else {
        this.error_reg = aborted
        this.status_reg = failed
      }
      this.push_irq()
    })
    this.report_write(length)
  }
}

function failDma(unit: V86IdeInterface, error: number): void {
  unit.channel.dma_status = (unit.channel.dma_status & ~1) | 2
  unit.error_reg = error
  unit.status_reg = failed
  unit.current_command = -1
  unit.push_irq()
}

/** v86's own `read_buffer`, with a way for errors. */
function patchReads(prototype: V86IdeInterface): void {
  prototype.read_buffer = function (this: V86IdeInterface, start, length, callback) {
    const id = this.last_io_id++
    const controller = new AbortController()
    this.in_progress_io_ids.set(id, controller)
    this.buffer!.get(
      start,
      length,
      (data, error) => {
        if (this.cancelled_io_ids.delete(id)) return
        this.in_progress_io_ids.delete(id)
        if (error === undefined) callback(data)
        else if (this.is_atapi) failAtapi(this)
        else failDma(this, uncorrectable)
      },
      { signal: controller.signal },
    )
  }
}

/** Sense key 3 (medium error), unrecovered read error. */
function failAtapi(unit: V86IdeInterface): void {
  unit.channel.dma_status &= ~1
  unit.atapi_check_condition_response(3, 0x11)
  unit.push_irq()
}
