import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

const heeded = new WeakSet<Writable>()

/**
 * Standard output or error, for saying something. Whoever has hung up, or has no room for what is said, misses it, as
 * with QEMU: that ends nobody.
 */
export function output(name: 'stdout' | 'stderr'): NodeJS.WriteStream {
  const stream = process[name]
  if (!heeded.has(stream)) {
    heeded.add(stream)
    stream.on('error', () => undefined)
  }
  return stream
}

/** Says something on standard output, as it is. */
export function say(text: string): void {
  output('stdout').write(text)
}

let full = false

/**
 * Says something on standard output, as it is, of a program that does little more: without Node's stream, which takes long
 * to load, as long as there is room.
 */
export function sayAtOnce(text: string): void {
  let left: Uint8Array = Buffer.from(text)
  try {
    while (left.byteLength > 0 && !full) left = left.subarray(writeSync(1, left))
  } catch {
    full = true
  }
  if (full) output('stdout').write(left)
}

/** Says something on standard error, as it is. */
export function warn(text: string): void {
  output('stderr').write(text)
}

/** What stands before messages (`-msg`), beside the program's name. */
export interface MessageStyle {
  readonly timestamp: boolean
  readonly guestName: boolean
}

let before = (): string => ''

/** From now on, messages begin like that. @param name of the machine, if it has one */
export function setMessageStyle({ timestamp, guestName }: MessageStyle, name: string | undefined): void {
  const named = guestName && name !== undefined ? `${name} ` : ''
  before = () => (timestamp ? `${microsecondClock()} ` : '') + named
}

/** The time as ISO 8601 has it, to the microsecond. */
function microsecondClock(): string {
  const milliseconds = performance.timeOrigin + performance.now()
  const micro = String(Math.floor((milliseconds * 1000) % 1000)).padStart(3, '0')
  return new Date(milliseconds).toISOString().replace('Z', `${micro}Z`)
}

/** Says something on standard error, as QEMU does: after the program's name. */
export function complain(text: string): void {
  warn(`${before()}vmon: ${text}\n`)
}
