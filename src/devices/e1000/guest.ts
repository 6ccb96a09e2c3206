import type {
  GuestDevice,
  GuestLink,
  GuestSide,
  GuestSurroundings,
  MemoryResponder,
  PciDevice,
} from '../../board/index.ts'
import { type Card, CardPort } from '../nic/card-port.ts'
import { parseMac } from '../nic/mac-address.ts'
import { pciAddress } from '../pci-address.ts'
import { romBar, romMemory, romRegion } from '../pci-rom.ts'
import { Eeprom } from './eeprom.ts'
import { isForCard } from './filter.ts'
import { Phy } from './phy.ts'
import { Receiver } from './receiver.ts'
import { cause, control, receive, register, status, transmit } from './registers.ts'
import { Transmitter } from './transmitter.ts'

const deviceId = 0x100e
const windowLength = 128 << 10
/** Registers end here; what is behind reads as zero. */
const registersEnd = 0x8000
const descriptorLength = 16
const busMaster = 4
const eepromRead = { start: 1, done: 1 << 4 } as const
const usualVlanType = 0x8100
/** Registers that the guest cannot write as it likes. */
const readOnly = new Set<number>([register.status, register.packetBuffer + 4])

export const guest: GuestSide = (surroundings) => new E1000(surroundings)

/** Intel's 82540EM (8254x Software Developer's Manual): rings of descriptors, checksums and segmentation by the card. */
class E1000 implements GuestDevice, Card {
  readonly #port: CardPort
  readonly #function: PciDevice
  readonly #registers = new Uint32Array(registersEnd / 4)
  readonly #mac: Uint8Array
  readonly #eeprom: Eeprom
  readonly #phy = new Phy()
  readonly #transmitter: Transmitter
  readonly #receiver: Receiver
  #transmitting = false
  /** The guest is at one of the registers. */
  #inInstruction = false

  constructor({ bus, link, place, properties, beginning }: GuestSurroundings) {
    this.#mac = parseMac(String(properties['mac'])) ?? Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56)
    this.#eeprom = new Eeprom(this.#mac, deviceId)
    this.#transmitter = new Transmitter(bus.ram)
    this.#receiver = new Receiver(bus.ram, this.#registers)
    this.#port = new CardPort(link as GuestLink, this, beginning)
    const identity = { vendorId: 0x8086, deviceId }
    this.#function = bus.pci(
      {
        ...pciAddress(place, properties),
        ...{ ...identity, revision: 3, classCode: 0x020000, interruptPin: 1 },
        bars: [
          { bar: 0, kind: 'memory', size: windowLength },
          { bar: 1, kind: 'io', size: 64 },
          ...romRegion(properties),
        ],
      },
      {
        memory: new Map([
          [0, this.#window()],
          [romBar, romMemory(beginning, identity)],
        ]),
        ports: new Map([[1, { read: () => 0, write: () => undefined }]]),
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
    this.#phy.reset()
    this.#interrupt()
  }

  save(): unknown {
    const nonzero = [...this.#registers.entries()].filter(([, value]) => value !== 0)
    return [nonzero, this.#eeprom.save(), this.#phy.save(), this.#transmitter.save()]
  }

  restore(state: unknown): void {
    const [registers, eeprom, phy, transmitter] = state as [[number, number][], unknown, number[], unknown]
    this.#registers.fill(0)
    for (const [at, value] of registers) this.#registers[at] = value
    this.#eeprom.restore(eeprom)
    this.#phy.restore(phy)
    this.#transmitter.restore(transmitter)
    this.#setLink()
  }

  deliver(frame: Uint8Array): boolean {
    const control = this.#word(register.receiveControl)
    if (!this.#isMaster || (control & receive.enable) === 0 || (this.#word(register.status) & status.linkUp) === 0)
      return false
    if (!isForCard(this.#registers, frame)) return true
    const longest = control & receive.longPackets ? 16_384 : 1522
    if (frame.length > longest) return true
    const causes = this.#receiver.put(frame)
    if (causes === undefined) return false
    this.#count(frame.length, 'received')
    this.#registers[register.cause >> 2]! |= causes
    return true
  }

  delivered(): void {
    this.#interrupt()
  }

  roomToSend(): void {
    this.#transmit()
  }

  linkChanged(): void {
    this.#setLink()
    this.#raise(cause.linkChanged)
    this.#port.roomForFrames()
  }

  /** As it is when it has been reset: the EEPROM has been read. */
  #clear(): void {
    const registers = this.#registers
    registers.fill(0)
    registers[register.control >> 2] = 0x00140241
    registers[register.packetBuffer >> 2] = 0x00100030
    registers[register.vlanType >> 2] = usualVlanType
    registers[register.manageability >> 2] = 0x00062000
    const [a, b, c, d, e, f] = this.#mac as unknown as [number, number, number, number, number, number]
    registers[register.receiveAddress >> 2] = a | (b << 8) | (c << 16) | (d << 24)
    registers[(register.receiveAddress >> 2) + 1] = 0x80000000 | e | (f << 8)
    this.#transmitter.reset()
    this.#setLink()
  }

  #setLink(): void {
    this.#registers[register.status >> 2] = status.always | (this.#port.linkUp ? status.linkUp : 0)
  }

  #window(): MemoryResponder {
    return {
      // Words of 16 bits come as two bytes: what reading does happens once.
      read8: (offset) => {
        const aligned = offset & ~3
        const word = (offset & 3) === 0 ? this.#read(aligned) : (this.#registers[aligned >> 2] ?? 0)
        return (word >>> (8 * (offset & 3))) & 0xff
      },
      write8: (offset, value) => {
        const aligned = offset & ~3
        const shift = 8 * (offset & 3)
        const others = (this.#registers[aligned >> 2] ?? 0) & ~(0xff << shift)
        this.#write(aligned, (others | (value << shift)) >>> 0)
      },
      read32: (offset) => this.#read(offset & ~3) | 0,
      write32: (offset, value) => this.#write(offset & ~3, value >>> 0),
    }
  }

  #read(offset: number): number {
    if (offset >= registersEnd) return 0
    if (offset === register.cause) {
      const causes = this.#word(register.cause)
      this.#registers[register.cause >> 2] = 0
      this.#interrupt()
      return causes
    }
    if (offset === register.eeprom) return this.#eeprom.wires
    if (offset === register.causeSet || offset === register.maskClear) return 0
    const value = this.#word(offset)
    if (offset >= register.statistics && offset < register.statisticsEnd) this.#registers[offset >> 2] = 0
    return value
  }

  #write(offset: number, value: number): void {
    this.#inInstruction = true
    this.#set(offset, value)
    this.#inInstruction = false
  }

  #set(offset: number, value: number): void {
    if (offset >= registersEnd || readOnly.has(offset)) return
    switch (offset) {
      case register.control:
        this.#control(value)
        break
      case register.eeprom:
        this.#eeprom.wires = value
        break
      case register.eepromRead:
        this.#readEeprom(value)
        break
      case register.mdi:
        this.#mdi(value)
        break
      case register.cause:
        this.#registers[register.cause >> 2]! &= ~value
        this.#interrupt()
        break
      case register.causeSet:
        this.#raise(value)
        break
      case register.mask:
        this.#registers[register.mask >> 2]! |= value
        this.#interrupt()
        break
      case register.maskClear:
        this.#registers[register.mask >> 2]! &= ~value
        this.#interrupt()
        break
      case register.txTail:
      case register.transmitControl:
        this.#registers[offset >> 2] = offset === register.txTail ? value & 0xffff : value
        this.#transmit()
        break
      case register.rxTail:
      case register.receiveControl:
        this.#registers[offset >> 2] = offset === register.rxTail ? value & 0xffff : value
        this.#port.roomForFrames()
        break
      case register.rxHead:
      case register.txHead:
        this.#registers[offset >> 2] = value & 0xffff
        break
      case register.rxLength:
      case register.txLength:
        this.#registers[offset >> 2] = value & 0xfff80
        break
      case register.rxBase:
      case register.txBase:
        this.#registers[offset >> 2] = value & ~15
        break
      default:
        this.#registers[offset >> 2] = value
    }
  }

  #control(value: number): void {
    if (value & control.reset) {
      this.reset()
      return
    }
    if (value & control.phyReset) this.#phy.reset()
    this.#registers[register.control >> 2] = value & ~(control.reset | control.phyReset)
  }

  #readEeprom(value: number): void {
    if ((value & eepromRead.start) === 0) return
    const address = (value >> 8) & 0xff
    this.#registers[register.eepromRead >> 2] = (this.#eeprom.word(address) << 16) | eepromRead.done | (address << 8)
  }

  #mdi(value: number): void {
    const { word, interrupts, negotiates } = this.#phy.access(value, this.#port.linkUp)
    this.#registers[register.mdi >> 2] = word
    if (interrupts) this.#raise(cause.mdiDone)
    if (negotiates && this.#port.linkUp) this.#raise(cause.linkChanged)
  }

  /** Sends what the ring holds, as long as it may. */
  #transmit(): void {
    // A frame for the card itself does not come back while its ring is being read.
    if (this.#transmitting || (this.#word(register.transmitControl) & transmit.enable) === 0 || !this.#isMaster) return
    const count = this.#word(register.txLength) / descriptorLength
    if (count < 1) return
    this.#transmitting = true
    const base = this.#word(register.txBase) + this.#word(register.txBaseHigh) * 2 ** 32
    const vlanType =
      this.#word(register.control) & control.vlanMode ? this.#word(register.vlanType) & 0xffff : undefined
    let causes = 0
    for (let turns = 0; turns < count && this.#port.maySend; turns++) {
      const head = this.#word(register.txHead)
      if (head === this.#word(register.txTail) || head >= count) break
      const { frames, reported } = this.#transmitter.take(base + head * descriptorLength, vlanType)
      for (const frame of frames) this.#send(frame)
      if (reported) causes |= cause.sent
      this.#registers[register.txHead >> 2] = head + 1 >= count ? 0 : head + 1
      if (this.#word(register.txHead) === this.#word(register.txTail)) causes |= cause.queueEmpty
    }
    this.#transmitting = false
    if (causes !== 0) this.#raise(causes)
  }

  #send(frame: Buffer): void {
    this.#count(frame.length, 'sent')
    if (this.#port.linkUp) this.#port.send(frame)
  }

  #count(length: number, way: 'received' | 'sent'): void {
    const isReceived = way === 'received'
    const add = (offset: number, value: number): void => {
      this.#registers[offset >> 2]! += value
    }
    add(isReceived ? register.goodReceived : register.goodSent, 1)
    add(isReceived ? register.totalReceived : register.totalSent, 1)
    add(isReceived ? register.bytesReceived : register.bytesSent, length + 4)
    add(isReceived ? register.totalBytesReceived : register.totalBytesSent, length + 4)
  }

  #raise(causes: number): void {
    this.#registers[register.cause >> 2]! |= causes
    this.#interrupt()
  }

  /**
   * Lets go of the interrupt at once, and asserts it behind the instructions at work: one that comes up while a register
   * is being written can get lost on its way.
   */
  #interrupt(): void {
    if (!this.#wantsInterrupt) this.#function.setInterrupt(false)
    else if (!this.#inInstruction) this.#function.setInterrupt(true)
  }

  get #wantsInterrupt(): boolean {
    return (this.#word(register.cause) & this.#word(register.mask)) !== 0
  }

  get #isMaster(): boolean {
    return (this.#function.space.read(4, 2) & busMaster) !== 0
  }

  #word(offset: number): number {
    return this.#registers[offset >> 2]!
  }
}
