/** WebAssembly modules as bytes: as much of the format as it takes to change functions and to add some. */

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const sections = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 } as const
const kinds = { function: 0, global: 3 } as const
const i32 = 0x7f

/** A whole number in LEB128, unsigned. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...bytes, rest]
}

/** A whole number of 32 bits in LEB128, signed. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  while (rest > 0x3f || rest < -0x40) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  return [...bytes, rest & 0x7f]
}

/** Length and contents, as sections are written. */
function sized(contents: readonly Uint8Array[]): readonly Uint8Array[] {
  return [Uint8Array.from(unsigned(contents.reduce((sum, piece) => sum + piece.length, 0))), ...contents]
}

class Reader {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get ended(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    return this.bytes[this.at++]!
  }

  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  /** Skips what stands behind its length. */
  skip(): void {
    const length = this.number()
    this.at += length
  }

  take(length: number): Uint8Array {
    const from = this.at
    this.at += length
    return this.bytes.subarray(from, this.at)
  }

  text(): string {
    return Buffer.from(this.take(this.number())).toString('latin1')
  }
}

/** The items of a section, in its bytes. */
interface Items {
  readonly bytes: Buffer
  /** Where the first item begins. */
  readonly from: number
  /** Where each ends. */
  readonly ends: Uint32Array
}

const noItems: Items = { bytes: Buffer.alloc(0), from: 0, ends: new Uint32Array(0) }

/** @param skip skips one item */
function itemsOf(section: Reader, skip: () => void): Items {
  const ends = new Uint32Array(section.number())
  const from = section.at
  for (let item = 0; item < ends.length; item++) {
    skip()
    ends[item] = section.at
  }
  const { buffer, byteOffset, length } = section.bytes
  return { bytes: Buffer.from(buffer, byteOffset, length), from, ends }
}

/** The first item that ends behind a place. */
function itemAt(ends: Uint32Array, at: number): number {
  let [low, high] = [0, ends.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ends[middle]! > at) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * A module whose functions can be looked up by name, changed and added to. It has thousands of functions, of which few are
 * changed, and each start of a machine waits for it: the others are never looked at one by one.
 */
export class WasmBinary {
  readonly #sections: { readonly id: number; readonly contents: Uint8Array }[] = []
  /** The types of the original, then those that were added. */
  readonly #types: Uint8Array[] = []
  #originalTypes = 0
  #functionTypes: Uint32Array = new Uint32Array(0)
  #bodies = noItems
  readonly #changed = new Map<number, Uint8Array>()
  readonly #added: { readonly type: number; readonly body: Uint8Array }[] = []
  readonly #exported = new Map<string, number>()
  readonly #addedExports: Uint8Array[] = []
  /** What the linker tells of functions: number and name of each. The names are mangled. */
  #names = noItems
  #imported = 0

  /** @throws {RangeError} if these are not the bytes of a module */
  constructor(bytes: Uint8Array) {
    if (magic.some((value, index) => bytes[index] !== value)) throw new RangeError('not a WebAssembly module')
    const reader = new Reader(bytes)
    reader.at = magic.length
    while (!reader.ended) this.#sections.push({ id: reader.byte(), contents: reader.take(reader.number()) })
    for (const { id, contents } of this.#sections) this.#read(id, new Reader(contents))
  }

  #read(id: number, section: Reader): void {
    if (id === sections.custom) {
      if (section.text() === 'name') this.#readNames(section)
    } else if (id === sections.type) {
      for (let left = section.number(); left > 0; left--) {
        const from = section.at
        section.byte()
        section.skip()
        section.skip()
        this.#types.push(section.bytes.subarray(from, section.at))
      }
      this.#originalTypes = this.#types.length
    } else if (id === sections.import) {
      this.#imported = importedFunctions(section)
    } else if (id === sections.function) {
      this.#functionTypes = Uint32Array.from({ length: section.number() }, () => section.number())
    } else if (id === sections.export) {
      for (let left = section.number(); left > 0; left--) {
        const name = section.text()
        const [kind, index] = [section.byte(), section.number()]
        if (kind === kinds.function) this.#exported.set(name, index)
      }
    } else if (id === sections.code) {
      this.#bodies = itemsOf(section, () => section.skip())
    }
  }

  #readNames(section: Reader): void {
    while (!section.ended) {
      const ofFunctions = section.byte() === 1
      const names = new Reader(section.take(section.number()))
      if (!ofFunctions) continue
      this.#names = itemsOf(names, () => {
        names.number()
        names.skip()
      })
    }
  }

  /**
   * A function's number, by the name by which it is exported, or by the end of what the linker calls it.
   *
   * @throws {RangeError} if there are none or several
   */
  functionNamed(ending: string): number {
    const exported = this.#exported.get(ending)
    if (exported !== undefined) return exported
    const { bytes, from, ends } = this.#names
    const found: number[] = []
    for (let at = bytes.indexOf(ending); at >= 0; at = bytes.indexOf(ending, at + 1)) {
      const item = itemAt(ends, at)
      if (ends[item] !== at + ending.length) continue
      const entry = new Reader(bytes)
      entry.at = item === 0 ? from : ends[item - 1]!
      found.push(entry.number())
    }
    if (found.length !== 1) throw new RangeError(`${found.length} functions are named ${ending}`)
    return found[0]!
  }

  /** Number of the type of a function of 32-bit numbers. */
  functionType(parameters: number, results: 0 | 1): number {
    const type = [
      0x60,
      parameters,
      ...Array<number>(parameters).fill(i32),
      results,
      ...Array<number>(results).fill(i32),
    ]
    const there = this.#types.findIndex((one) => one.length === type.length && type.every((b, i) => one[i] === b))
    return there >= 0 ? there : this.#types.push(Uint8Array.from(type)) - 1
  }

  typeOf(index: number): number {
    const own = index - this.#imported
    return this.#functionTypes[own] ?? this.#added[own - this.#functionTypes.length]!.type
  }

  /** Locals and instructions of a function. */
  body(index: number): Uint8Array {
    return this.#body(index - this.#imported)
  }

  #body(own: number): Uint8Array {
    const changed = this.#changed.get(own) ?? this.#added[own - this.#functionTypes.length]?.body
    if (changed !== undefined) return changed
    const { bytes, ends } = this.#bodies
    const entry = new Reader(bytes)
    entry.at = this.#beginOf(own)
    entry.number()
    return bytes.subarray(entry.at, ends[own])
  }

  /** Where a function's length and body begin in the section of code. */
  #beginOf(own: number): number {
    return own === 0 ? this.#bodies.from : this.#bodies.ends[own - 1]!
  }

  setBody(index: number, body: Uint8Array): void {
    this.#changed.set(index - this.#imported, body)
  }

  /** @returns the function's number */
  addFunction(type: number, body: Uint8Array): number {
    return this.#imported + this.#functionTypes.length + this.#added.push({ type, body }) - 1
  }

  exportGlobal(name: string, index: number): void {
    const text = sized([new TextEncoder().encode(name)])
    this.#addedExports.push(Buffer.concat([...text, Uint8Array.of(kinds.global, ...unsigned(index))]))
  }

  /**
   * Puts instructions in the place of others, wherever these bytes stand in the code of the functions of the original.
   *
   * @param times how often they stand there
   * @param within number of the only function to look at
   * @throws {RangeError} if it is another number of times: this is not the code that was meant
   */
  replace(pattern: readonly number[], replacement: readonly number[], times: number, within?: number): void {
    const needle = Buffer.from(pattern)
    let found = 0
    for (const own of within === undefined ? this.#holding(needle) : [within - this.#imported]) {
      const code = Buffer.from(this.#body(own))
      const pieces: Uint8Array[] = []
      let from = 0
      for (let at = code.indexOf(needle); at >= 0; at = code.indexOf(needle, from)) {
        pieces.push(code.subarray(from, at), Uint8Array.from(replacement))
        from = at + needle.length
        found++
      }
      if (from > 0) this.#changed.set(own, Buffer.concat([...pieces, code.subarray(from)]))
    }
    if (found !== times) throw new RangeError(`${found} places where ${times} were expected`)
  }

  /** The functions in whose code bytes stand, of those that are not changed; and those that are. */
  #holding(needle: Buffer): ReadonlySet<number> {
    const { bytes, ends } = this.#bodies
    const functions = new Set(this.#changed.keys())
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) functions.add(itemAt(ends, at))
    return functions
  }

  bytes(): Uint8Array {
    const written: Readonly<Record<number, (contents: Uint8Array) => readonly Uint8Array[]>> = {
      [sections.type]: (contents) => grown(contents, this.#types.slice(this.#originalTypes)),
      [sections.function]: (contents) =>
        grown(
          contents,
          this.#added.map(({ type }) => Uint8Array.from(unsigned(type))),
        ),
      [sections.export]: (contents) => grown(contents, this.#addedExports),
      [sections.code]: () => this.#code(),
    }
    const pieces = this.#sections.flatMap(({ id, contents }) => [
      Uint8Array.of(id),
      ...sized(written[id]?.(contents) ?? [contents]),
    ])
    return Buffer.concat([Uint8Array.from(magic), ...pieces])
  }

  /** The section of code: what lies between two changed functions is copied as a whole. */
  #code(): readonly Uint8Array[] {
    const { bytes, from, ends } = this.#bodies
    const pieces: Uint8Array[] = [Uint8Array.from(unsigned(ends.length + this.#added.length))]
    let copied = from
    const own = [...this.#changed.keys()].filter((index) => index < ends.length)
    for (const index of own.toSorted((a, b) => a - b)) {
      pieces.push(bytes.subarray(copied, this.#beginOf(index)), ...sized([this.#changed.get(index)!]))
      copied = ends[index]!
    }
    const added = this.#added.flatMap((_, index) => sized([this.#body(ends.length + index)]))
    return [...pieces, bytes.subarray(copied), ...added]
  }
}

/** A section with more items behind those that it has. */
function grown(contents: Uint8Array, added: readonly Uint8Array[]): readonly Uint8Array[] {
  const reader = new Reader(contents)
  const items = reader.number()
  return [Uint8Array.from(unsigned(items + added.length)), contents.subarray(reader.at), ...added]
}

/** Counts the functions among the imports. */
function importedFunctions(section: Reader): number {
  let functions = 0
  const limits = (): void => {
    const bounded = (section.byte() & 1) !== 0
    section.number()
    if (bounded) section.number()
  }
  for (let left = section.number(); left > 0; left--) {
    section.text()
    section.text()
    const kind = section.byte()
    if (kind === kinds.function) {
      section.number()
      functions++
    } else if (kind === 1) {
      section.byte()
      limits()
    } else if (kind === 2) {
      limits()
    } else {
      section.take(2)
    }
  }
  return functions
}
