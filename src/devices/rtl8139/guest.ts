import type {
  GuestDevice,
  GuestLink,
  GuestSide,
  GuestSurroundings,
  MemoryResponder,
  PciDevice,
  PortHandler,
} from '../../board/index.ts'
import { type Card, CardPort } from '../nic/card-port.ts'
import { hasGroup, isBroadcast } from '../nic/group-hash.ts'
import { parseMac } from '../nic/mac-address.ts'
import { Microwire } from '../nic/microwire.ts'
import { pciAddress } from '../pci-address.ts'
import { romBar, romMemory, romRegion } from '../pci-rom.ts'
import { DescriptorRing, PlusTransmitter } from './descriptor-ring.ts'
import { ReceiveBuffer, sentTo } from './receive-buffer.ts'
import {
  command,
  descriptor,
  beginning as first,
  modeLink,
  modeStatus,
  plus,
  polled,
  receive,
  register,
  status,
  version,
} from './registers.ts'
import { SendBuffers } from './send-buffers.ts'

const windowLength = 256
const busMaster = 4
const shortestFrame = 60
const checksumLength = 4
/** Descriptors that are read in one go: then others have their turn. */
const mostAtOnce = 64
const eepromWires = { select: 8, clock: 4, input: 2, output: 1 } as const
/** Registers that the guest cannot write; the last has only RTL8169, which is known by that. */
const readOnly = new Set<number>(
  [register.writePointer, register.modeStatus, register.txSummary, register.largest].flatMap((at) => [at, at + 1]),
)
  .add(register.media)
  .add(register.revision)
const restart = 0x0200
const phyReset = 0x8000

export const guest: GuestSide = (surroundings) => new Rtl8139(surroundings)

/** Realtek's RTL8139C+: with four buffers for sending and a ring for what comes, or with rings of descriptors for both. */
class Rtl8139 implements GuestDevice, Card {
  readonly #port: CardPort
  readonly #function: PciDevice
  readonly #registers = new DataView(new ArrayBuffer(windowLength))
  readonly #mac: Uint8Array
  readonly #eeprom: Microwire
  readonly #buffers: SendBuffers
  readonly #buffer: ReceiveBuffer
  readonly #transmitter: PlusTransmitter
  readonly #rxRing: DescriptorRing
  readonly #ram: GuestSurroundings['bus']['ram']
  /** The guest is at one of the registers. */
  #inInstruction = false
  /** It has been told that there is no room for what comes. */
  #starved = false

  constructor({ bus, link, place, properties, beginning }: GuestSurroundings) {
    this.#ram = bus.ram
    this.#mac = parseMac(String(properties['mac'])) ?? Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)
    this.#eeprom = new Microwire(eepromOf(this.#mac))
    this.#buffers = new SendBuffers(bus.ram, this.#registers)
    this.#buffer = new ReceiveBuffer(bus.ram, this.#registers)
    this.#transmitter = new PlusTransmitter(bus.ram)
    this.#rxRing = new DescriptorRing(bus.ram)
    this.#port = new CardPort(link as GuestLink, this, beginning)
    const identity = { vendorId: 0x10ec, deviceId: 0x8139 }
    this.#function = bus.pci(
      {
        ...pciAddress(place, properties),
        ...{ ...identity, revision: 0x20, classCode: 0x020000, interruptPin: 1 },
        bars: [
          { bar: 0, kind: 'io', size: windowLength },
          { bar: 1, kind: 'memory', size: windowLength },
          ...romRegion(properties),
        ],
      },
      {
        ports: new Map([[0, this.#ports()]]),
        memory: new Map([
          [1, this.#window()],
          [romBar, romMemory(beginning, identity)],
        ]),
        changed: () => this.#port.roomForFrames(),
      },
    )
    this.#clear()
  }

  receive(message: unknown): void {
    this.#port.receive(message)
  }

  settle(): void {
    this.#interrupt()
    this.#port.settle()
  }

  reset(): void {
    this.#clear()
    this.#interrupt()
  }

  save(): unknown {
    const bytes = [...new Uint8Array(this.#registers.buffer)]
    return [bytes, this.#eeprom.save(), this.#buffers.next, this.#transmitter.save(), this.#rxRing.index]
  }

  restore(state: unknown): void {
    const [bytes, eeprom, next, transmitter, index] = state as [
      number[],
      [number, number, number | null],
      number,
      unknown,
      number,
    ]
    new Uint8Array(this.#registers.buffer).set(bytes)
    this.#eeprom.restore(eeprom, wiresOf(this.#read8(register.eeprom)))
    this.#buffers.next = next
    this.#transmitter.restore(transmitter)
    this.#rxRing.index = index
  }

  deliver(frame: Uint8Array): boolean {
    if ((this.#read8(register.command) & command.receive) === 0 || !this.#isMaster || !this.#port.linkUp) return false
    if (!this.#isForCard(frame)) return true
    const padded = new Uint8Array(Math.max(shortestFrame, frame.length) + checksumLength)
    padded.set(frame)
    const took = this.#plus(plus.receive) ? this.#putIntoRing(padded) : this.#buffer.put(padded)
    if (took === 'too long') return true
    if (took) this.#set16(register.status, this.#get16(register.status) | status.received)
    else if (!this.#starved) {
      this.#starved = true
      this.#set16(register.status, this.#get16(register.status) | status.overflow)
      this.#interrupt()
    }
    if (took) this.#starved = false
    return took
  }

  delivered(): void {
    this.#interrupt()
  }

  roomToSend(): void {
    this.#transmit()
  }

  linkChanged(): void {
    this.#raise(status.link)
    this.#port.roomForFrames()
  }

  #clear(): void {
    new Uint8Array(this.#registers.buffer).fill(0)
    new Uint8Array(this.#registers.buffer).set(this.#mac, register.address)
    for (const [place, size, value] of first)
      if (size === 1) this.#registers.setUint8(place, value)
      else if (size === 2) this.#set16(place, value)
      else this.#registers.setUint32(place, value, true)
    this.#buffers.reset()
    this.#buffer.reset()
    this.#transmitter.reset()
    this.#rxRing.index = 0
    this.#starved = false
  }

  #ports(): PortHandler {
    return {
      read: (offset, size) => this.#read(offset, size),
      write: (offset, size, value) => this.#write(offset, size, value),
    }
  }

  #window(): MemoryResponder {
    return {
      read8: (offset) => this.#read8(offset),
      write8: (offset, value) => this.#write(offset, 1, value),
      read32: (offset) => this.#read(offset, 4) | 0,
      write32: (offset, value) => this.#write(offset, 4, value >>> 0),
    }
  }

  #read(offset: number, size: number): number {
    let value = 0
    for (let at = 0; at < size; at++) value += this.#read8(offset + at) * 2 ** (8 * at)
    return value
  }

  #read8(offset: number): number {
    if (offset >= windowLength) return 0xff
    const word = (value: number): number => (offset & 1 ? value >> 8 : value) & 0xff
    if (offset === register.command)
      return this.#registers.getUint8(offset) | (this.#buffer.isEmpty ? command.empty : 0)
    if (offset === register.media) return 0xd0 | (this.#port.linkUp ? 0 : 4)
    if ((offset & ~1) === register.modeStatus) return word(modeStatus | (this.#port.linkUp ? modeLink : 0))
    if ((offset & ~1) === register.txSummary) return word(this.#buffers.summary)
    if (offset === register.eeprom)
      return this.#registers.getUint8(offset) | (this.#eeprom.output ? eepromWires.output : 0)
    return this.#registers.getUint8(offset)
  }

  #write(offset: number, size: number, value: number): void {
    this.#inInstruction = true
    const before = this.#get16(register.status)
    for (let at = 0; at < size; at++) this.#write8(offset + at, Math.floor(value / 2 ** (8 * at)) & 0xff, before)
    // What is sent begins when the whole of its word is there.
    const isStatus = offset >= register.txStatus && offset < register.txStatus + 16
    if (isStatus && size === 4 && !this.#plus(plus.transmit | plus.receive))
      this.#buffers.start((offset - register.txStatus) >> 2)
    this.#transmit()
    this.#port.roomForFrames()
    this.#interruptEnds()
    this.#inInstruction = false
  }

  #write8(offset: number, value: number, before: number): void {
    if (offset >= windowLength || readOnly.has(offset)) return
    switch (offset) {
      case register.command:
        this.#order(value)
        return
      case register.readPointer:
      case register.readPointer + 1:
        this.#registers.setUint8(offset, value)
        return
      case register.status:
      case register.status + 1: {
        const shift = offset === register.status ? 0 : 8
        this.#registers.setUint8(offset, (before >> shift) & ~value & 0xff)
        return
      }
      case register.eeprom:
        this.#registers.setUint8(offset, value & ~eepromWires.output)
        this.#eeprom.drive(wiresOf(value))
        return
      case register.modeControl + 1:
        if (value & (phyReset >> 8)) this.#set16(register.modeControl, 0x3100)
        else this.#registers.setUint8(offset, value & ~(restart >> 8))
        return
      case register.txConfig + 2:
      case register.txConfig + 3: {
        // The version stays.
        const shift = 8 * (offset - register.txConfig)
        const fixed = (0x7cc00000 >>> shift) & 0xff
        this.#registers.setUint8(offset, (value & ~fixed) | ((version >>> shift) & fixed))
        return
      }
      case register.txPoll:
        this.#registers.setUint8(offset, value & polled)
        return
      default:
        this.#registers.setUint8(offset, value)
    }
  }

  #order(value: number): void {
    if (value & command.reset) {
      this.reset()
      return
    }
    if (value & command.receive) this.#rxRing.index = 0
    if (value & command.transmit) this.#transmitter.reset()
    this.#registers.setUint8(register.command, value & (command.receive | command.transmit))
  }

  /** Sends what there is, as long as it may. */
  #transmit(): void {
    if ((this.#read8(register.command) & command.transmit) === 0 || !this.#isMaster) return
    let sent = false
    if (this.#plus(plus.transmit)) {
      if ((this.#registers.getUint8(register.txPoll) & polled) === 0) return
      const base = this.#address(register.txRing)
      for (let turns = 0; turns < mostAtOnce; turns++) {
        if (!this.#port.maySend) break // it goes on when there is room
        const frames = this.#transmitter.take(base)
        if (frames === undefined) {
          this.#registers.setUint8(register.txPoll, 0)
          break
        }
        sent = true
        for (const frame of frames) this.#send(frame)
      }
    } else
      while (this.#port.maySend) {
        const frame = this.#buffers.take()
        if (frame === undefined) break
        sent = true
        this.#send(frame)
      }
    if (sent) this.#raise(status.sent)
  }

  #send(frame: Uint8Array): void {
    if (this.#port.linkUp) this.#port.send(frame)
  }

  #putIntoRing(frame: Uint8Array): boolean | 'too long' {
    const base = this.#address(register.rxRing)
    const found = this.#rxRing.next(base)
    if (found === undefined) return false
    const { words, buffer } = found
    if (frame.length > (words[0]! & descriptor.rxLength)) return 'too long'
    this.#ram.write(buffer, frame)
    const kind = sentTo(frame, { broadcast: descriptor.broadcast, group: descriptor.group, own: descriptor.own })
    words[1] = 0
    this.#rxRing.giveBack(
      base,
      words,
      (words[0]! & descriptor.last) + descriptor.first + descriptor.end + kind + frame.length,
    )
    return true
  }

  #isForCard(frame: Uint8Array): boolean {
    const wants = this.#registers.getUint8(register.rxConfig)
    if (wants & receive.all) return true
    if (isBroadcast(frame)) return (wants & receive.broadcast) !== 0
    const bytes = new Uint8Array(this.#registers.buffer)
    if (frame[0]! & 1) return (wants & receive.groups) !== 0 && hasGroup(bytes.subarray(register.groups), frame)
    if ((wants & receive.own) === 0) return false
    for (let at = 0; at < 6; at++) if (frame[at] !== bytes[register.address + at]) return false
    return true
  }

  #raise(causes: number): void {
    this.#set16(register.status, this.#get16(register.status) | causes)
    this.#interrupt()
  }

  #interruptEnds(): void {
    if (!this.#wantsInterrupt) this.#function.setInterrupt(false)
  }

  /** As with every card here, it is asserted behind the instruction that causes it. */
  #interrupt(): void {
    this.#interruptEnds()
    if (this.#wantsInterrupt && !this.#inInstruction) this.#function.setInterrupt(true)
  }

  get #wantsInterrupt(): boolean {
    return (this.#get16(register.status) & this.#get16(register.mask)) !== 0
  }

  get #isMaster(): boolean {
    return (this.#function.space.read(4, 2) & busMaster) !== 0
  }

  #plus(bits: number): boolean {
    return (this.#registers.getUint8(register.plusCommand) & bits) !== 0
  }

  #address(place: number): number {
    return (this.#registers.getUint32(place, true) & ~0xff) + this.#registers.getUint32(place + 4, true) * 2 ** 32
  }

  #get16(place: number): number {
    return this.#registers.getUint16(place, true)
  }

  #set16(place: number, value: number): void {
    this.#registers.setUint16(place, value, true)
  }
}

/** What drivers read from the chip: whose card it is, and its address. */
function eepromOf(mac: Uint8Array): Uint16Array {
  const words = new Uint16Array(64)
  words.set([0x8129, 0x10ec, 0x8139])
  for (let at = 0; at < 3; at++) words[7 + at] = mac[2 * at]! | (mac[2 * at + 1]! << 8)
  return words
}

function wiresOf(value: number): { readonly select: boolean; readonly clock: boolean; readonly input: boolean } {
  return {
    select: (value & eepromWires.select) !== 0,
    clock: (value & eepromWires.clock) !== 0,
    input: (value & eepromWires.input) !== 0,
  }
}
