/** A sector as it is on the disc: sync bytes, a header of 4 bytes, 2048 bytes, 288 for the correction of errors. */
export const rawSectorBytes = 2352
/** Between the beginning of the disc and its first sector: two seconds. */
const leadInFrames = 150
const framesOfSecond = 75
/** Point of the lead-out, which is behind the last track. */
export const leadOut = 0xaa
/** Control and address of a track: data, and where it is. */
const dataTrack = 0x14
const leadOutTrack = 0x16

/** Minute, second and frame of a sector. */
function minutesOf(sector: number): [number, number, number] {
  const frames = sector + leadInFrames
  const seconds = Math.floor(frames / framesOfSecond)
  return [Math.floor(seconds / 60) & 0xff, seconds % 60, frames % framesOfSecond]
}

const longOf = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
const placeOf = (sector: number, inMinutes: boolean): number[] =>
  inMinutes ? [0, ...minutesOf(sector)] : longOf(sector)

/** What is on a disc of one track, before and behind its data. Errors cannot be corrected by it. */
export function rawSector(sector: number, data: Uint8Array): Uint8Array {
  const raw = new Uint8Array(rawSectorBytes)
  raw.fill(0xff, 1, 11)
  raw.set([...minutesOf(sector), 1], 12)
  raw.set(data, 16)
  return raw
}

/** The table of contents from a track on: a track of data, and what is behind. @returns undefined if there is no such track */
export function tableOfContents(sectors: number, inMinutes: boolean, from: number): number[] | undefined {
  if (from > 1 && from !== leadOut) return undefined
  const first = [0, dataTrack, 1, 0, ...placeOf(0, inMinutes)]
  return withLength([1, 1, ...(from <= 1 ? first : []), 0, leadOutTrack, leadOut, 0, ...placeOf(sectors, inMinutes)])
}

/** The same as it is on the disc: first track, last track, lead-out, and the track. */
export function rawTableOfContents(sectors: number, inMinutes: boolean): number[] {
  const entry = (point: number, place: readonly number[]) => [1, dataTrack, 0, point, 0, 0, 0, ...place]
  return withLength([
    ...[1, 1, ...entry(0xa0, [0, 1, 0, 0]), ...entry(0xa1, [0, 1, 0, 0])],
    ...[...entry(0xa2, placeOf(sectors, inMinutes)), ...entry(1, inMinutes ? placeOf(0, true) : [0, 0, 0, 0])],
  ])
}

function withLength(bytes: readonly number[]): number[] {
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes]
}

/** What a DVD says of itself. @returns undefined for a format that there is not */
export function dvdStructure(format: number, layer: number, sectors: number): Uint8Array | undefined {
  const structure = (length: number, bytes: readonly number[]) => {
    const answer = new Uint8Array(length + 4)
    answer.set([(length + 2) >> 8, (length + 2) & 0xff, 0, 0, ...bytes])
    return answer
  }
  switch (format) {
    case 0x00: // a DVD-ROM of 120 mm and one layer, from its first sector to its last one
      if (layer !== 0) return undefined
      return structure(2048, [1, 0x0f, 1, 0, ...longOf(0), ...longOf(sectors - 1), ...longOf(sectors - 1)])
    case 0x01: // no copyright, no region
      return structure(4, [])
    case 0x04: // nothing of its maker
      return structure(2048, [])
    case 0xff: // which of these there are, each readable, and how long
      return structure(16, [
        ...[0x00, 0x40, (2048 + 4) >> 8, (2048 + 4) & 0xff, 0x01, 0x40, 0, 8],
        ...[0x03, 0x40, 0, 188 + 4, 0x04, 0x40, (2048 + 4) >> 8, (2048 + 4) & 0xff],
      ])
    default:
      return undefined
  }
}
