import { mostMultiple } from './ide-constants.ts'
import type { IdeDrive } from './ide-drive.ts'

const firmwareRevision = '2.5+'
/** What addresses of 28 bits reach. */
const mostOf28Bits = 2 ** 28 - 1
/** Words that say which transfers of DMA there are, and which is chosen: single word, multiword, ultra. */
export const dmaModes = { singleWord: 62, multiWord: 63, ultra: 88 } as const
/** A word with what is switched on: of an ATA disk, its write cache. */
export const enabledFeatures = 85
export const enabledWith = (writeCache: boolean): number => 0x4001 | (writeCache ? 0x20 : 0)

type Words = readonly (readonly [word: number, value: number])[]

/** IDENTIFY DEVICE: an ATA-7 disk with DMA, a write cache, 48-bit addresses and TRIM. */
export function identifyDisk(drive: IdeDrive, writeCache: boolean): void {
  const { cylinders, heads, sectors } = drive.geometry
  const divided = cylinders * heads * sectors
  fill(drive, [
    ...[[0, 0x0040] as const, [1, cylinders] as const, [3, heads] as const, [4, 512 * sectors] as const],
    ...([
      [5, 512],
      [6, sectors],
      [20, 3],
      [21, 512],
      [22, 4],
    ] as const),
    ...([
      [47, 0x8000 | mostMultiple],
      [48, 1],
      [49, 0x0b00],
      [51, 0x200],
      [52, 0x200],
      [53, 7],
    ] as const),
    ...([
      [54, cylinders],
      [55, heads],
      [56, sectors],
      [57, divided],
      [58, divided >>> 16],
    ] as const),
    [59, drive.multiple === 0 ? 0 : 0x100 | drive.multiple],
    ...([
      [dmaModes.singleWord, 7],
      [dmaModes.multiWord, 7],
      [64, 3],
      [65, 120],
      [66, 120],
      [67, 120],
      [68, 120],
    ] as const),
    [69, 0x4000], // what is read after a TRIM is always the same
    ...([
      [80, 0xf0],
      [81, 0x16],
      [82, 0x4021],
      [83, 0x7400],
      [84, 0x4000],
    ] as const),
    ...([
      [enabledFeatures, enabledWith(writeCache)],
      [86, 0x3400],
      [87, 0x4000],
    ] as const),
    ...([
      [dmaModes.ultra, 0x203f],
      [93, 0x6001],
      [106, 0x6000],
      [169, 1],
    ] as const),
  ])
  identifySize(drive)
}

/** The words for the size, which may change. */
export function identifySize({ identifyData: words, sectors }: IdeDrive): void {
  const of28Bits = Math.min(sectors, mostOf28Bits)
  words[60] = of28Bits
  words[61] = of28Bits >>> 16
  for (let index = 0; index < 4; index++) words[100 + index] = Math.floor(sectors / 2 ** (16 * index)) & 0xffff
}

/** IDENTIFY PACKET DEVICE: a CD drive that wants 12 bytes. */
export function identifyCd(drive: IdeDrive): void {
  fill(drive, [
    ...([
      [0, 0x85c0],
      [20, 3],
      [21, 512],
      [22, 4],
      [48, 1],
      [49, 0x0300],
      [53, 7],
    ] as const),
    ...([
      [dmaModes.singleWord, 7],
      [dmaModes.multiWord, 7],
      [64, 3],
      [65, 0xb4],
      [66, 0xb4],
      [67, 0x12c],
    ] as const),
    ...([
      [68, 0xb4],
      [71, 30],
      [72, 30],
      [80, 0x1e],
      [dmaModes.ultra, 0x203f],
    ] as const),
  ])
}

function fill({ identifyData: words, identity }: IdeDrive, values: Words): void {
  words.fill(0)
  for (const [word, value] of values) words[word] = value
  writeText(words, 10, 10, identity.serial)
  writeText(words, 23, 4, firmwareRevision)
  writeText(words, 27, 20, identity.model)
}

/** Text in words, the first character in the high byte, padded with blanks (ATA). */
function writeText(words: Uint16Array, first: number, count: number, text: string): void {
  const padded = text.padEnd(count * 2)
  for (let index = 0; index < count; index++) {
    words[first + index] = (padded.charCodeAt(2 * index) << 8) | (padded.charCodeAt(2 * index + 1) & 0xff)
  }
}
