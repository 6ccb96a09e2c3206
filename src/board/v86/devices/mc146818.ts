import type { VirtualClock } from '../cpu/virtual-clock.ts'
import type { StatefulDevice, V86Cpu, V86Rtc } from '../v86-internals.ts'
import { type AlarmTime, dateOf, registersOf, secondsToAlarm, timePlaces } from './rtc-time.ts'

const indexPort = 0x70
const dataPort = 0x71
const irq = 8
const registers = { a: 0x0a, b: 0x0b, c: 0x0c, d: 0x0d, shutdown: 0x0f, century: 0x32, ibmCentury: 0x37 } as const
/** Register A: the time is just being updated; the divider stands still; what it divides by. */
const updating = 0x80
const dividerReset = 0x60
const divider = 0x70
const dividerRuns = 0x20
const rate = 0x0f
/** Register B, and C for the interrupts: who sets the time; periodic, alarm and update-ended interrupts. */
const setting = 0x80
const periodic = 0x40
const alarm = 0x20
const ended = 0x10
/** Register C: there is an interrupt. */
const pending = 0x80
const ticksPerSecond = 32768
/** The time cannot be read so long before the end of a second. */
const updateMilliseconds = 8000 / 32768
/** What the shutdown register holds when the firmware is to resume. */
const resuming = 0xfe
const second = 1000

export interface Mc146818Host {
  /** The guest has set the clock: by how many seconds it goes before what it would be. */
  changed(offsetSeconds: number): void
  /** An alarm that the guest wants an interrupt for comes while it stands still. */
  alarmed(): void
}

export interface ClockOptions {
  /** What the clock says at first, in milliseconds since the epoch; the host's, if absent. */
  readonly base?: number | undefined
  /** Whether it stands still while the guest does, or goes with the host's. */
  readonly stops: boolean
  /** The first state that it takes does not change what it says. */
  readonly steps?: boolean
}

/**
 * The clock of a PC, an MC146818 (data sheet: Motorola, 1984), and the CMOS RAM in it: time, alarm, and three interrupts,
 * as QEMU has them. v86's takes no time that a guest sets, and reckons alarms by another clock; its object goes on keeping
 * the RAM.
 */
export class Mc146818 implements StatefulDevice {
  readonly #cpu: V86Cpu
  readonly #clock: VirtualClock
  readonly #host: Mc146818Host
  readonly #stops: boolean
  /** By how much the guest's clock was set to differ from the host's when the machine was made. */
  readonly #planned: number
  #index = 0
  /** A whole second, and what is to be added to it and to the source's time: far from 1970 fractions are not exact. */
  #second = 0
  #offset = 0
  /** What the time was when it was last looked at. */
  #looked: number
  #nextPeriodic: number | undefined
  #waking: ReturnType<typeof setTimeout> | undefined
  #steps: boolean

  constructor(cpu: V86Cpu, clock: VirtualClock, { base, stops, steps = false }: ClockOptions, host: Mc146818Host) {
    this.#cpu = cpu
    this.#clock = clock
    this.#host = host
    this.#stops = stops
    this.#steps = steps
    this.#planned = base === undefined ? 0 : base - Date.now()
    this.#keep(base ?? Date.now())
    this.#looked = this.#time
    this.#data[registers.a] = 0x26
    this.#data[registers.b] = 0x02
    this.#data[registers.d] = 0x80
    this.#update()
    const { io } = cpu
    this.#rtc.timer = () => this.#tick()
    io.register_read(indexPort, this, () => 0xff)
    io.register_write(indexPort, this, (value) => {
      this.#index = value & 0x7f
    })
    io.register_read(dataPort, this, () => this.#read())
    io.register_write(dataPort, this, (value) => this.#write(value))
  }

  reset(): void {
    const data = this.#data
    data[registers.b] = data[registers.b]! & ~(periodic | alarm | 0x08)
    data[registers.c] = 0
    this.#nextPeriodic = undefined
    this.#cpu.device_lower_irq(irq)
    if (data[registers.shutdown] !== resuming) data[registers.shutdown] = 0
    this.#watch()
  }

  get_state(): unknown[] {
    const { a, b, c } = registers
    return [this.#index, this.#time, this.#data[a], this.#data[b], this.#data[c], this.#time - Date.now()]
  }

  /** A clock that goes with the host's has gone on meanwhile; another one has stood still. */
  set_state([index, time, a, b, c, ahead]: readonly unknown[]): void {
    this.#index = index as number
    if (this.#steps) this.#steps = false
    else if (this.#stops) this.#keep(time as number)
    else if (typeof ahead === 'number') this.#keep(Date.now() + ahead) // states of older versions do not have it
    this.#data.set([a as number, b as number, c as number, 0x80], registers.a)
    this.#looked = this.#time
    this.#schedulePeriodic()
    this.#watch()
  }

  /** What the guest would read, in milliseconds since the epoch, whole seconds. */
  get shown(): number {
    const held = !this.#runs
    return held ? dateOf(this.#data, this.#data[registers.b]!) : Math.floor(this.#time / second) * second
  }

  get #rtc(): V86Rtc {
    return this.#cpu.devices.rtc
  }

  /** Another array when a state has been restored. */
  get #data(): Uint8Array {
    return this.#rtc.cmos_data
  }

  get #source(): number {
    return this.#stops ? this.#clock.now() : Date.now()
  }

  /** Milliseconds since the epoch. */
  get #time(): number {
    return this.#second + this.#offset + this.#source
  }

  /** Milliseconds since the last second ended. */
  get #intoSecond(): number {
    const milliseconds = (this.#offset + this.#source) % second
    return milliseconds < 0 ? milliseconds + second : milliseconds
  }

  #keep(time: number): void {
    this.#second = Math.floor(time / second) * second
    this.#offset = time - this.#second - this.#source
  }

  get #runs(): boolean {
    const data = this.#data
    return (data[registers.b]! & setting) === 0 && (data[registers.a]! & divider) <= dividerRuns
  }

  #read(): number {
    if (this.#index === registers.ibmCentury) this.#index = registers.century
    const data = this.#data
    if (timePlaces.has(this.#index) && this.#runs) this.#update()
    if (this.#index === registers.a) {
      const late = this.#runs && this.#intoSecond >= second - updateMilliseconds
      return data[registers.a]! | (late ? updating : 0)
    }
    const value = data[this.#index]!
    if (this.#index === registers.c) {
      data[registers.c] = 0
      this.#cpu.device_lower_irq(irq)
    }
    return value
  }

  #write(value: number): void {
    if (this.#index === registers.ibmCentury) this.#index = registers.century
    const index = this.#index
    if (index === registers.a) this.#writeA(value)
    else if (index === registers.b) this.#writeB(value)
    else if (index !== registers.c && index !== registers.d) {
      this.#data[index] = value
      if (timePlaces.has(index) && this.#runs) this.#setTime(this.#intoSecond)
    }
    this.#watch()
  }

  #writeA(value: number): void {
    const data = this.#data
    const before = data[registers.a]!
    if ((value & dividerReset) === dividerReset && this.#runs) this.#update()
    data[registers.a] = value & ~updating
    const released = (before & dividerReset) === dividerReset && (value & divider) <= dividerRuns
    // The first second then ends after half a second.
    if (released && (data[registers.b]! & setting) === 0) this.#setTime(second / 2)
    if ((before ^ value) & rate) this.#schedulePeriodic()
  }

  #writeB(value: number): void {
    const data = this.#data
    const before = data[registers.b]!
    if (value & setting && this.#runs) this.#update()
    // Numbers and hours that have been written are in the mode in which they were.
    const ends = (before & setting) !== 0 && (value & setting) === 0
    if (ends && (data[registers.a]! & divider) <= dividerRuns) this.#setTime(this.#intoSecond)
    const kept = value & setting ? value & ~ended : value
    data[registers.b] = kept
    if (kept & data[registers.c]! & (periodic | alarm | ended)) this.#interrupt()
    else {
      data[registers.c] = data[registers.c]! & ~pending
      this.#cpu.device_lower_irq(irq)
    }
    if ((before ^ kept) & periodic) this.#schedulePeriodic()
  }

  #update(): void {
    if ((this.#data[registers.b]! & setting) !== 0) return
    for (const [place, value] of registersOf(this.#time, this.#data[registers.b]!)) this.#data[place] = value
  }

  /** The time becomes what its registers say, so far into the second. */
  #setTime(milliseconds: number): void {
    const time = dateOf(this.#data, this.#data[registers.b]!)
    this.#second = time
    this.#offset = milliseconds - this.#source
    this.#looked = this.#time
    this.#host.changed(Math.floor(time / second) - Math.floor((Date.now() + this.#planned) / second))
  }

  #interrupt(): void {
    this.#data[registers.c] = this.#data[registers.c]! | pending
    this.#cpu.device_raise_irq(irq)
  }

  #schedulePeriodic(): void {
    const period = this.#period
    this.#nextPeriodic = period === undefined ? undefined : this.#clock.now() + period
  }

  /** Milliseconds between periodic interrupts. */
  get #period(): number | undefined {
    const data = this.#data
    const code = data[registers.a]! & rate
    if ((data[registers.b]! & periodic) === 0 || code === 0) return undefined
    return (second * 2 ** ((code <= 2 ? code + 7 : code) - 1)) / ticksPerSecond
  }

  /** Does what has become due; called between slices of execution. @returns milliseconds to the next time */
  #tick(): number {
    this.#tickPeriodic()
    const now = this.#time
    if (Math.floor(now / second) !== Math.floor(this.#looked / second)) this.#endSecond(this.#looked, now)
    this.#looked = now
    const periodicLeft = this.#nextPeriodic === undefined ? 100 : this.#nextPeriodic - this.#clock.now()
    return Math.max(0, Math.min(100, periodicLeft, second - this.#intoSecond))
  }

  #tickPeriodic(): void {
    const [period, now] = [this.#period, this.#clock.now()]
    if (period === undefined || this.#nextPeriodic === undefined || now < this.#nextPeriodic) return
    this.#nextPeriodic = Math.max(this.#nextPeriodic + period, now)
    this.#data[registers.c] = this.#data[registers.c]! | periodic
    this.#interrupt()
  }

  #endSecond(before: number, now: number): void {
    const data = this.#data
    if ((data[registers.a]! & dividerReset) === dividerReset) return
    const passed = Math.floor(now / second) - Math.floor(before / second)
    const rings = passed < 0 || secondsToAlarm(before, this.#alarm) <= passed
    const events = rings ? ended | alarm : ended
    const fresh = events & ~data[registers.c]!
    data[registers.c] = data[registers.c]! | events
    if (fresh & data[registers.b]!) this.#interrupt()
  }

  get #alarm(): AlarmTime {
    const data = this.#data
    return { seconds: data[1]!, minutes: data[3]!, hours: data[5]!, mode: data[registers.b]! }
  }

  /** Lets the host's clock tell of an alarm for which the guest may sleep. */
  #watch(): void {
    clearTimeout(this.#waking)
    if ((this.#data[registers.b]! & (alarm | setting)) !== alarm) return
    const left = secondsToAlarm(this.#time, this.#alarm) * second - this.#intoSecond
    this.#waking = setTimeout(
      () => {
        if (this.#clock.goes) return
        this.#data[registers.c] = this.#data[registers.c]! | ended | alarm
        this.#host.alarmed()
      },
      Math.max(0, left),
    )
    this.#waking.unref()
  }
}
