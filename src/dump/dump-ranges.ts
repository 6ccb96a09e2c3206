import type { MappedPage } from '../board/index.ts'
import type { LoadedRange } from './elf-core.ts'

/** A part of the guest's physical address space that is memory. */
export interface PhysicalRange {
  readonly address: number
  readonly bytes: number
}

/** The parts of memory that lie in a range. */
export function clipped(ranges: readonly PhysicalRange[], wanted: PhysicalRange | undefined): readonly PhysicalRange[] {
  if (wanted === undefined) return ranges
  return ranges.flatMap(({ address, bytes }) => {
    const start = Math.max(address, wanted.address)
    const end = Math.min(address + bytes, wanted.address + wanted.bytes)
    return start < end ? [{ address: start, bytes: end - start }] : []
  })
}

/** Memory where its physical addresses are. @param ranges in the order in which they are in the file */
export function asPhysical(ranges: readonly PhysicalRange[]): LoadedRange[] {
  let offset = 0
  return ranges.map(({ address, bytes }) => {
    const range = { virtualAddress: address, physicalAddress: address, bytes, offset }
    offset += bytes
    return range
  })
}

/**
 * Memory where the guest's page tables have it, neighbours together, and what they do not map where its physical addresses
 * are. Pages that are not memory are left out.
 */
export async function asMapped(
  ranges: readonly PhysicalRange[],
  pages: AsyncIterable<MappedPage>,
): Promise<LoadedRange[]> {
  const physical = asPhysical(ranges)
  const mapped: LoadedRange[] = []
  for await (const { address, bytes, entry } of pages) {
    const frame = frameOf(entry, bytes)
    const home = physical.find(
      ({ physicalAddress, bytes: length }) => frame >= physicalAddress && frame + bytes <= physicalAddress + length,
    )
    if (home === undefined) continue
    const offset = home.offset! + frame - home.physicalAddress
    const last = mapped.at(-1)
    const follows =
      last !== undefined &&
      last.virtualAddress + last.bytes === address &&
      last.physicalAddress + last.bytes === frame &&
      last.offset! + last.bytes === offset
    if (follows) mapped[mapped.length - 1] = { ...last, bytes: last.bytes + bytes }
    else mapped.push({ virtualAddress: address, physicalAddress: frame, bytes, offset })
  }
  return [...mapped, ...physical]
}

/** Where a page is; entries of large pages have flags among the low bits. */
function frameOf(entry: bigint, bytes: number): number {
  const address = Number(entry & 0xffffff000n)
  return address - (address % bytes)
}
