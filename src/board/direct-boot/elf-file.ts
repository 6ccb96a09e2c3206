/** An ELF program of 32 bits for the i386, laid out as it is to lie in memory. */
export interface ElfProgram {
  readonly entry: number
  /** The address of the first byte. */
  readonly address: number
  /** From the first segment's begin to the last one's end, with zeros where nothing is. */
  readonly memory: Uint8Array
  /** Segments with notes, and their alignment. */
  readonly notes: readonly { readonly bytes: Uint8Array; readonly alignment: number }[]
}

const magic = 0x464c457f
const i386 = 3
const load = 1
const note = 4
const executable = 1

export const isElf = (file: Uint8Array): boolean => file.length >= 4 && viewOf(file).getUint32(0, true) === magic

/** The machine that an ELF file is for, whatever its class. */
export const elfMachine = (file: Uint8Array): number => (file.length < 20 ? 0 : viewOf(file).getUint16(18, true))

/**
 * Reads the segments of an ELF file.
 *
 * @param limit - what the segments may span, in bytes
 * @returns undefined, if it is damaged or for another machine
 */
export function readElf(file: Uint8Array, limit: number): ElfProgram | undefined {
  const view = viewOf(file)
  const is32LittleEndian = file.length >= 52 && isElf(file) && file[4] === 1 && file[5] === 1
  if (!is32LittleEndian || elfMachine(file) !== i386) return undefined
  const [first, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)]
  if (size < 32 || first + size * count > file.length) return undefined
  const headers = Array.from({ length: count }, (_, index) => {
    const word = (place: number): number => view.getUint32(first + index * size + place * 4, true)
    return {
      type: word(0),
      offset: word(1),
      virtual: word(2),
      physical: word(3),
      fileBytes: word(4),
      memoryBytes: word(5),
      flags: word(6),
      alignment: word(7),
    }
  })
  const whole = headers.every(({ type, offset, fileBytes, memoryBytes }) => {
    const inFile = offset + fileBytes <= file.length
    return type === load ? inFile && fileBytes <= memoryBytes : type !== note || inFile
  })
  const segments = headers.filter(({ type, memoryBytes }) => type === load && memoryBytes > 0)
  if (!whole || segments.length === 0) return undefined
  const address = Math.min(...segments.map(({ physical }) => physical))
  const end = Math.max(...segments.map(({ physical, memoryBytes }) => physical + memoryBytes))
  if (end > 2 ** 32 || end - address > limit) return undefined
  const memory = new Uint8Array(end - address)
  for (const { offset, fileBytes, physical } of segments)
    memory.set(file.subarray(offset, offset + fileBytes), physical - address)
  return {
    entry: entryOf(view.getUint32(24, true), segments),
    address,
    memory,
    notes: headers
      .filter(({ type }) => type === note)
      .map(({ offset, fileBytes, alignment }) => ({ bytes: file.subarray(offset, offset + fileBytes), alignment })),
  }
}

interface Segment {
  readonly virtual: number
  readonly physical: number
  readonly fileBytes: number
  readonly flags: number
}

/** The entry is a virtual address; it is physical where the code of its segment lies. */
function entryOf(entry: number, segments: readonly Segment[]): number {
  const code = segments.find(
    ({ virtual, fileBytes, flags }) => entry >= virtual && entry < virtual + fileBytes && flags & executable,
  )
  return code === undefined ? entry : entry - code.virtual + code.physical
}

/** The value of the first note of a type, in a segment with notes. */
export function findNote({ bytes, alignment }: ElfProgram['notes'][number], wanted: number): Uint8Array | undefined {
  const view = viewOf(bytes)
  const aligned = (value: number): number => (alignment > 1 ? Math.ceil(value / alignment) * alignment : value)
  for (let at = 0; at + 12 <= bytes.length; ) {
    const [name, value, type] = [0, 4, 8].map((place) => view.getUint32(at + place, true)) as [number, number, number]
    const begin = at + 12 + aligned(name)
    if (type === wanted) return begin + value <= bytes.length ? bytes.subarray(begin, begin + value) : undefined
    at = begin + aligned(value)
  }
  return undefined
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
