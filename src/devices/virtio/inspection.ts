import type { RingMemory } from './ring-memory.ts'
import { readWord16 } from './ring-memory.ts'
import type { RingPlace } from './split-ring.ts'

/** What can be asked of a virtio device: how it is, and what a driver has put into a queue. */
export type VirtioQuestion =
  | { readonly about: 'device' }
  /** The next buffer that is available, or the one at an index of the ring. */
  | { readonly about: 'element'; readonly queue: number; readonly index: number | undefined }

/** How a virtio device is. Bits of 64 are in hexadecimal digits. */
export interface DeviceInspection {
  /** virtio's number for its kind. */
  readonly type: number
  readonly status: number
  readonly interrupts: number
  readonly queueSelect: number
  readonly offered: string
  readonly driverFeatures: string
  readonly broken: boolean
  /** It may not reach memory: it is not to do anything. */
  readonly disabled: boolean
  readonly started: boolean
  /** A driver from before virtio 1.0 has begun: the first notification counts as a start. */
  readonly startsWhenNotified: boolean
  readonly queues: readonly QueueInspection[]
}

export interface QueueInspection extends RingPlace {
  readonly limit: number
  readonly inUse: number
  /** Indexes of the ring: the next that is available, the last that was seen to be, the next that is used. */
  readonly next: number
  readonly seen: number
  readonly usedIndex: number
  /** Up to where the driver has been told; undefined if it has not been. */
  readonly told: number | undefined
}

/** A buffer, as it lies in a ring. */
export interface ElementInspection {
  readonly head: number
  readonly descriptors: readonly { readonly address: bigint; readonly length: number; readonly flags: number }[]
  readonly available: { readonly flags: number; readonly index: number }
  readonly used: { readonly flags: number; readonly index: number }
}

/** What is told of a buffer, or why that cannot be, in QEMU's words. */
export type ElementAnswer = { readonly element: ElementInspection } | { readonly refused: string }

const descriptorBytes = 16
const hasNext = 1
const isTable = 4
const mostDescriptors = 1024

/**
 * Reads a buffer of a ring for somebody to look at: nothing of it has to be right.
 *
 * @param next - the next one that is available
 */
export function inspectElement(memory: RingMemory, place: RingPlace, next: number): ElementAnswer {
  const { size, descriptors, available, used } = place
  const word = (address: number): number => readWord16(memory, address)
  const head = word(available + 4 + 2 * (next % size))
  let [table, count, at] = [descriptors, size, head]
  if (head >= size) return { refused: 'Cannot map descriptor ring' }
  let descriptor = readDescriptor(memory, table + at * descriptorBytes)
  if (descriptor.flags & isTable) {
    const address = Number(descriptor.address)
    if (address + descriptor.length > memory.byteLength) return { refused: 'Cannot map indirect buffer' }
    ;[table, count, at] = [address, Math.floor(descriptor.length / descriptorBytes), 0]
    descriptor = readDescriptor(memory, table)
  }
  const found = [descriptor]
  while (descriptor.flags & hasNext && found.length < Math.min(count, mostDescriptors) && descriptor.next < count) {
    descriptor = readDescriptor(memory, table + descriptor.next * descriptorBytes)
    found.push(descriptor)
  }
  return {
    element: {
      head,
      descriptors: found.map(({ address, length, flags }) => ({ address, length, flags })),
      available: { flags: word(available), index: word(available + 2) },
      used: { flags: word(used), index: word(used + 2) },
    },
  }
}

function readDescriptor(memory: RingMemory, address: number) {
  const bytes = memory.read(address, descriptorBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return {
    address: view.getBigUint64(0, true),
    length: view.getUint32(8, true),
    flags: view.getUint16(12, true),
    next: view.getUint16(14, true),
  }
}
