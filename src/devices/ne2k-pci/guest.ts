import {
  byteRegisters,
  type GuestDevice,
  type GuestLink,
  type GuestSide,
  type GuestSurroundings,
  type PciDevice,
  type PortHandler,
} from '../../board/index.ts'
import { type Card, CardPort } from '../nic/card-port.ts'
import { hasGroup, isBroadcast } from '../nic/group-hash.ts'
import { parseMac } from '../nic/mac-address.ts'
import { pciAddress } from '../pci-address.ts'
import { romBar, romMemory, romRegion } from '../pci-rom.ts'
import { PacketMemory } from './packet-memory.ts'
import { command, constants, interrupts, places, receive, received, status, wordWide } from './registers.ts'

const [dataPort, resetPort] = [0x10, 0x1f]
const shortestFrame = 60
const longestFrame = 1514
const headerLength = 4
const checksumLength = 4
/** Those of the first page that can be read as they are written; in the place of others something else can be read. */
const readable = new Set<number>([places.boundary, places.status, places.remoteLow, places.remoteHigh])

export const guest: GuestSide = (surroundings) => new Ne2k(surroundings)

/** An NE2000 (DP8390 with 32 KiB of its own memory, which the guest reads and fills by a port). */
class Ne2k implements GuestDevice, Card {
  readonly #port: CardPort
  readonly #function: PciDevice
  readonly #memory: PacketMemory
  readonly #registers = new Uint8Array(0x40)
  #command: number = command.stop
  /** The guest is at one of the registers. */
  #inInstruction = false

  constructor({ bus, link, place, properties, beginning }: GuestSurroundings) {
    const mac = parseMac(String(properties['mac'])) ?? Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)
    this.#memory = new PacketMemory(mac)
    this.#port = new CardPort(link as GuestLink, this, beginning)
    const identity = { vendorId: 0x10ec, deviceId: 0x8029 }
    this.#function = bus.pci(
      {
        ...pciAddress(place, properties),
        ...{ ...identity, classCode: 0x020000, interruptPin: 1 },
        bars: [{ bar: 0, kind: 'io', size: 256 }, ...romRegion(properties)],
      },
      {
        ports: new Map([[0, this.#ports()]]),
        memory: new Map([[romBar, romMemory(beginning, identity)]]),
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
    return [this.#command, [...this.#registers], this.#memory.save()]
  }

  restore(state: unknown): void {
    const [said, registers, memory] = state as [number, number[], string]
    this.#command = said
    this.#registers.set(registers)
    this.#memory.restore(memory)
  }

  deliver(frame: Uint8Array): boolean {
    if (this.#command & command.stop || !this.#hasRoom) return false
    if (frame.length > longestFrame || !this.#isForCard(frame)) return true
    const length = Math.max(shortestFrame, frame.length) + checksumLength
    const [start, end] = [this.#pageAt(places.start), this.#pageAt(places.stop)]
    const begin = this.#pageAt(places.current)
    let next = begin + ((length + headerLength + 0xff) & ~0xff)
    if (next >= end) next -= end - start
    const isGroup = (frame[0]! & 1) !== 0
    const header = [received.whole | (isGroup ? received.group : 0), (next >> 8) & 0xff, length & 0xff, length >> 8]
    let at = begin
    const put = (byte: number): void => {
      this.#memory.write(at, byte)
      if (++at === end) at = start
    }
    for (const byte of header) put(byte)
    for (let index = 0; index < length; index++) put(frame[index] ?? 0)
    this.#registers[places.current] = next >> 8
    this.#registers[places.status]! |= status.received
    return true
  }

  delivered(): void {
    this.#interrupt()
  }

  roomToSend(): void {
    this.#transmit()
  }

  linkChanged(): void {
    // Nothing in it says whether there is a cable.
  }

  #clear(): void {
    this.#command = command.stop
    this.#registers.fill(0)
    this.#registers[places.status] = status.reset
  }

  #ports(): PortHandler {
    const bytes = byteRegisters(dataPort, {
      read: (number) => this.#read(number),
      write: (number, value) => this.#write(number, value),
    })
    const ones = (size: number): number => (size === 4 ? 0xffffffff : 2 ** (8 * size) - 1)
    return {
      read: (offset, size) => {
        if (offset < dataPort) return bytes.read(offset, size)
        if (offset === resetPort) this.reset()
        return offset === dataPort ? this.#readData(size) : ones(size)
      },
      write: (offset, size, value) => {
        this.#inInstruction = true
        if (offset < dataPort) bytes.write(offset, size, value)
        else if (offset === dataPort) this.#writeData(size, value)
        this.#port.roomForFrames()
        this.#inInstruction = false
      },
    }
  }

  #read(number: number): number {
    if (number === 0) return this.#command
    const page = this.#command >> 6
    const place = (page << 4) | number
    if (page === 0) return constants[place] ?? (readable.has(place) ? this.#registers[place]! : 0)
    if (page === 1) return this.#registers[place]!
    if (page === 2) return number === places.start || number === places.stop ? this.#registers[number]! : 0
    return constants[place] ?? 0
  }

  #write(number: number, value: number): void {
    if (number === 0) {
      this.#order(value)
      return
    }
    const place = ((this.#command >> 6) << 4) | number
    if (place === places.status) this.#acknowledge(value)
    else if (place < 0x20) this.#registers[place] = value
    this.#interrupt()
  }

  /** A driver that says behind its last look that it has seen all is told again of what came in between. */
  #acknowledge(value: number): void {
    this.#registers[places.status]! &= ~(value & interrupts)
    if (value & status.received && this.#hasUnread) this.#registers[places.status]! |= status.received
  }

  /** Whether the ring holds what the guest has not read: it says how far it has, or where the last page of that is. */
  get #hasUnread(): boolean {
    const [current, boundary] = [this.#registers[places.current]!, this.#registers[places.boundary]!]
    const behind = boundary + 1 >= this.#registers[places.stop]! ? this.#registers[places.start]! : boundary + 1
    return (this.#command & command.stop) === 0 && current !== boundary && current !== behind
  }

  #order(value: number): void {
    this.#command = value
    if (value & command.stop) return
    this.#registers[places.status]! &= ~status.reset
    if (value & (command.remoteRead | command.remoteWrite) && this.#count === 0)
      this.#registers[places.status]! |= status.remoteDone
    this.#transmit()
    this.#interrupt()
  }

  /** Sends what it has been told to, as soon as it may. */
  #transmit(): void {
    if ((this.#command & command.transmit) === 0 || this.#command & command.stop || !this.#port.maySend) return
    const length = this.#word(places.transmitLow)
    const frame = this.#memory.packet(this.#pageAt(places.transmitPage), length)
    if (frame !== undefined && length <= longestFrame && this.#port.linkUp) this.#port.send(frame)
    this.#command &= ~command.transmit
    this.#registers[places.status]! |= status.sent
    this.#interrupt()
  }

  #readData(size: number): number {
    let value = 0
    const width = size === 4 ? 4 : this.#width
    for (let at = 0; at < width; at++) value += this.#memory.read(this.#word(places.remoteLow) + at) * 2 ** (8 * at)
    this.#moveOn(width)
    return value % 2 ** (8 * size)
  }

  #writeData(size: number, value: number): void {
    const width = size === 4 ? 4 : this.#width
    if (this.#count === 0) return
    for (let at = 0; at < width; at++)
      this.#memory.write(this.#word(places.remoteLow) + at, (value >>> (8 * at)) & 0xff)
    this.#moveOn(width)
  }

  /** What the guest reads or writes by the port goes on where it has stopped; the ring has no end. */
  #moveOn(width: number): void {
    let address = this.#word(places.remoteLow) + width
    if (address === this.#pageAt(places.stop)) address = this.#pageAt(places.start)
    this.#setWord(places.remoteLow, address)
    const left = Math.max(0, this.#count - width)
    this.#setWord(places.countLow, left)
    if (left === 0) this.#registers[places.status]! |= status.remoteDone
    this.#interrupt()
  }

  /** Whether the ring has room for the longest frame. */
  get #hasRoom(): boolean {
    const [start, end] = [this.#pageAt(places.start), this.#pageAt(places.stop)]
    const [current, boundary] = [this.#pageAt(places.current), this.#pageAt(places.boundary)]
    if (current < start || current >= end) return false
    const free = current < boundary ? boundary - current : end - start - (current - boundary)
    return free >= longestFrame + headerLength + checksumLength
  }

  #isForCard(frame: Uint8Array): boolean {
    const wants = this.#registers[places.receive]!
    if (wants & receive.promiscuous) return true
    if (isBroadcast(frame)) return (wants & receive.broadcast) !== 0
    if (frame[0]! & 1)
      return (wants & receive.multicast) !== 0 && hasGroup(this.#registers.subarray(places.groups), frame)
    for (let at = 0; at < 6; at++) if (frame[at] !== this.#registers[places.address + at]) return false
    return true
  }

  /** As with every card here, it is asserted behind the instruction that causes it. */
  #interrupt(): void {
    const wanted = (this.#registers[places.status]! & this.#registers[places.mask]! & interrupts) !== 0
    if (!wanted) this.#function.setInterrupt(false)
    else if (!this.#inInstruction) this.#function.setInterrupt(true)
  }

  get #width(): 1 | 2 {
    return this.#registers[places.data]! & wordWide ? 2 : 1
  }

  get #count(): number {
    return this.#word(places.countLow)
  }

  #pageAt(place: number): number {
    return this.#registers[place]! << 8
  }

  #word(low: number): number {
    return this.#registers[low]! | (this.#registers[low + 1]! << 8)
  }

  #setWord(low: number, value: number): void {
    this.#registers[low] = value
    this.#registers[low + 1] = value >> 8
  }
}
