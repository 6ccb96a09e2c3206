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
  readonly height: number
  readonly areas: readonly Area[]
}

/** Less than this, in rows, is not worth a search. */
const least = 64

/**
 * Finds out whether lines of text have moved up: rows that are all over the picture what others, some way below, were
 * before.
 */
export function scrollOf({ before, now, width, height, areas }: Pictures): Scroll | undefined {
  const changed = areas.reduce((rows, area) => rows + (area.width * area.height) / width, 0)
  if (changed < Math.min(least, height / 4)) return undefined
  const [old, fresh] = [rowHashes(before, width, height), rowHashes(now, width, height)]
  const distance = likeliestDistance(old, fresh)
  if (distance === undefined) return undefined
  const { top, rows } = longestRun(
    height - distance,
    (y) => fresh[y] === old[y + distance] && sameRow(before, now, width, y + distance, y),
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

function rowHashes(colours: Uint32Array, width: number, height: number): Uint32Array {
  const hashes = new Uint32Array(height)
  for (let y = 0, at = 0; y < height; y++) {
    let hash = 0x811c9dc5
    for (const end = at + width; at < end; at++) hash = Math.imul(hash ^ colours[at]!, 0x01000193)
    hashes[y] = hash
  }
  return hashes
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

function sameRow(before: Uint32Array, now: Uint32Array, width: number, from: number, to: number): boolean {
  for (let x = 0; x < width; x++) if (before[from * width + x] !== now[to * width + x]) return false
  return true
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
