import type { MemoryRegion } from './memory-region.ts'

/** A range of addresses in which one region answers. */
export interface FlatRange {
  readonly region: MemoryRegion
  readonly start: bigint
  /** Behind the last address. */
  readonly end: bigint
  /** What address of the region answers at the start. */
  readonly offset: bigint
}

/** What is seen in an address space: regions by priority, the parts of each before itself. */
export function flatView(root: MemoryRegion): readonly FlatRange[] {
  const ranges: FlatRange[] = []
  render(root, 0n, { start: 0n, end: 1n << 64n }, ranges)
  ranges.sort((one, other) => (one.start < other.start ? -1 : 1))
  return ranges.reduce<FlatRange[]>(join, [])
}

interface Clip {
  readonly start: bigint
  readonly end: bigint
}

/** @param base - where the region's surroundings begin */
function render(region: MemoryRegion, base: bigint, clip: Clip, ranges: FlatRange[]): void {
  if (!region.enabled) return
  const start = base + region.start
  const seen = { start: larger(start, clip.start), end: smaller(start + region.bytes, clip.end) }
  if (seen.start >= seen.end) return
  if (region.alias !== undefined) {
    const { target, offset } = region.alias
    render(target, start - target.start - offset, seen, ranges)
    return
  }
  const parts = [...region.parts].sort((one, other) => other.priority - one.priority)
  for (const part of parts) render(part, start, seen, ranges)
  if (region.hollow) return
  for (const gap of gapsIn(seen, ranges)) ranges.push({ region, ...gap, offset: gap.start - start })
}

/** What of a range is still free. */
function gapsIn({ start, end }: Clip, ranges: readonly FlatRange[]): Clip[] {
  const taken = ranges.filter((range) => range.start < end && start < range.end)
  taken.sort((one, other) => (one.start < other.start ? -1 : 1))
  const gaps: Clip[] = []
  let at = start
  for (const range of taken) {
    if (at < range.start) gaps.push({ start: at, end: range.start })
    at = larger(at, range.end)
  }
  if (at < end) gaps.push({ start: at, end })
  return gaps
}

/** Ranges of one region that follow each other there as they do here are one. */
function join(ranges: FlatRange[], next: FlatRange): FlatRange[] {
  const last = ranges.at(-1)
  const follows =
    last?.region === next.region && last.end === next.start && last.offset + (last.end - last.start) === next.offset
  if (!follows) return [...ranges, next]
  return [...ranges.slice(0, -1), { ...last, end: next.end }]
}

const larger = (one: bigint, other: bigint): bigint => (one > other ? one : other)
const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other)
