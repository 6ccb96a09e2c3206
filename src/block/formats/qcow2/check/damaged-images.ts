import fc from 'fast-check'
import { viewOf } from '../big-endian.ts'

/** A number in a sound image by which things are found: a field of the header, an entry of a table, a count. */
export interface Field {
  readonly kind: string
  readonly offset: number
  /** Bytes. */
  readonly width: number
}

/** What damage is chosen from. */
export interface Structure {
  readonly fields: readonly Field[]
  /** Where tables and data are. */
  readonly places: readonly number[]
  readonly clusterSize: number
}

const offsetMask = 0x00ff_ffff_ffff_fe00n

/** For tests: finds every field of every table of a sound image, in our own way. */
export function structureOf(bytes: Uint8Array): Structure {
  const view = viewOf(bytes)
  const word = (at: number): bigint => (at + 8 <= bytes.byteLength ? view.getBigUint64(at) : 0n)
  const clusterSize = 2 ** view.getUint32(20)
  const extended = (view.getUint32(76) & 16) !== 0 && view.getUint32(4) === 3
  const fields: Field[] = []
  const places = new Set<number>([0])
  const add = (kind: string, offset: number, width: number): void => {
    if (offset + width <= bytes.byteLength) fields.push({ kind, offset, width })
  }
  for (const [offset, width] of headerFields) add('header', offset, width)
  const addL1 = (kind: string, offset: number, entries: number): void => {
    places.add(offset)
    for (let index = 0; index < entries; index++) {
      add(kind, offset + index * 8, 8)
      const table = Number(word(offset + index * 8) & offsetMask)
      if (table === 0 || places.has(table)) continue
      places.add(table)
      addL2(table)
    }
  }
  const addL2 = (offset: number): void => {
    const size = extended ? 16 : 8
    for (let at = offset; at < offset + clusterSize; at += size) {
      const entry = word(at)
      if (entry === 0n && (at / size) % 16 !== 0) continue
      add('L2 entry', at, 8)
      if (extended) add('subclusters', at + 8, 8)
      if ((entry & offsetMask) !== 0n) places.add(Number(entry & offsetMask))
    }
  }
  addL1('L1 entry', Number(word(40)), view.getUint32(36))
  let at = Number(word(64))
  if (at !== 0) places.add(at)
  for (let snapshot = 0; snapshot < view.getUint32(60); snapshot++) {
    for (const [offset, width] of snapshotFields) add('snapshot', at + offset, width)
    addL1('L1 entry of a snapshot', Number(word(at)), view.getUint32(at + 8))
    at += Math.ceil((40 + view.getUint32(at + 36) + view.getUint16(at + 12) + view.getUint16(at + 14)) / 8) * 8
  }
  const refcountTable = Number(word(48))
  places.add(refcountTable)
  for (let index = 0; index < (view.getUint32(56) * clusterSize) / 8; index++) {
    const block = Number(word(refcountTable + index * 8))
    if (block === 0 && index > 3) continue
    add('refcount table entry', refcountTable + index * 8, 8)
    if (block === 0) continue
    places.add(block)
    for (let count = 0; count < Math.min(clusterSize, 256); count += 2) add('count', block + count, 2)
  }
  addBitmaps(bytes, add, places)
  return { fields, places: [...places], clusterSize }
}

function addBitmaps(
  bytes: Uint8Array,
  add: (kind: string, offset: number, width: number) => void,
  places: Set<number>,
): void {
  const view = viewOf(bytes)
  if (view.getUint32(4) !== 3) return
  for (let at = view.getUint32(100); at + 8 < 512; at += 8 + Math.ceil(view.getUint32(at + 4) / 8) * 8) {
    if (view.getUint32(at) === 0) return
    if (view.getUint32(at) !== 0x23852875) continue
    for (const [offset, width] of [
      [0, 4],
      [4, 4],
      [8, 8],
      [16, 8],
    ] as const) {
      add('bitmaps extension', at + 8 + offset, width)
    }
    const directory = Number(view.getBigUint64(at + 24))
    places.add(directory)
    const end = directory + Number(view.getBigUint64(at + 16))
    for (let entry = directory; entry < end; ) {
      for (const [offset, width] of bitmapFields) add('bitmap', entry + offset, width)
      const table = Number(view.getBigUint64(entry))
      places.add(table)
      for (let index = 0; index < view.getUint32(entry + 8); index++) {
        add("bitmap's table", table + index * 8, 8)
        places.add(Number(view.getBigUint64(table + index * 8) & offsetMask))
      }
      entry += Math.ceil((24 + view.getUint16(entry + 18) + view.getUint32(entry + 20)) / 8) * 8
    }
  }
}

/** Offset and width of what leads to tables, of sizes and of feature bits. */
const headerFields: readonly (readonly [offset: number, width: number])[] = [
  [24, 8],
  [36, 4],
  [40, 8],
  [48, 8],
  [56, 4],
  [60, 4],
  [64, 8],
  [72, 8],
  [80, 8],
  [88, 8],
]

const snapshotFields: readonly (readonly [offset: number, width: number])[] = [
  [0, 8],
  [8, 4],
  [12, 2],
  [14, 2],
  [32, 4],
  [36, 4],
  [40, 8],
  [48, 8],
]

const bitmapFields: readonly (readonly [offset: number, width: number])[] = [
  [0, 8],
  [8, 4],
  [12, 4],
  [16, 1],
  [17, 1],
  [18, 2],
  [20, 4],
]

export interface Damage {
  readonly way: (typeof ways)[number]
  /** Which field, and what from: taken modulo how many there are. */
  readonly at: number
  readonly from: number
  readonly bit: number
}

const ways = [
  'flip',
  'zero',
  'copy',
  'misalign',
  'behind the end',
  'far away',
  'overlap',
  'reserved',
  'neighbour',
  'ones',
  'truncate',
  'zero a table',
] as const

/** One to three faults. */
export const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({ way: fc.constantFrom(...ways), at: fc.nat(), from: fc.nat(), bit: fc.nat(63) }),
  { minLength: 1, maxLength: 3 },
)

/** A copy of a sound image with faults. */
export function damage(
  sound: Uint8Array,
  { fields, places, clusterSize }: Structure,
  list: readonly Damage[],
): Uint8Array {
  let bytes = sound.slice()
  for (const { way, at, from, bit } of list) {
    // Few are chosen of the many counts and entries: a field of each kind as often as of the others.
    const kinds = [...new Set(fields.map(({ kind }) => kind))]
    const ofKind = fields.filter(({ kind }) => kind === kinds[at % kinds.length])
    const field = ofKind[Math.floor(at / kinds.length) % ofKind.length]!
    if (way === 'truncate') {
      bytes = bytes.slice(0, Math.max(clusterSize, 1024, sound.byteLength - (from % sound.byteLength)))
      continue
    }
    if (field.offset + field.width > bytes.byteLength) continue
    if (way === 'zero a table') {
      const begin = field.offset - (field.offset % clusterSize)
      if (begin > 0) bytes.fill(0, begin, begin + clusterSize)
      continue
    }
    const bits = field.width * 8
    const old = read(bytes, field)
    const other = read(sound, fields[from % fields.length]!)
    const place = BigInt(places[from % places.length]!)
    const flags = old & 0xc000_0000_0000_0001n
    const values: Record<Exclude<typeof way, 'truncate' | 'zero a table'>, bigint> = {
      flip: old ^ (1n << BigInt(bit % bits)),
      zero: 0n,
      copy: other,
      misalign: old + 512n,
      'behind the end': flags | BigInt(sound.byteLength + (from % 64) * clusterSize),
      'far away': flags | ((old & offsetMask) + (1n << BigInt(30 + (bit % 24)))),
      overlap: flags | place,
      reserved: old | (1n << BigInt(from % 2 === 0 ? 1 + (bit % 8) : 56 + (bit % 6))),
      neighbour: old + BigInt(clusterSize) * BigInt((from % 5) - 2),
      ones: 2n ** 64n - 1n,
    }
    write(bytes, field, BigInt.asUintN(bits, values[way]))
  }
  return bytes
}

function read(bytes: Uint8Array, { offset, width }: Field): bigint {
  let value = 0n
  for (let at = 0; at < width; at++) value = (value << 8n) | BigInt(bytes[offset + at]!)
  return value
}

function write(bytes: Uint8Array, { offset, width }: Field, value: bigint): void {
  for (let at = 0; at < width; at++) bytes[offset + at] = Number((value >> BigInt((width - 1 - at) * 8)) & 0xffn)
}
