import type { BlockError } from '../block/index.ts'
import { dataChunkHeader, emptyChunk, errorChunk, holeChunk, type Request, simpleReply } from '../nbd/index.ts'
import { wireErrorOf } from './failure.ts'
import type { MemoryPool } from './memory-pool.ts'
import type { NbdExport } from './nbd-export.ts'

/** Room for what is before the bytes of a reply, so that both are sent from one piece of memory. */
const headRoom = 32

/** Bytes to send, and the memory that is free when they have gone. */
export interface ReadReply {
  readonly bytes: Uint8Array
  readonly memory?: Uint8Array
}

/** Where bytes are read from, and the memory for them. */
export interface ReadSource {
  readonly source: NbdExport
  readonly pool: MemoryPool
}

/** A read that the checks have let through: its offset is inside the export. */
export type ReadRequest = Request & { readonly offset: number }

/**
 * Reads without structure: all bytes, behind their header.
 *
 * @throws {BlockError}
 */
export async function simpleRead(from: ReadSource, { cookie, offset, length }: ReadRequest): Promise<ReadReply> {
  return readBehind(from, offset, length, simpleReply(cookie, 0))
}

/**
 * Reads in one chunk.
 *
 * @throws {BlockError}
 */
export async function wholeRead(from: ReadSource, { cookie, offset, length }: ReadRequest): Promise<ReadReply> {
  if (length === 0) return { bytes: emptyChunk(cookie) }
  return readBehind(from, offset, length, dataChunkHeader({ cookie, done: true }, offset, length))
}

/**
 * Reads in a chunk for each stretch: what is known to be zero is not read, nor sent.
 *
 * @param send - takes each chunk; settles when there is room for the next
 * @throws {BlockError} if bytes cannot be read: chunks may have been sent, and nothing can take them back
 */
export async function sparseRead(
  from: ReadSource,
  { cookie, offset, length }: ReadRequest,
  send: (reply: ReadReply) => Promise<void> | undefined,
): Promise<void> {
  for (let done = 0; done < length; ) {
    const at = offset + done
    let zero: boolean
    let stretch: number
    try {
      const status = await from.source.holes(at, length - done)
      zero = status.zero
      stretch = status.length
    } catch (error) {
      const text = `unable to check for holes: ${(error as BlockError).message}`
      send({ bytes: errorChunk({ cookie, done: true }, wireErrorOf(error), text) })
      return
    }
    done += stretch
    const of = { cookie, done: done === length }
    const chunk = zero
      ? { bytes: holeChunk(of, at, stretch) }
      : await readBehind(from, at, stretch, dataChunkHeader(of, at, stretch))
    const wait = send(chunk)
    if (wait !== undefined && done < length) await wait
  }
}

async function readBehind(
  { source, pool }: ReadSource,
  offset: number,
  length: number,
  header: Uint8Array,
): Promise<ReadReply> {
  const memory = pool.take(headRoom + length)
  const begin = headRoom - header.byteLength
  memory.set(header, begin)
  try {
    await source.readInto(offset, memory.subarray(headRoom, headRoom + length))
  } catch (error) {
    pool.give(memory)
    throw error
  }
  return { bytes: memory.subarray(begin, headRoom + length), memory }
}
