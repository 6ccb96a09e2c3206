/**
 * A small assembler for programs that start in real mode: one method per instruction, in the order of the listing.
 * Knows what option ROMs, guests/ and test/guests need, and refuses the rest. Encodings: Intel SDM, volume 2.
 */

const words = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const
const bytes = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'] as const
const doubles = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const
/** Registers that 16-bit code can reach memory through, by their numbers in a ModRM byte. */
const bases = { si: 4, di: 5, bp: 6, bx: 7 } as const
const arithmetic = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'] as const
const conditions = ['o', 'no', 'c', 'nc', 'z', 'nz', 'na', 'a', 's', 'ns', 'p', 'np', 'l', 'nl', 'ng', 'g'] as const

export type Word = (typeof words)[number]
export type Byte = (typeof bytes)[number]
export type Double = (typeof doubles)[number]
export type Segment = (typeof segments)[number]
export type Base = keyof typeof bases
export type Register = Word | Byte | Double
export type Arithmetic = (typeof arithmetic)[number]
export type Condition = (typeof conditions)[number]

/**
 * Turns a listing into bytes. The listing runs twice: the first time to learn where labels are, the second time to use it.
 *
 * @param origin the address at which the first byte will lie
 * @throws {RangeError} if a label is missing or doubled, a jump too far, or a value too wide
 */
export function assemble(origin: number, listing: (asm: Assembler) => void): Uint8Array {
  const first = new Assembler(origin, undefined)
  listing(first)
  const second = new Assembler(origin, first.labels)
  listing(second)
  return second.bytes()
}

export class Assembler {
  readonly labels = new Map<string, number>()
  readonly #origin: number
  readonly #known: ReadonlyMap<string, number> | undefined
  readonly #out: number[] = []
  /** 32-bit code: the operand-size prefix then selects 16 bits instead of 32. */
  #wide = false

  constructor(origin: number, known: ReadonlyMap<string, number> | undefined) {
    this.#origin = origin
    this.#known = known
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#out)
  }

  /** The address of the next byte. */
  get here(): number {
    return this.#origin + this.#out.length
  }

  /** From here on the code runs in a 32-bit segment. */
  bits32(): void {
    this.#wide = true
  }

  /** From here on it runs in a segment of 16 bits again. */
  bits16(): void {
    this.#wide = false
  }

  label(name: string): void {
    if (this.labels.has(name)) throw new RangeError(`label ${name} stands twice`)
    this.labels.set(name, this.here)
  }

  /** The address of a label, which may stand further down. */
  at(name: string): number {
    if (!this.#known) return this.here
    const address = this.#known.get(name)
    if (address === undefined) throw new RangeError(`no label ${name}`)
    return address
  }

  db(...values: readonly (number | string)[]): void {
    for (const value of values) {
      if (typeof value === 'number') this.#put(1, value)
      else for (const character of value) this.#put(1, character.charCodeAt(0))
    }
  }

  dw(...values: readonly number[]): void {
    for (const value of values) this.#put(2, value)
  }

  dd(...values: readonly number[]): void {
    for (const value of values) this.#put(4, value)
  }

  /** Fills up to an address, so that what follows lies there. */
  org(address: number, filling = 0): void {
    if (this.here > address)
      throw new RangeError(`${this.here - address} bytes too many before 0x${address.toString(16)}`)
    while (this.here < address) this.#out.push(filling)
  }

  cli(): void {
    this.db(0xfa)
  }

  sti(): void {
    this.db(0xfb)
  }

  cld(): void {
    this.db(0xfc)
  }

  hlt(): void {
    this.db(0xf4)
  }

  ret(): void {
    this.db(0xc3)
  }

  /** Far return: pops the address, then cs. */
  retf(): void {
    this.db(0xcb)
  }

  iret(): void {
    this.db(0xcf)
  }

  pusha(): void {
    this.db(0x60)
  }

  popa(): void {
    this.db(0x61)
  }

  lodsb(): void {
    this.db(0xac)
  }

  movsb(): void {
    this.db(0xa4)
  }

  stosw(): void {
    this.#sized(2)
    this.db(0xab)
  }

  stosd(): void {
    this.#sized(4)
    this.db(0xab)
  }

  rep(): void {
    this.db(0xf3)
  }

  int(vector: number): void {
    this.db(0xcd, vector)
  }

  push(register: Word | Double): void {
    this.#sized(width(register))
    this.db(0x50 + number(register))
  }

  pop(register: Word | Double): void {
    this.#sized(width(register))
    this.db(0x58 + number(register))
  }

  /** Puts a segment register on the stack; takes one from there. */
  pushSegment(segment: 'es' | 'cs' | 'ss' | 'ds'): void {
    this.db(0x06 + (segments.indexOf(segment) << 3))
  }

  popSegment(segment: 'es' | 'ss' | 'ds'): void {
    this.db(0x07 + (segments.indexOf(segment) << 3))
  }

  inc(register: Word): void {
    this.db(0x40 + words.indexOf(register))
  }

  dec(register: Word): void {
    this.db(0x48 + words.indexOf(register))
  }

  /** Register from register or immediate; segment register from register. */
  mov(to: Register | Segment, from: Register | number): void {
    if (isSegment(to)) {
      if (typeof from === 'number') throw new RangeError('a segment register takes no immediate')
      this.db(0x8e, 0xc0 | (segments.indexOf(to) << 3) | number(from))
    } else if (typeof from === 'number') {
      this.#sized(width(to))
      this.db((width(to) === 1 ? 0xb0 : 0xb8) + number(to))
      this.#put(width(to), from)
    } else {
      this.#registers(0x88, to, from)
    }
  }

  /** Register from memory at a fixed address. */
  load(to: Register, address: number): void {
    this.#memory(width(to) === 1 ? 0x8a : 0x8b, width(to), number(to), address)
  }

  /** Memory at a fixed address from a register. */
  store(address: number, from: Register): void {
    this.#memory(width(from) === 1 ? 0x88 : 0x89, width(from), number(from), address)
  }

  /** Register from memory that a register points to; in 16-bit code. */
  loadFrom(to: Register, base: Base, displacement = 0): void {
    this.#through(width(to) === 1 ? 0x8a : 0x8b, to, base, displacement)
  }

  /** Memory that a register points to from a register; in 16-bit code. */
  storeTo(base: Base, displacement: number, from: Register): void {
    this.#through(width(from) === 1 ? 0x88 : 0x89, from, base, displacement)
  }

  /** Turns the order of the bytes round. */
  bswap(register: Double): void {
    this.#sized(4)
    this.db(0x0f, 0xc8 + number(register))
  }

  /** Shifts to the left, or to the right (filling with zeros), by so many bits. */
  shift(direction: 'left' | 'right', register: Register, bits: number): void {
    this.#sized(width(register))
    this.db(width(register) === 1 ? 0xc0 : 0xc1, (direction === 'left' ? 0xe0 : 0xe8) | number(register), bits)
  }

  /** add, or, adc, sbb, and, sub, xor, cmp: register with register or immediate. */
  op(operation: Arithmetic, to: Register, from: Register | number): void {
    const index = arithmetic.indexOf(operation)
    if (typeof from === 'number') {
      this.#sized(width(to))
      this.db(width(to) === 1 ? 0x80 : 0x81, 0xc0 | (index << 3) | number(to))
      this.#put(width(to), from)
    } else {
      this.#registers(index << 3, to, from)
    }
  }

  /** Sets the flags by the bits that both have. */
  test(register: Register, bits: number): void {
    this.#sized(width(register))
    this.db(width(register) === 1 ? 0xf6 : 0xf7, 0xc0 | number(register))
    this.#put(width(register), bits)
  }

  /** dx:ax by a register (or ax by a byte register): quotient in ax (al), remainder in dx (ah). */
  div(register: Register): void {
    this.#sized(width(register))
    this.db(width(register) === 1 ? 0xf6 : 0xf7, 0xf0 | number(register))
  }

  in(to: 'al' | 'ax' | 'eax', port: number | 'dx'): void {
    this.#port(0xe4, to, port)
  }

  out(port: number | 'dx', from: 'al' | 'ax' | 'eax'): void {
    this.#port(0xe6, from, port)
  }

  /** Jumps to where a register says. */
  jmpTo(register: Word | Double): void {
    this.#sized(width(register))
    this.db(0xff, 0xe0 | number(register))
  }

  jmp(label: string): void {
    this.db(0xe9)
    this.#relative(this.#wide ? 4 : 2, label)
  }

  call(label: string): void {
    this.db(0xe8)
    this.#relative(this.#wide ? 4 : 2, label)
  }

  /** Jumps on a condition, at most 128 bytes away. */
  j(condition: Condition, label: string): void {
    this.db(0x70 + conditions.indexOf(condition))
    this.#relative(1, label)
  }

  /** Far jump: loads cs. */
  jmpFar(segment: number, offset: number): void {
    this.db(0xea)
    this.#put(this.#wide ? 4 : 2, offset)
    this.dw(segment)
  }

  /** Far jump from 16-bit code to a 32-bit offset. */
  jmpFar32(segment: number, offset: number): void {
    this.db(0x66, 0xea)
    this.dd(offset)
    this.dw(segment)
  }

  lgdt(address: number): void {
    this.#table(2, address)
  }

  lidt(address: number): void {
    this.#table(3, address)
  }

  movFromControl(to: Double, control: 0 | 2 | 3 | 4): void {
    this.db(0x0f, 0x20, 0xc0 | (control << 3) | number(to))
  }

  movToControl(control: 0 | 2 | 3 | 4, from: Double): void {
    this.db(0x0f, 0x22, 0xc0 | (control << 3) | number(from))
  }

  #through(opcode: number, register: Register, base: Base, displacement: number): void {
    if (this.#wide) throw new RangeError(`${base} is a base of 16-bit code`)
    this.#sized(width(register))
    this.db(opcode, 0x40 | (number(register) << 3) | bases[base])
    this.#put(1, displacement)
  }

  #table(which: number, address: number): void {
    this.db(0x0f, 0x01)
    this.#address(which, address)
  }

  #memory(opcode: number, size: 1 | 2 | 4, register: number, address: number): void {
    this.#sized(size)
    this.db(opcode)
    this.#address(register, address)
  }

  /** The ModRM byte for a fixed address, and the address. */
  #address(register: number, address: number): void {
    this.db((register << 3) | (this.#wide ? 5 : 6))
    this.#put(this.#wide ? 4 : 2, address)
  }

  #registers(opcode: number, to: Register, from: Register): void {
    if (width(to) !== width(from)) throw new RangeError(`${to} and ${from} differ in size`)
    this.#sized(width(to))
    this.db(opcode | (width(to) === 1 ? 0 : 1), 0xc0 | (number(from) << 3) | number(to))
  }

  #port(opcode: number, register: 'al' | 'ax' | 'eax', port: number | 'dx'): void {
    this.#sized(width(register))
    const wide = register === 'al' ? 0 : 1
    if (port === 'dx') this.db(opcode + 8 + wide)
    else this.db(opcode + wide, port)
  }

  /** The prefix that an operand needs whose size is not the segment's. */
  #sized(size: 1 | 2 | 4): void {
    if (size !== 1 && size !== (this.#wide ? 4 : 2)) this.db(0x66)
  }

  #relative(size: 1 | 2 | 4, label: string): void {
    const distance = this.at(label) - (this.here + size)
    if (this.#known && size === 1 && (distance < -128 || distance > 127))
      throw new RangeError(`${label} is too far away`)
    this.#put(size, this.#known ? distance : 0)
  }

  #put(size: 1 | 2 | 4, value: number): void {
    const limit = 2 ** (size * 8)
    if (value >= limit || value < -limit / 2) throw new RangeError(`${value} does not fit into ${size} bytes`)
    for (let i = 0; i < size; i++) this.#out.push((value >> (i * 8)) & 0xff)
  }
}

function isSegment(name: Register | Segment): name is Segment {
  return (segments as readonly string[]).includes(name)
}

function width(register: Register): 1 | 2 | 4 {
  if ((bytes as readonly string[]).includes(register)) return 1
  return (words as readonly string[]).includes(register) ? 2 : 4
}

/** The three bits that name a register in an instruction. */
function number(register: Register): number {
  return [words, bytes, doubles].map((set) => (set as readonly string[]).indexOf(register)).find((at) => at >= 0)!
}
