import { MigrationError } from '../migration-error.ts'
import { pageBytes } from './ram-section.ts'

/*
 * What has changed in a page: runs of bytes that are as before and of bytes that are not, in turn, each run with its
 * length (in 7 bits a byte, the lowest first) and the second kind with the new bytes. What is left out at the end is as
 * before.
 */

/**
 * @returns undefined, if that would take `most` bytes or more
 */
export function packDifference(before: Uint8Array, after: Uint8Array, most: number): Uint8Array | undefined {
  const packed: number[] = []
  for (let at = 0; at < pageBytes; ) {
    const same = runEnd(before, after, at, true)
    if (same === pageBytes) break
    const different = runEnd(before, after, same, false)
    pushLength(packed, same - at)
    pushLength(packed, different - same)
    if (packed.length + different - same >= most) return undefined
    for (let index = same; index < different; index++) packed.push(after[index]!)
    at = different
  }
  return packed.length >= most ? undefined : Uint8Array.from(packed)
}

/** Changes a page. @throws {MigrationError} `stream`, if the difference is none */
export function applyDifference(page: Uint8Array, packed: Uint8Array): void {
  let [read, at] = [0, 0]
  const length = (): number => {
    let [value, shift] = [0, 0]
    for (;;) {
      const byte = packed[read++]
      if (byte === undefined || shift > 14) throw spoilt()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
      shift += 7
    }
  }
  while (read < packed.length) {
    at += length()
    const count = length()
    if (count === 0 || at + count > pageBytes || read + count > packed.length) throw spoilt()
    page.set(packed.subarray(read, read + count), at)
    read += count
    at += count
  }
}

function runEnd(before: Uint8Array, after: Uint8Array, start: number, same: boolean): number {
  let at = start
  while (at < pageBytes && (before[at] === after[at]) === same) at++
  return at
}

function pushLength(packed: number[], length: number): void {
  let rest = length
  for (; rest >= 0x80; rest >>= 7) packed.push((rest & 0x7f) | 0x80)
  packed.push(rest)
}

function spoilt(): MigrationError {
  return new MigrationError('stream', 'the stream has a difference that fits no page')
}
