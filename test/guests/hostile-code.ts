/**
 * Programs that are the machine's enemies: nonsense for a family of its registers, by a seed. 32-bit code for flat
 * segments that takes the place of firmware's, so that nothing stands between it and the hardware.
 */

/** Where a program lies; the BIOS image that starts it is `hostileBios()`. */
export const programAddress = 0x20000
const actions = 48

type Random = (bound: number) => number
type Action = (random: Random) => number[]

/** A source of numbers below a bound, the same ones for a seed (xorshift). */
function randomOf(seed: number): Random {
  let state = (Math.imul(seed + 1, 0x9e3779b9) ^ 0x5bd1e995) >>> 0 || 1
  return (bound) => {
    state = (state ^ (state << 13)) >>> 0
    state = (state ^ (state >>> 17)) >>> 0
    state = (state ^ (state << 5)) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]
const one = <T>(random: Random, values: readonly T[]): T => values[random(values.length)]!
const bytes = (random: Random, count: number): number[] => Array.from({ length: count }, () => random(256))

/** Numbers at which something may end, and any. */
function number(random: Random): number {
  const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff]
  return random(3) === 0 ? one(random, edges) : Math.floor(random(2 ** 32)) >>> random(32)
}

/** `mov eax, value`; 0 to 7 for the other registers, in the processor's order. */
const load = (register: number, value: number): number[] => [0xb8 | register, ...dword(value)]

/** Reads and writes of ports, of each width, now and then many with one instruction. */
function ports(...ranges: readonly (readonly [first: number, last: number])[]): Action {
  return (random) => {
    const [first, last] = one(random, ranges)
    const port = load(2, first + random(last - first + 1))
    const width = one(random, [[], [], [0x66], []])
    const wide = width.length > 0 ? 1 : one(random, [0, 0, 1])
    switch (random(12)) {
      case 0:
        return [...port, ...load(6, 0x100000), ...load(1, random(300)), 0xfc, ...width, 0xf3, 0x6e | wide] // rep outs
      case 1:
        return [...port, ...load(7, 0x180000), ...load(1, random(300)), 0xfc, ...width, 0xf3, 0x6c | wide] // rep ins
      case 2:
      case 3:
      case 4:
        return [...port, ...width, 0xec | wide] // in
      default:
        return [...port, ...load(0, number(random)), ...width, 0xee | wide] // out
    }
  }
}

/** Commands to disks: the registers before, then any command, then what the drive's buffer takes or gives. */
function commands(random: Random): number[] {
  const base = one(random, [0x1f0, 0x170])
  const out = (port: number, value: number): number[] => [...load(2, port), 0xb0, value, 0xee]
  const registers = [2, 3, 4, 5, 6].flatMap((register) => (random(3) === 0 ? out(base + register, random(256)) : []))
  const known = [
    0x20, 0x24, 0x25, 0x30, 0x34, 0x35, 0x90, 0x91, 0xa0, 0xa1, 0xc4, 0xc5, 0xc6, 0xc8, 0xca, 0xe7, 0xec, 0xef, 0x08,
  ]
  const command = out(base + 7, random(4) === 0 ? random(256) : one(random, known))
  const moved =
    random(2) === 0
      ? []
      : [
          ...load(1, random(300)),
          ...load(6, 0x100000),
          ...load(7, 0x180000),
          0xfc,
          0xba,
          ...dword(base),
          0x66,
          0xf3,
          one(random, [0x6d, 0x6f]),
        ]
  return [...registers, ...command, ...moved]
}

function control(random: Random): number[] {
  const register = one(random, [0, 2, 3, 4])
  const values = [0x80000001, 0x80000011, 0x11, 0x60000010, 0xe0000011, 0x80010033, 0x10, 0x20, 0x30, 0xb0, 0x6f0]
  const value = random(2) === 0 ? one(random, values) : number(random)
  if (random(4) === 0) return [0x0f, 0x20, 0xc0 | (register << 3)]
  if (random(8) === 0) return [...load(0, number(random)), 0x0f, one(random, [0x21, 0x23]), 0xc0 | (random(8) << 3)]
  if (random(8) === 0) return [0x0f, 0x01, 0x38 | 5, ...dword(number(random))] // invlpg
  return [...load(0, value), 0x0f, 0x22, 0xc0 | (register << 3)]
}

function modelRegisters(random: Random): number[] {
  const bases = [0, 0x10, 0x1b, 0x80, 0x170, 0x1a0, 0x200, 0x277, 0x2ff, 0x400, 0xc0000080, 0xc0010000]
  const which = load(1, one(random, bases) + random(24))
  if (random(3) === 0) return [...load(0, one(random, [0, 1, 2, 0x40000000, 0x80000000]) + random(16)), 0x0f, 0xa2]
  return [...which, ...load(0, number(random)), ...load(2, number(random)), 0x0f, one(random, [0x30, 0x32])]
}

/** Tables of garbage, selectors into them, gates, and ways through them. */
function segments(random: Random): number[] {
  const table = 0x30000 + random(0x800)
  const selector = load(0, random(0x80))
  switch (random(12)) {
    case 0:
      return [
        ...load(7, table),
        ...Array.from({ length: 8 }, () => [0xc7, 0x07, ...dword(number(random)), 0x83, 0xc7, 4]).flat(),
      ]
    case 1:
      return [
        0x66,
        0xc7,
        0x05,
        ...dword(0x31000),
        ...bytes(random, 2),
        0xc7,
        0x05,
        ...dword(0x31002),
        ...dword(table),
        0x0f,
        0x01,
        one(random, [0x15, 0x1d]),
        ...dword(0x31000),
      ]
    case 2:
      return [...selector, 0x8e, 0xc0 | (one(random, [0, 2, 3, 4, 5]) << 3)]
    case 3:
      return [...selector, 0x0f, 0x00, 0xc0 | (one(random, [2, 3, 4, 5]) << 3)] // lldt, ltr, verr, verw
    case 4:
      return [0xea, ...dword(programAddress), random(0x80), 0] // jmp far
    case 5:
      return [0x9a, ...dword(programAddress), random(0x80), 0] // call far
    case 6:
      return [0xcd, random(256)]
    case 7:
      return [0x68, ...dword(number(random)), 0x6a, random(0x80), 0x68, ...dword(programAddress), 0xcf] // iret
    case 8:
      return [0x0f, one(random, [0x34, 0x35, 0x05, 0x06, 0x08, 0x0b])]
    case 9:
      return [0x68, ...dword(number(random)), 0x9d] // popf
    case 10:
      return [0x6a, random(0x80), 0x68, ...dword(programAddress), 0xcb] // retf
    default:
      return [...selector, 0x0f, one(random, [0x02, 0x03]), 0xc8] // lar, lsl
  }
}

/** Where there is something that is not RAM, or nothing. */
function place(random: Random): number {
  const places = [
    0xfee00000, 0xfec00000, 0xa0000, 0xb8000, 0xe0000000, 0xfd000000, 0xfff00000, 0xfffffff0, 0xd0000000, 0xc0000,
    0x7ffffff0, 0x01000000,
  ]
  return (one(random, places) + random(0x1000)) >>> 0
}

function windows(random: Random): number[] {
  const address = dword(place(random))
  const width = one(random, [[], [0x66]])
  if (random(16) === 0) return [0xbb, ...address, 0xff, one(random, [0xe3, 0xd3])] // jmp or call ebx
  if (random(3) === 0) return [...width, one(random, [0xa0, 0xa1]), ...address]
  if (random(6) === 0) return [0x0f, one(random, [0x10, 0x11, 0x6f, 0x7f]), 0x05, ...address]
  if (random(6) === 0) return [...width, one(random, [0x00, 0x01, 0x87, 0x31]), 0x05, ...address]
  return [...load(0, number(random)), ...width, one(random, [0xa2, 0xa3]), ...address]
}

function strings(random: Random): number[] {
  const where = (): number => (random(2) === 0 ? place(random) : number(random))
  const prefixes = [one(random, [0xf2, 0xf3]), ...one(random, [[], [0x66], [0x67], [0x66, 0x67]])]
  const opcode = one(random, [0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0x6c, 0x6d, 0x6e, 0x6f])
  return [
    ...load(6, where()),
    ...load(7, where()),
    ...load(1, number(random)),
    one(random, [0xfc, 0xfd]),
    ...prefixes,
    opcode,
  ]
}

/** Writes into the program itself, before and behind where it is. */
function selfChanges(random: Random): number[] {
  const address = programAddress + random(0x600)
  return random(2) === 0
    ? [0xc6, 0x05, ...dword(address), random(256)]
    : [...load(7, address), ...load(6, programAddress + random(0x600)), ...load(1, random(64)), 0xfc, 0xf3, 0xa4]
}

function floats(random: Random): number[] {
  const modrm = one(random, [0x05, 0xc0 | random(64)])
  const operand = modrm === 0x05 ? dword(random(2) === 0 ? 0x40000 + random(0x1000) : place(random)) : []
  const group = one(random, [[], [0x66], [0xf2], [0xf3]])
  const opcode = one(random, [
    [0xd8 | random(8)],
    [...group, 0x0f, 0x10 + random(0x70)],
    [...group, 0x0f, 0xc0 + random(64)],
    [0x0f, 0xae],
  ])
  return [
    ...opcode,
    modrm === 0x05 ? 0x05 | (random(8) << 3) : modrm,
    ...operand,
    ...(random(4) === 0 ? [random(256)] : []),
  ]
}

/** What there is to be abused, by families. */
export const families: Readonly<Record<string, Action>> = {
  'interrupt controllers': ports([0x20, 0x21], [0xa0, 0xa1], [0x4d0, 0x4d1]),
  timer: ports([0x40, 0x43], [0x61, 0x61]),
  DMA: ports([0x00, 0x0f], [0x80, 0x8f], [0xc0, 0xdf]),
  clock: ports([0x70, 0x71]),
  keyboard: ports([0x60, 0x60], [0x64, 0x64], [0x92, 0x92]),
  'disk registers': ports([0x1f0, 0x1f7], [0x170, 0x177], [0x3f6, 0x3f7], [0x376, 0x377]),
  'disk commands': commands,
  floppy: ports([0x3f0, 0x3f7]),
  VGA: ports([0x3b0, 0x3df], [0x1ce, 0x1cf]),
  PCI: ports([0xcf8, 0xcf9], [0xcf8, 0xcff], [0xcf8, 0xcf8], [0xcfc, 0xcfc], [0xc000, 0xc0ff]),
  power: ports([0x600, 0x63f], [0xae00, 0xae1f], [0xafe0, 0xafe3], [0xb2, 0xb3], [0xb000, 0xb03f]),
  serial: ports([0x3f8, 0x3ff], [0x2f8, 0x2ff], [0x3e8, 0x3ef]),
  'firmware configuration': ports([0x510, 0x51b]),
  'any port': ports([0, 0xffff], [0, 0x3ff]),
  'control registers': control,
  'model-specific registers': modelRegisters,
  segments,
  windows,
  strings,
  'changing code': selfChanges,
  floats,
  'any byte': (random) => bytes(random, 1 + random(15)),
}

/** A program of the family, which starts again and again. */
export function hostileProgram(family: string, seed: number): Uint8Array {
  const random = randomOf(seed)
  const action = families[family]!
  const code: number[] = []
  const start = [...load(4, 0x70000), ...(random(2) === 0 ? [0xfb] : [0xfa])] // mov esp; sti or cli
  for (let count = 0; count < actions; count++) {
    code.push(...action(random))
    if (random(8) === 0) code.push(...one(random, Object.values(families))(random)) // a little of another
  }
  const body = [...start, ...code]
  return Uint8Array.from([...body, 0xe9, ...dword(-(body.length + 5))]) // jmp back
}
