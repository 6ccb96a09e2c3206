import type { StatefulDevice, V86Cpu, V86Rtc } from '../v86-internals.ts'

const dataPort = 0x71
const registerB = 0x0b
/** Register B: the guest is about to set the clock; hours go to 24; numbers are binary. */
const setting = 0x80
const hours24 = 0x02
const binary = 0x04
const afternoon = 0x80

/** Where the time is: seconds, minutes, hours, day of the month, month, year, century (and where IBM had it). */
const places = {
  seconds: 0,
  minutes: 2,
  hours: 4,
  weekday: 6,
  day: 7,
  month: 8,
  year: 9,
  century: 0x32,
  ibmCentury: 0x37,
}
const timePlaces = new Set<number>(Object.values(places))

/**
 * Lets a guest set its clock: v86 ignores what is written to the registers of the time. They are kept while register B
 * says that the clock is being set, and become the time when it no longer does; otherwise each counts at once.
 */
export class RtcSetting implements StatefulDevice {
  readonly #rtc: V86Rtc
  readonly #changed: (offsetSeconds: number) => void
  /** What has been written while the clock is being set. */
  #written = new Map<number, number>()

  /** @param changed - told by how many seconds the clock now goes before the host's */
  constructor({ devices: { rtc }, io }: V86Cpu, changed: (offsetSeconds: number) => void) {
    this.#rtc = rtc
    this.#changed = changed
    const { read8, write8 } = io.ports[dataPort]!
    const beingSet = (): boolean => (rtc.cmos_b & setting) !== 0
    io.register_read(dataPort, rtc, (port) => {
      const written = beingSet() ? this.#written.get(rtc.cmos_index) : undefined
      return written ?? read8.call(rtc, port)
    })
    io.register_write(dataPort, rtc, (value) => {
      if (timePlaces.has(rtc.cmos_index)) {
        this.#written.set(rtc.cmos_index, value)
        if (!beingSet()) this.#set(rtc.cmos_b)
        return
      }
      const mode = rtc.cmos_b // in which the time has been written, whatever comes behind it
      write8.call(rtc, value)
      if (rtc.cmos_index === registerB && (mode & setting) !== 0 && !beingSet()) this.#set(mode)
    })
  }

  get_state(): unknown[] {
    return [[...this.#written]]
  }

  set_state([written]: readonly unknown[]): void {
    this.#written = new Map(written as [number, number][])
  }

  #set(mode: number): void {
    const written = this.#written
    this.#written = new Map()
    if (written.size === 0) return
    const rtc = this.#rtc
    rtc.timer(0) // up to now
    const now = new Date(rtc.rtc_time)
    const value = (place: number, otherwise: number): number => {
      const found = written.get(place)
      return found === undefined ? otherwise : decoded(found, mode)
    }
    const century = value(places.century, value(places.ibmCentury, Math.floor(now.getUTCFullYear() / 100)))
    rtc.rtc_time = Date.UTC(
      century * 100 + value(places.year, now.getUTCFullYear() % 100),
      value(places.month, now.getUTCMonth() + 1) - 1,
      value(places.day, now.getUTCDate()),
      hoursOf(written.get(places.hours), mode) ?? now.getUTCHours(),
      value(places.minutes, now.getUTCMinutes()),
      value(places.seconds, now.getUTCSeconds()),
    )
    this.#changed(Math.round((rtc.rtc_time - Date.now()) / 1000))
  }
}

function hoursOf(written: number | undefined, mode: number): number | undefined {
  if (written === undefined) return undefined
  if (mode & hours24) return decoded(written, mode)
  const half = decoded(written & ~afternoon, mode) % 12
  return written & afternoon ? half + 12 : half
}

function decoded(value: number, mode: number): number {
  return mode & binary ? value : (value >> 4) * 10 + (value & 15)
}
