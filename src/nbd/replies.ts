import { concatenate, toBytes, u16, u32, type Wide, writeU16, writeU32, writeU64 } from './big-endian.ts'
import { chunkDone, chunkTypes, magics } from './wire-values.ts'

/** A reply without structure. The bytes of a read follow it. @param error - of `errors`, 0 for none */
export function simpleReply(cookie: bigint, error: number): Uint8Array {
  const bytes = new Uint8Array(16)
  writeU32(bytes, 0, magics.simpleReply)
  writeU32(bytes, 4, error)
  writeU64(bytes, 8, cookie)
  return bytes
}

/** Whose reply a chunk belongs to, and whether it is the last. */
export interface ChunkOf {
  readonly cookie: bigint
  readonly done: boolean
}

/** Nothing more to say. */
export function emptyChunk(cookie: bigint): Uint8Array {
  return chunk({ cookie, done: true }, chunkTypes.none, 0, 0)
}

/** What is before the bytes that were read, which follow. @param length - of those */
export function dataChunkHeader(of: ChunkOf, offset: Wide, length: number): Uint8Array {
  const bytes = chunk(of, chunkTypes.offsetData, 8, length)
  writeU64(bytes, chunkHeader, offset)
  return bytes
}

/** A range that was read, and is zero. */
export function holeChunk(of: ChunkOf, offset: Wide, length: number): Uint8Array {
  const bytes = chunk(of, chunkTypes.offsetHole, 12, 0)
  writeU64(bytes, chunkHeader, offset)
  writeU32(bytes, chunkHeader + 8, length)
  return bytes
}

/** What is known of some bytes, one stretch after the other. */
export interface Extent {
  readonly length: number
  readonly flags: number
}

export function statusChunk(of: ChunkOf, context: number, extents: readonly Extent[]): Uint8Array {
  const bytes = chunk(of, chunkTypes.blockStatus, 4 + 8 * extents.length, 0)
  writeU32(bytes, chunkHeader, context)
  for (const [index, { length, flags }] of extents.entries()) {
    writeU32(bytes, chunkHeader + 4 + 8 * index, length)
    writeU32(bytes, chunkHeader + 8 + 8 * index, flags)
  }
  return bytes
}

/** The request has failed. @param error - of `errors` */
export function errorChunk(of: ChunkOf, error: number, message: string): Uint8Array {
  const words = toBytes(message)
  const text = words.subarray(0, longestMessage)
  const head = chunk(of, chunkTypes.error, 0, 6 + text.byteLength)
  return concatenate(head, u32(error), u16(text.byteLength), text)
}

/** What 16 bits can count. */
const longestMessage = 0xffff

/** Bytes before the payload of a chunk. */
const chunkHeader = 20

/** A chunk with room for a part of its payload. @param rest - bytes of the payload that follow */
function chunk({ cookie, done }: ChunkOf, type: number, room: number, rest: number): Uint8Array {
  const bytes = new Uint8Array(chunkHeader + room)
  writeU32(bytes, 0, magics.structuredReply)
  writeU16(bytes, 4, done ? chunkDone : 0)
  writeU16(bytes, 6, type)
  writeU64(bytes, 8, cookie)
  writeU32(bytes, 16, room + rest)
  return bytes
}
