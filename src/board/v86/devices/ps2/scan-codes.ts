/** What the controller makes of a keyboard's bytes when it translates: set 2 by number, as set 1. */
const translated: readonly number[] = [
  0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, 0x65, 0x38, 0x2a,
  0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05,
  0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a,
  0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26,
  0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63,
  0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53,
  0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
]
const prefixes: ReadonlySet<number> = new Set([0xe0, 0xe1])
/** Set 2 says with a byte of its own, set 1 with bit 7, that a key has been released. */
const releasePrefix = 0xf0
const released = 0x80

/** A byte of set 2 as the controller gives it on when it translates. */
export function translate(byte: number): number {
  return translated[byte] ?? byte
}

/** Of several keys of set 2 that become one of set 1, the one that keyboards have. */
const set2 = new Map<number, number>()
translated.forEach((code, key) => {
  if (!set2.has(code) || key === 0x83 || key === 0x84) set2.set(code, key)
})
/** Bytes of set 1, as the controller gives them when it translates, as the keyboard sent them: in set 2. */
export function untranslated(codes: readonly number[]): number[] {
  return codes.flatMap((code) => {
    if (prefixes.has(code)) return [code]
    const key = set2.get(code & ~released) ?? code & ~released
    return code & released ? [releasePrefix, key] : [key]
  })
}

/** Codes of set 3, by runs of keys as they are numbered in set 1, plus 0x80 for those with the prefix 0xE0. */
const set3 = new Map(
  (
    [
      [0x01, '08 16 1e 26 25 2e 36 3d 3e 46 45 4e 55 66 0d 15 1d 24 2d 2c 35 3c 43 44 4d 54 5b 5a 11 1c 1b 23'],
      [0x21, '2b 34 33 3b 42 4b 4c 52 0e 12 5c 1a 22 21 2a 32 31 3a 41 49 4a 59 7e 19 29 14 07 0f 17 1f 27 2f'],
      [0x41, '37 3f 47 4f 76 5f 6c 75 7d 4e 6b 73 74 7c 69 72 7a 70 71 57'],
      [0x56, '13 56 5e'],
      [0x70, '87'],
      [0x77, '87'],
      [0x79, '86'],
      [0x7b, '85'],
      [0x7d, '5d'],
      [0x90, '94'],
      [0x99, '93'],
      [0x9c, '79 58'],
      [0xa0, '9c a3'],
      [0xa4, '98'],
      [0xae, '9d'],
      [0xb0, '95'],
      [0xb2, '97'],
      [0xb5, '4a'],
      [0xb7, '57 39'],
      [0xc6, '62 6e 63 6f'],
      [0xcb, '61'],
      [0xcd, '6a'],
      [0xcf, '65 60 6d 67 64'],
      [0xdb, '8b 8c 8d'],
      [0xe8, '0a'],
    ] as const
  ).flatMap(([first, codes]) =>
    codes.split(' ').map((code, index) => [first + index, Number.parseInt(code, 16)] as const),
  ),
)
/** Pause in set 1, less its release bits: in set 3 it is a key like any other. */
const pause = [0xe1, 0x1d, 0x45] as const
/** The make-believe Shift around keys with the prefix, which set 3 does without. */
const shift = 0x2a

/**
 * The codes of one key of set 1 in set 3, where every key has a byte of its own, and a prefix when it is released. A key
 * that the set does not have gives nothing.
 */
export function inSet3(codes: readonly number[]): number[] {
  const isReleased = (codes.at(-1)! & released) !== 0
  const prefixed = codes[0] === 0xe0
  const number = codes[0] === pause[0] ? 0xc6 : (codes.at(-1)! & ~released) | (prefixed ? released : 0)
  const code = prefixed && number === (shift | released) ? undefined : set3.get(number)
  if (code === undefined) return []
  return isReleased ? [releasePrefix, code] : [code]
}

/** Translates byte by byte as the controller does: the release prefix waits for the code that it belongs to. */
export class Translator {
  #release = 0

  /** The bytes that come out for one that goes in: one, or none for the release prefix. */
  take(byte: number): number[] {
    if (byte === releasePrefix) {
      this.#release = released
      return []
    }
    const code = translate(byte) | this.#release
    this.#release = 0
    return [code]
  }
}
