import { BlockError, type BlockNode, reasonOf } from '../block/index.ts'
import type { IoCall } from './io-command.ts'
import { IoComplaint } from './io-complaint.ts'
import { mostBytes, readNumber } from './numbers.ts'

const sector = 512n

/** Where a request goes: a part of an image that is there. */
export interface Place {
  readonly node: BlockNode
  readonly at: number
  readonly length: number
}

/**
 * Runs a request.
 *
 * @param name - what has failed, if it does
 * @throws {IoComplaint} if it fails, in the system's words
 */
export async function attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof BlockError ? new IoComplaint(`${name} failed: ${reasonOf(error)}\n`) : error
  }
}

/** @throws {BlockError} kinds `empty` and `range`: before memory is taken for what cannot be */
export function placeOf(call: IoCall, offset: bigint, bytes: bigint): Place {
  const node = call.image()
  if (offset + bytes > BigInt(node.length)) {
    throw new BlockError('range', `${bytes} bytes at ${offset} are not in the image`, { node: node.name })
  }
  return { node, at: Number(offset), length: Number(bytes) }
}

/** Requests that go around what a guest sees move whole sectors. @throws {IoComplaint} */
export function checkSectors(offset: bigint, count: bigint): void {
  if (offset % sector !== 0n) throw new IoComplaint(`${offset} is not a sector-aligned value for 'offset'\n`)
  if (count % sector !== 0n) throw new IoComplaint(`${count} is not a sector-aligned value for 'count'\n`)
}

/** The lengths of several buffers, which one request fills, together. @throws {IoComplaint} */
export function readLengths(words: readonly string[]): bigint {
  let total = 0n
  for (const word of words) {
    const length = readNumber(word)
    if (length > mostBytes) throw new IoComplaint(`Argument '${word}' exceeds maximum size ${mostBytes}\n`)
    total += length
    if (total > mostBytes) throw new IoComplaint(`The total number of bytes exceed the maximum size ${mostBytes}\n`)
  }
  return total
}

/** Whether all bytes of a part are the same. */
export function holdsPattern(bytes: Uint8Array, pattern: number): boolean {
  return bytes.every((byte) => byte === pattern)
}

/** There is no part of an image for the machine's state that could be read or written by itself. */
export function noVmState(): never {
  throw new BlockError('unsupported', 'The state of a machine is not read or written by itself')
}
