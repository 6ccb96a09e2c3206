import type { Area } from './area.ts'

/** A part of a picture that is what another part was before, and where it still differs after that. */
export interface Scroll {
  readonly area: Area
  /** Where it stood. */
  readonly from: { readonly x: number; readonly y: number }
  /** What else has changed. */
  readonly rest: readonly Area[]
}

interface Pictures {
  readonly before: Uint32Array
  readonly now: Uint32Array
  readonly width: number
  /** Where they differ. */
  readonly areas: readonly Area[]
  readonly old: RowHashes
  readonly fresh: RowHashes
}

/** Less than this, in rows, is not worth a search. */
const least = 64

/** A number for each row of a picture: rows of other numbers differ. */
export class RowHashes {
  readonly numbers: Uint32Array

  /**
   * @param areas - where it differs from the picture before it
   * @param before - of that one; undefined if there is none of the same size
   */
  constructor(
    { colours, width, height }: { readonly colours: Uint32Array; readonly width: number; readonly height: number },
    areas: readonly Area[],
    before: RowHashes | undefined,
  ) {
    const fresh = new Uint8Array(height)
    if (before === undefined) fresh.fill(1)
    else for (const area of areas) fresh.fill(1, area.y, area.y + area.height)
    this.numbers = before === undefined ? new Uint32Array(height) : before.numbers.slice()
    for (let y = 0; y < height; y++) {
      if (fresh[y] === 0) continue
      let hash = 0x811c9dc5
      for (let at = y * width, end = at + width; at < end; at++) hash = Math.imul(hash ^ colours[at]!, 0x01000193)
      this.numbers[y] = hash
    }
  }
}

/**
 * Finds out whether lines of text have moved up: rows that are all over the picture what others, some way below, were
 * before.
 */
export function scrollOf({ before, now, width, areas, old, fresh }: Pictures): Scroll | undefined {
  const height = now.length / width
  const changed = areas.reduce((rows, area) => rows + (area.width * area.height) / width, 0)
  if (changed < Math.min(least, height / 4)) return undefined
  const distance = likeliestDistance(old.numbers, fresh.numbers)
  if (distance === undefined) return undefined
  const same = sameRows(before, now, width)
  const { top, rows } = longestRun(
    height - distance,
    (y) => fresh.numbers[y] === old.numbers[y + distance] && same(y + distance, y),
  )
  if (rows < least / 2) return undefined
  const inside = { x: 0, y: top, width, height: rows }
  return {
    area: inside,
    from: { x: 0, y: top + distance },
    rest: areas
      .flatMap((area) => [rowsOf(area, 0, top), rowsOf(area, top + rows, height)])
      .filter((area) => area.height > 0),
  }
}

/** What of an area is in these rows. */
function rowsOf(area: Area, from: number, to: number): Area {
  const y = Math.max(area.y, from)
  return { ...area, y, height: Math.min(area.y + area.height, to) - y }
}

/** How far most rows have moved up: those that there was one of, which tell most. */
function likeliestDistance(old: Uint32Array, fresh: Uint32Array): number | undefined {
  const places = new Map<number, number>()
  for (const [y, hash] of old.entries()) places.set(hash, places.has(hash) ? -1 : y)
  const votes = new Map<number, number>()
  for (const [y, hash] of fresh.entries()) {
    const place = places.get(hash)
    if (place === undefined || place <= y) continue
    votes.set(place - y, (votes.get(place - y) ?? 0) + 1)
  }
  let best: [distance: number, votes: number] | undefined
  for (const each of votes) if (best === undefined || each[1] > best[1]) best = each
  return best?.[0]
}

/** Whether a row of one picture is another row of the next. */
function sameRows(before: Uint32Array, now: Uint32Array, width: number): (from: number, to: number) => boolean {
  const [old, fresh] = [before, now].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  ) as [Buffer, Buffer]
  const rowBytes = width * Uint32Array.BYTES_PER_ELEMENT
  return (from, to) =>
    old.compare(fresh, to * rowBytes, (to + 1) * rowBytes, from * rowBytes, (from + 1) * rowBytes) === 0
}

function longestRun(rows: number, holds: (row: number) => boolean): { top: number; rows: number } {
  let best = { top: 0, rows: 0 }
  for (let y = 0, start = 0; y <= rows; y++) {
    if (y < rows && holds(y)) continue
    if (y - start > best.rows) best = { top: start, rows: y - start }
    start = y + 1
  }
  return best
}
