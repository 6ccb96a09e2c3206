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

/** Length and contents, as vectors and sections are written. */
function sized(contents: Uint8Array | readonly number[]): Uint8Array {
  const length = unsigned(contents.length)
  const bytes = new Uint8Array(length.length + contents.length)
  bytes.set(length)
  bytes.set(contents, length.length)
  return bytes
}

/** How many there are, and each of them. */
function vector(
  items: readonly Uint8Array[],
  written: (item: Uint8Array) => readonly Uint8Array[] = (item) => [item],
): Uint8Array {
  return Buffer.concat([Uint8Array.from(unsigned(items.length)), ...items.flatMap(written)])
}

class Reader {
  readonly bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
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
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  take(length: number): Buffer {
    const from = this.at
    this.at += length
    return this.bytes.subarray(from, this.at)
  }

  text(): string {
    return this.take(this.number()).toString('latin1')
  }
}

/** A module whose functions can be looked up by name, changed and added to. */
export class WasmBinary {
  readonly #sections: { readonly id: number; readonly contents: Buffer }[] = []
  readonly #types: Uint8Array[] = []
  readonly #functionTypes: number[] = []
  readonly #bodies: Buffer[] = []
  readonly #exports: Uint8Array[] = []
  readonly #exported = new Map<string, number>()
  /** What the linker tells of functions: number and name of each. The names are mangled. */
  #names: Buffer = Buffer.alloc(0)
  #imported = 0

  /** @throws {RangeError} if these are not the bytes of a module */
  constructor(bytes: Uint8Array) {
    if (magic.some((value, index) => bytes[index] !== value)) throw new RangeError('not a WebAssembly module')
    const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
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
        section.take(section.number())
        section.take(section.number())
        this.#types.push(section.bytes.subarray(from, section.at))
      }
    } else if (id === sections.import) {
      this.#imported = importedFunctions(section)
    } else if (id === sections.function) {
      for (let left = section.number(); left > 0; left--) this.#functionTypes.push(section.number())
    } else if (id === sections.export) {
      for (let left = section.number(); left > 0; left--) {
        const from = section.at
        const name = section.text()
        const [kind, index] = [section.byte(), section.number()]
        if (kind === kinds.function) this.#exported.set(name, index)
        this.#exports.push(section.bytes.subarray(from, section.at))
      }
    } else if (id === sections.code) {
      for (let left = section.number(); left > 0; left--) this.#bodies.push(section.take(section.number()))
    }
  }

  #readNames(section: Reader): void {
    while (!section.ended) {
      const ofFunctions = section.byte() === 1
      const names = section.take(section.number())
      if (ofFunctions) this.#names = names
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
    const [names, wanted] = [new Reader(this.#names), Buffer.from(ending)]
    const found: number[] = []
    for (let left = names.number(); left > 0; left--) {
      const index = names.number()
      const end = names.number() + names.at
      names.at = end
      if (names.bytes.compare(wanted, 0, wanted.length, end - wanted.length, end) === 0) found.push(index)
    }
    if (found.length !== 1) throw new RangeError(`${found.length} functions are named ${ending}`)
    return found[0]!
  }

  /** Number of the type of a function of 32-bit numbers. */
  functionType(parameters: number, results: 0 | 1): number {
    const type = [0x60, ...sized(Array(parameters).fill(i32)), ...sized(Array(results).fill(i32))]
    const there = this.#types.findIndex((one) => one.length === type.length && type.every((b, i) => one[i] === b))
    return there >= 0 ? there : this.#types.push(Uint8Array.from(type)) - 1
  }

  typeOf(index: number): number {
    return this.#functionTypes[index - this.#imported]!
  }

  /** Locals and instructions of a function. */
  body(index: number): Uint8Array {
    return this.#bodies[index - this.#imported]!
  }

  setBody(index: number, body: Uint8Array): void {
    this.#bodies[index - this.#imported] = Buffer.from(body)
  }

  /** @returns the function's number */
  addFunction(type: number, body: Uint8Array): number {
    this.#functionTypes.push(type)
    return this.#imported + this.#bodies.push(Buffer.from(body)) - 1
  }

  exportGlobal(name: string, index: number): void {
    const text = new TextEncoder().encode(name)
    this.#exports.push(Uint8Array.from([...sized(text), kinds.global, ...unsigned(index)]))
  }

  /**
   * Puts instructions in the place of others, wherever these bytes stand in the code.
   *
   * @param times how often they stand there
   * @param within number of the only function to look at
   * @throws {RangeError} if it is another number of times: this is not the code that was meant
   */
  replace(pattern: readonly number[], replacement: readonly number[], times: number, within?: number): void {
    const needle = Buffer.from(pattern)
    const functions = within === undefined ? this.#bodies.keys() : [within - this.#imported]
    let found = 0
    for (const number of functions) {
      const code = this.#bodies[number]!
      const pieces: Uint8Array[] = []
      let from = 0
      for (let at = code.indexOf(needle); at >= 0; at = code.indexOf(needle, from)) {
        pieces.push(code.subarray(from, at), Uint8Array.from(replacement))
        from = at + needle.length
        found++
      }
      if (from > 0) this.#bodies[number] = Buffer.concat([...pieces, code.subarray(from)])
    }
    if (found !== times) throw new RangeError(`${found} places where ${times} were expected`)
  }

  bytes(): Uint8Array {
    const written: Readonly<Record<number, () => Uint8Array>> = {
      [sections.type]: () => vector(this.#types),
      [sections.function]: () => vector(this.#functionTypes.map((type) => Uint8Array.from(unsigned(type)))),
      [sections.export]: () => vector(this.#exports),
      [sections.code]: () => vector(this.#bodies, (body) => [Uint8Array.from(unsigned(body.length)), body]),
    }
    const pieces = this.#sections.flatMap(({ id, contents }) => [Uint8Array.of(id), sized(written[id]?.() ?? contents)])
    return Buffer.concat([Uint8Array.from(magic), ...pieces])
  }
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
