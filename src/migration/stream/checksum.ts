import * as zlib from 'node:zlib'
import { crc32 as plain } from '../../hash/index.ts'

/** zlib's, where Node has it (since 20.15), which is several times as fast as JavaScript. */
const sum: (bytes: Uint8Array, before: number) => number = zlib.crc32 ?? plain

/** CRC-32. @param before the CRC of what comes before these bytes */
export function crc32(bytes: Uint8Array, before = 0): number {
  return bytes.length === 0 ? before : sum(bytes, before) // zlib begins anew where there is nothing
}
