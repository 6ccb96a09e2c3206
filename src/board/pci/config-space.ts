import type { PciFunction, PciRegion } from '../board.ts'

/** A base address register: what it decodes. */
export interface BarShape {
  /** 0 to 5, or 6 for the expansion ROM. */
  readonly bar: number
  readonly kind: PciRegion['kind']
  /** A power of two, at least 16. */
  readonly size: number
  readonly prefetchable?: boolean
  /** Its address has 64 bits: the register behind it is its upper half. */
  readonly wide?: boolean
}

/** What a function's configuration space is like when the power comes on; all that is not said is 0. */
export interface FunctionShape {
  /** The name that it was given. */
  readonly id?: string | undefined
  readonly slot: number
  readonly function: number
  readonly vendorId: number
  readonly deviceId: number
  readonly revision?: number
  /** Base class, subclass and programming interface. */
  readonly classCode: number
  /** Vendor and device that it says to be a part of; Red Hat's virtual machine if absent. */
  readonly subsystem?: readonly [vendorId: number, deviceId: number]
  readonly status?: number
  readonly multiFunction?: boolean
  /** 1 = INTA# ... 4 = INTD#; 0 or absent: the function has none. */
  readonly interruptPin?: number
  readonly bars?: readonly BarShape[]
  /** Registers behind the header that place ports: the base, of which the mask's bits count, and what switches them on by bit 0. */
  readonly ownPorts?: { readonly base: number; readonly mask: number; readonly enable: number }
  /** Bytes behind the header at power-on. */
  readonly registers?: readonly (readonly [offset: number, value: number])[]
  /** The registers behind the header that a reset brings back to what they were at power-on; others stay. */
  readonly resets?: readonly number[]
}

export const register = {
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  cacheLine: 0x0c,
  headerType: 0x0e,
  bar0: 0x10,
  subsystem: 0x2c,
  rom: 0x30,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
  /** Where the header ends and the function's own registers begin. */
  own: 0x40,
} as const

export const command = { io: 0x0001, memory: 0x0002, busMaster: 0x0004, interruptDisable: 0x0400 } as const
/** Status: an interrupt is pending. */
export const interruptPending = 0x08

/** I/O, memory, bus master, SERR#, interrupt disable. */
const commandWritable = 0x0507
/** Errors, which a guest clears by writing ones. */
const statusClearable = 0xf900
/** Red Hat, and "QEMU virtual machine". */
const usualSubsystem = [0x1af4, 0x1100] as const
const spaceBytes = 256
const romEnabled = 1

/**
 * The configuration space of a PCI function: 256 bytes, of which the guest can change some. Behaves as QEMU's functions
 * do: behind the header every byte can be written, a base address register keeps the bits above its size.
 *
 * @see PCI Local Bus Specification 2.2, chapter 6
 */
export class ConfigSpace {
  readonly shape: FunctionShape
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #writable = new Uint8Array(spaceBytes)
  readonly #clearable = new Uint8Array(spaceBytes)
  readonly #powerOn: Uint8Array

  /** @param bytes - where the space is kept: 256 bytes */
  constructor(shape: FunctionShape, bytes: Uint8Array = new Uint8Array(spaceBytes)) {
    this.shape = shape
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, spaceBytes)
    this.#fill()
    this.#setMasks()
    this.#powerOn = bytes.slice()
  }

  /** @param width - 1, 2 or 4 bytes; what lies behind the end reads as zeros */
  read(offset: number, width: number): number {
    let value = 0
    for (let index = Math.min(width, spaceBytes - offset) - 1; index >= 0; index--) {
      value = (value << 8) | this.bytes[offset + index]!
    }
    return value
  }

  write(offset: number, width: number, value: number): void {
    const end = Math.min(offset + width, spaceBytes)
    for (let at = offset, rest = value; at < end; at++, rest >>>= 8) {
      const writable = this.#writable[at]!
      const kept = (this.bytes[at]! & ~writable) | (rest & writable)
      this.bytes[at] = kept & ~(rest & this.#clearable[at]!)
    }
  }

  /** What the bus's reset line does. */
  reset(): void {
    for (let at = 0; at < register.own; at++) {
      if (this.#writable[at] !== 0 || this.#clearable[at] !== 0) this.bytes[at] = this.#powerOn[at]!
    }
    for (const at of this.shape.resets ?? []) this.bytes[at] = this.#powerOn[at]!
  }

  get command(): number {
    return this.#view.getUint16(register.command, true)
  }

  /** Shows in the status register whether the function wants an interrupt. */
  setInterruptPending(pending: boolean): void {
    const status = this.bytes[register.status]! & ~interruptPending
    this.bytes[register.status] = pending ? status | interruptPending : status
  }

  /** Where the region of a base address register answers now; undefined if it does not. */
  addressOf({ bar, kind, size, wide }: BarShape): number | undefined {
    if ((this.command & (kind === 'io' ? command.io : command.memory)) === 0) return undefined
    const value = this.#view.getUint32(barOffset(bar), true)
    if (bar === 6 && (value & romEnabled) === 0) return undefined
    if (wide === true && this.#view.getUint32(barOffset(bar + 1), true) !== 0) return undefined // no CPU here gets there
    const address = value - (value % size)
    const last = address + size - 1
    return address === 0 || last >= 0xffffffff ? undefined : address
  }

  /** Where the ports answer that registers behind the header place; undefined if they do not. */
  get ownPorts(): number | undefined {
    const { ownPorts } = this.shape
    if (ownPorts === undefined || (this.bytes[ownPorts.enable]! & 1) === 0) return undefined
    return this.read(ownPorts.base, 4) & ownPorts.mask
  }

  describe(): PciFunction {
    const view = this.#view
    const { shape } = this
    return {
      ...(shape.id !== undefined && { id: shape.id }),
      slot: shape.slot,
      function: shape.function,
      vendorId: view.getUint16(0, true),
      deviceId: view.getUint16(2, true),
      subsystemVendorId: view.getUint16(register.subsystem, true),
      subsystemId: view.getUint16(register.subsystem + 2, true),
      classCode: view.getUint16(register.revision + 2, true),
      interruptPin: this.bytes[register.interruptPin]!,
      interruptLine: this.bytes[register.interruptLine]!,
      busMaster: (this.command & command.busMaster) !== 0,
      ...(shape.ownPorts !== undefined && { ownPorts: this.ownPorts }),
      regions: (shape.bars ?? []).map((bar) => ({
        bar: bar.bar,
        kind: bar.kind,
        size: bar.size,
        prefetchable: bar.prefetchable === true,
        wide: bar.wide === true,
        address: this.addressOf(bar),
      })),
    }
  }

  #fill(): void {
    const { shape, bytes } = this
    const view = this.#view
    bytes.fill(0)
    view.setUint16(0, shape.vendorId, true)
    view.setUint16(2, shape.deviceId, true)
    view.setUint16(register.status, shape.status ?? 0, true)
    view.setUint32(register.revision, ((shape.classCode << 8) | (shape.revision ?? 0)) >>> 0, true)
    bytes[register.headerType] = shape.multiFunction === true ? 0x80 : 0
    for (const [index, id] of (shape.subsystem ?? usualSubsystem).entries())
      view.setUint16(register.subsystem + 2 * index, id, true)
    bytes[register.interruptPin] = shape.interruptPin ?? 0
    for (const { bar, kind, prefetchable, wide } of shape.bars ?? []) {
      if (bar === 6) continue
      const memory = (prefetchable === true ? 8 : 0) | (wide === true ? 4 : 0)
      bytes[barOffset(bar)] = kind === 'io' ? 1 : memory
    }
    for (const [offset, value] of shape.registers ?? []) bytes[offset] = value
  }

  #setMasks(): void {
    const writable = new DataView(this.#writable.buffer)
    this.#writable.fill(0xff, register.own)
    writable.setUint16(register.command, commandWritable, true)
    new DataView(this.#clearable.buffer).setUint16(register.status, statusClearable, true)
    writable.setUint8(register.cacheLine, 0xff)
    writable.setUint8(register.interruptLine, 0xff)
    for (const { bar, size, wide } of this.shape.bars ?? []) {
      writable.setUint32(barOffset(bar), (-size | (bar === 6 ? romEnabled : 0)) >>> 0, true)
      if (wide === true) writable.setUint32(barOffset(bar + 1), 0xffffffff, true)
    }
  }
}

function barOffset(bar: number): number {
  return bar === 6 ? register.rom : register.bar0 + 4 * bar
}
