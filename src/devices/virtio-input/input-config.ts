import type { DeviceProperties } from '../../board/index.ts'
import { axes, buttons, kind, wheel } from './event-codes.ts'
import { linuxKeys } from './linux-keys.ts'

/** What a driver asks of a device. @see Virtual I/O Device (VIRTIO) 1.2, 5.8.4 */
const select = { name: 0x01, serial: 0x02, identity: 0x03, events: 0x11, absolute: 0x12 } as const
/** Bytes before what was asked for: what that is, and how long. */
export const headBytes = 8
const mostBytes = 128
const largest = 0x7fff
const virtualBus = 0x06
const vendor = 0x0627

/** Which of the devices. */
export type InputSort = 'keyboard' | 'mouse' | 'tablet'

export const inputNames: Readonly<Record<InputSort, string>> = {
  keyboard: 'QEMU Virtio Keyboard',
  mouse: 'QEMU Virtio Mouse',
  tablet: 'QEMU Virtio Tablet',
}
const products: Readonly<Record<InputSort, number>> = { keyboard: 1, mouse: 2, tablet: 3 }

/** What a driver can ask a device, and what it is told: an answer is at most 128 bytes. */
export class InputConfig {
  /** Of all that can be seen, with the longest answer. */
  readonly length: number
  /** What is asked, and which of it. */
  readonly asked: [select: number, which: number] = [0, 0]
  readonly #answers: ReadonlyMap<number, Uint8Array>

  constructor(sort: InputSort, properties: DeviceProperties) {
    this.#answers = new Map(answersOf(sort, properties).map(([what, which, bytes]) => [what * 256 + which, bytes]))
    this.length = headBytes + Math.max(...[...this.#answers.values()].map(({ length }) => length))
  }

  read(offset: number): number {
    const [what, which] = this.asked
    const answer = this.#answers.get(what * 256 + which)
    if (answer === undefined) return 0
    if (offset < 2) return this.asked[offset]!
    if (offset === 2) return answer.length
    return offset < headBytes ? 0 : (answer[offset - headBytes] ?? 0)
  }

  write(offset: number, value: number): void {
    if (offset === 0 || offset === 1) this.asked[offset] = value
  }
}

type Answer = readonly [what: number, which: number, bytes: Uint8Array]

function answersOf(sort: InputSort, properties: DeviceProperties): Answer[] {
  const wheeled = sort !== 'keyboard' && properties['wheel-axis'] !== false
  const serial = properties['serial']
  const answers: Answer[] = [
    [select.name, 0, Buffer.from(`${inputNames[sort]}\0`)],
    [select.identity, 0, words(virtualBus, vendor, products[sort], wheeled ? 2 : 1)],
    [select.events, kind.key, bits(sort === 'keyboard' ? linuxKeys : Object.values(buttons))],
  ]
  if (serial !== undefined) answers.push([select.serial, 0, Buffer.from(String(serial)).subarray(0, mostBytes - 1)])
  if (sort === 'keyboard') {
    answers.push([select.events, kind.repeat, Uint8Array.of(0)], [select.events, kind.lamp, bits([0, 1, 2])])
    return answers
  }
  const moves = [...(sort === 'mouse' ? Object.values(axes) : []), ...(wheeled ? [wheel] : [])]
  if (moves.length > 0) answers.push([select.events, kind.relative, bits(moves)])
  if (sort === 'tablet') {
    answers.push([select.events, kind.absolute, bits(Object.values(axes))])
    for (const axis of Object.values(axes)) answers.push([select.absolute, axis, range(largest)])
  }
  return answers
}

function words(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value & 0xff, value >> 8]))
}

function bits(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.floor(Math.max(...numbers) / 8) + 1)
  for (const number of numbers) bytes[number >> 3]! |= 1 << (number & 7)
  return bytes
}

/** From 0 to there: smallest, largest, fuzz, flat and resolution, each of 32 bits. */
function range(end: number): Uint8Array {
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setInt32(4, end, true)
  return bytes
}
