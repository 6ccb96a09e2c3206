import type {
  BusTimer,
  GuestDevice,
  GuestLink,
  GuestSide,
  GuestSurroundings,
  MemoryResponder,
  PciDevice,
} from '../../board/index.ts'
import { pciAddress } from '../pci-address.ts'

/** In the configuration space: what the stages do and how fast they count; whether they count. */
const configRegister = 0x60
const lockRegister = 0x68
/** Configuration: no reset at the end; counts at 1 MHz, not at 1 kHz; what the first stage does. */
const noReboot = 0x20
const fast = 0x04
const interruptType = 0x03
/** Lock: nothing can be changed any more; counts; begins anew at the end. */
const locked = 0x01
const enabled = 0x02
const freeRunning = 0x04
/** In memory: what the two stages count from, and where they are fed. */
const preloadRegisters = [0, 4] as const
const reloadRegister = 0x0c
const longest = 0xfffff
/** To be written to the reload register, one after the other, before another register takes anything. */
const firstKey = 0x80
const secondKey = 0x86
/** In the second byte of the reload register: feed; the watchdog has bitten, which a one clears. */
const feed = 0x01
const forget = 0x12
const hasBitten = 0x10
/** The PCI clock, in ticks a millisecond; each count is so many of them. */
const ticksPerMillisecond = 33_000
const slowTicks = 2 ** 15
const fastTicks = 2 ** 5

export const guest: GuestSide = (surroundings) => new I6300esb(surroundings)

class I6300esb implements GuestDevice {
  readonly #link: GuestLink
  readonly #function: PciDevice
  readonly #timer: BusTimer
  readonly #preloads: [number, number] = [longest, longest]
  #stage: 0 | 1 = 0
  /** How many of the two keys have been written. */
  #unlocked = 0
  /** Whether the byte behind it is the other half of a key. */
  #inKey = false
  #lock = 0
  #bitten = false

  constructor({ bus, link, place, properties }: GuestSurroundings) {
    this.#link = link
    this.#timer = bus.timer(() => this.#expired())
    this.#function = bus.pci(
      {
        ...pciAddress(place, properties),
        ...{ vendorId: 0x8086, deviceId: 0x25ab, classCode: 0x088000 },
        bars: [{ bar: 0, kind: 'memory', size: 16 }],
        resets: [configRegister, configRegister + 1, lockRegister],
      },
      { memory: new Map([[0, this.#registers()]]), changed: () => this.#configured() },
    )
  }

  /** That it has bitten is remembered: it is how a guest finds out afterwards. */
  reset(): void {
    this.#timer.arm(undefined)
    this.#lock = 0
    const { space } = this.#function
    for (const register of [configRegister, lockRegister]) space.write(register, 2, 0)
    this.#preloads.fill(longest)
    this.#stage = 0
    this.#unlocked = 0
  }

  save(): unknown {
    const { left = null } = this.#timer
    return [left, this.#preloads, this.#stage, this.#unlocked, this.#lock, this.#bitten]
  }

  restore(state: unknown): void {
    const [left, [first, second], stage, unlocked, lock, bitten] = state as [
      number | null,
      [number, number],
      0 | 1,
      number,
      number,
      boolean,
    ]
    this.#preloads[0] = first
    this.#preloads[1] = second
    this.#stage = stage
    this.#unlocked = unlocked
    this.#lock = lock
    this.#bitten = bitten
    this.#timer.arm(left ?? undefined)
  }

  /** The guest has written into the configuration space, perhaps what it may not. */
  #configured(): void {
    const { space } = this.#function
    space.write(configRegister, 2, space.read(configRegister, 2) & (noReboot | fast | interruptType))
    const before = this.#lock
    if ((before & locked) === 0) this.#lock = space.read(lockRegister, 1) & (locked | enabled | freeRunning)
    space.write(lockRegister, 1, this.#lock)
    if ((this.#lock & enabled) === 0) this.#timer.arm(undefined)
    else if ((before & enabled) === 0) this.#start(0)
  }

  #registers(): MemoryResponder {
    return {
      read8: (offset) => (offset === reloadRegister + 1 && this.#bitten ? this.#tellOfBite() : 0),
      read32: () => 0,
      write8: (offset, value) => {
        if (offset === reloadRegister) this.#lowByte(value)
        else if (offset === reloadRegister + 1) this.#highByte(value)
      },
      write32: (offset, value) => {
        if (offset === reloadRegister) this.#unlock(value >>> 0)
        else if (this.#unlocked === 2) this.#preload(offset, value & longest)
      },
    }
  }

  /** A word of 16 bits begins: a key, or something else. */
  #lowByte(value: number): void {
    this.#inKey = value === firstKey || value === secondKey
    this.#unlock(value)
  }

  #highByte(value: number): void {
    if (!this.#inKey && this.#unlocked === 2) this.#reload(value)
    this.#inKey = false
  }

  #unlock(value: number): void {
    if (value === firstKey) this.#unlocked = 1
    else if (value === secondKey && this.#unlocked === 1) this.#unlocked = 2
  }

  #reload(value: number): void {
    if (value & feed) this.#start(0)
    if (value & forget) this.#bitten = false
    this.#unlocked = 0
  }

  #preload(offset: number, value: number): void {
    const stage = preloadRegisters.indexOf(offset as 0 | 4)
    if (stage >= 0) this.#preloads[stage as 0 | 1] = value
    this.#unlocked = 0
  }

  #tellOfBite(): number {
    this.#bitten = false
    return hasBitten
  }

  #start(stage: 0 | 1): void {
    if ((this.#lock & enabled) === 0) return
    this.#stage = stage
    const isFast = (this.#function.space.read(configRegister, 1) & fast) !== 0
    this.#timer.arm((this.#preloads[stage] * (isFast ? fastTicks : slowTicks)) / ticksPerMillisecond)
  }

  #expired(): void {
    if (this.#stage === 0) {
      this.#start(1)
      return
    }
    const { space } = this.#function
    const free = (this.#lock & freeRunning) !== 0
    if ((space.read(configRegister, 1) & noReboot) === 0) {
      this.#bitten = true
      this.#link.send('expired')
      this.reset()
    }
    if (free) this.#start(0)
  }
}
