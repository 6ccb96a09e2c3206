/** The time in the registers of an MC146818. */

const places = {
  seconds: 0,
  minutes: 2,
  hours: 4,
  weekday: 6,
  day: 7,
  month: 8,
  year: 9,
  century: 0x32,
} as const
/** Registers that hold the time. */
export const timePlaces: ReadonlySet<number> = new Set(Object.values(places))

/** Register B: hours go to 24; numbers are binary. */
const hours24 = 0x02
const binary = 0x04
const afternoon = 0x80
/** An alarm's register with these bits stands for every value. */
const any = 0xc0
const secondsPerDay = 86400

/** What the registers hold at a time, by their places. @param mode - register B */
export function registersOf(time: number, mode: number): readonly (readonly [place: number, value: number])[] {
  const date = new Date(time)
  const hours = date.getUTCHours()
  const coded = (value: number): number => encoded(value, mode)
  return [
    [places.seconds, coded(date.getUTCSeconds())],
    [places.minutes, coded(date.getUTCMinutes())],
    [places.hours, mode & hours24 ? coded(hours) : coded(hours % 12 || 12) | (hours >= 12 ? afternoon : 0)],
    [places.weekday, coded(date.getUTCDay() + 1)],
    [places.day, coded(date.getUTCDate())],
    [places.month, coded(date.getUTCMonth() + 1)],
    [places.year, coded(date.getUTCFullYear() % 100)],
    [places.century, coded(Math.floor(date.getUTCFullYear() / 100))],
  ]
}

/** The time that registers hold, in milliseconds since the epoch. */
export function dateOf(registers: Uint8Array, mode: number): number {
  const value = (place: number): number => decoded(registers[place]!, mode)
  return Date.UTC(
    value(places.century) * 100 + value(places.year),
    value(places.month) - 1,
    value(places.day),
    hoursOf(registers[places.hours]!, mode),
    value(places.minutes),
    value(places.seconds),
  )
}

/** The registers of an alarm, and register B. */
export interface AlarmTime {
  readonly seconds: number
  readonly minutes: number
  readonly hours: number
  readonly mode: number
}

/** After how many ends of a second an alarm comes next: 1 to a day's. */
export function secondsToAlarm(time: number, { seconds, minutes, hours, mode }: AlarmTime): number {
  const wanted = (register: number, read: (value: number, mode: number) => number): number | undefined =>
    (register & any) === any ? undefined : read(register, mode)
  const [hour, minute, second] = [wanted(hours, hoursOf), wanted(minutes, decoded), wanted(seconds, decoded)]
  const now = Math.floor(time / 1000)
  for (let at = now + 1; at <= now + secondsPerDay; ) {
    if (hour !== undefined && Math.floor(at / 3600) % 24 !== hour) at += 3600 - (at % 3600)
    else if (minute !== undefined && Math.floor(at / 60) % 60 !== minute) at += 60 - (at % 60)
    else if (second !== undefined && at % 60 !== second) at += 1
    else return at - now
  }
  return secondsPerDay
}

function hoursOf(register: number, mode: number): number {
  if (mode & hours24) return decoded(register, mode)
  return (decoded(register & ~afternoon, mode) % 12) + (register & afternoon ? 12 : 0)
}

function encoded(value: number, mode: number): number {
  return mode & binary ? value : (Math.floor(value / 10) << 4) | (value % 10)
}

function decoded(value: number, mode: number): number {
  return mode & binary ? value : (value >> 4) * 10 + (value & 15)
}
