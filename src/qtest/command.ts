import { parseInt64, parseUint64 } from '../keyval/index.ts'

/** How many bytes an access has, by the last letter of its verb. */
const sizes = { b: 1, w: 2, l: 4, q: 8 } as const
export type AccessSize = (typeof sizes)[keyof typeof sizes]

/** One command of the protocol, understood. Numbers are unsigned and of 64 bits, where nothing else is said. */
export type QtestCommand =
  | { readonly verb: 'in'; readonly port: number; readonly size: 1 | 2 | 4 }
  | { readonly verb: 'out'; readonly port: number; readonly size: 1 | 2 | 4; readonly value: number }
  | { readonly verb: 'load'; readonly address: bigint; readonly size: AccessSize }
  | { readonly verb: 'store'; readonly address: bigint; readonly bytes: Uint8Array }
  | { readonly verb: 'read'; readonly address: bigint; readonly length: number; readonly encoding: 'hex' | 'base64' }
  | {
      readonly verb: 'write'
      readonly address: bigint
      readonly bytes: Uint8Array
      /** What is written to the log first. */
      readonly note?: string
    }
  | { readonly verb: 'fill'; readonly address: bigint; readonly length: number; readonly value: number }
  | { readonly verb: 'endianness' }
  | { readonly verb: 'intercept'; readonly direction: 'in' | 'out'; readonly path: string }
  | { readonly verb: 'set-interrupt'; readonly path: string; readonly line: number; readonly asserted: boolean }
  /** By so many nanoseconds, which may be below 0; to the next event, if absent. */
  | { readonly verb: 'step'; readonly by: bigint | undefined }
  | { readonly verb: 'set-clock'; readonly to: bigint }
  | { readonly verb: 'load-module' }

/** A line that is no command. */
export class QtestRefusal extends Error {
  /** Which word the answer begins with. */
  readonly kind: 'FAIL' | 'ERR'

  constructor(kind: 'FAIL' | 'ERR', message: string) {
    super(message)
    this.kind = kind
  }
}

/** What a command may move: QEMU would try to have any number of bytes. */
const largestLength = 64 * 2 ** 20

/**
 * Reads a line, which has no end any more. Words that are too many are ignored, as in QEMU; where QEMU aborts, since a
 * word is missing or is no number, the command is refused here.
 *
 * @throws {QtestRefusal} with the answer
 */
export function readQtestCommand(line: string): QtestCommand {
  const words = line.split(' ')
  const [name = ''] = words
  const reader = readers.get(name)
  if (reader === undefined) throw new QtestRefusal('FAIL', `Unknown command '${name}'`)
  return reader(new Words(words))
}

const readers: ReadonlyMap<string, (words: Words) => QtestCommand> = new Map([
  ...(['b', 'w', 'l'] as const).flatMap((letter) => portReaders(letter, sizes[letter])),
  ...(['b', 'w', 'l', 'q'] as const).flatMap((letter) => memoryReaders(letter, sizes[letter])),
  ['read', (words) => readOf(words, 'hex', 1)],
  ['b64read', (words) => readOf(words, 'base64', 0)],
  [
    'write',
    (words) => {
      const { address, length } = words.range()
      return { verb: 'write', address, bytes: bytesOfHex(words.data(), length) }
    },
  ],
  ['b64write', (words) => base64WriteOf(words)],
  ['memset', (words) => ({ verb: 'fill', ...words.range(), value: Number(words.number(3) & 0xffn) })],
  ['endianness', () => ({ verb: 'endianness' })],
  ['irq_intercept_in', (words) => ({ verb: 'intercept', direction: 'in', path: words.word(1) })],
  ['irq_intercept_out', (words) => ({ verb: 'intercept', direction: 'out', path: words.word(1) })],
  [
    'set_irq_in',
    (words) => {
      words.word(2) // the name of a group of lines: those that there are here have none
      return { verb: 'set-interrupt', path: words.word(1), line: words.int(3), asserted: words.int(4) !== 0 }
    },
  ],
  ['clock_step', (words) => ({ verb: 'step', by: words.count > 1 ? words.signed(1) : undefined })],
  ['clock_set', (words) => ({ verb: 'set-clock', to: words.signed(1) })],
  [
    'module_load',
    (words) => {
      words.word(2)
      return { verb: 'load-module' }
    },
  ],
] satisfies [string, (words: Words) => QtestCommand][])

type Reader = [string, (words: Words) => QtestCommand]

function portReaders(letter: string, size: 1 | 2 | 4): Reader[] {
  return [
    [`in${letter}`, (words) => ({ verb: 'in', port: words.port(), size })],
    [
      `out${letter}`,
      (words) => {
        const value = Number(BigInt.asUintN(8 * size, words.number(2)))
        return { verb: 'out', port: words.port(), size, value }
      },
    ],
  ]
}

function memoryReaders(letter: string, size: AccessSize): Reader[] {
  return [
    [`read${letter}`, (words) => ({ verb: 'load', address: words.number(1), size })],
    [
      `write${letter}`,
      (words) => {
        const bytes = new Uint8Array(8)
        new DataView(bytes.buffer).setBigUint64(0, words.number(2), true)
        return { verb: 'store', address: words.number(1), bytes: bytes.subarray(0, size) }
      },
    ],
  ]
}

function readOf(words: Words, encoding: 'hex' | 'base64', least: number): QtestCommand {
  const { address, length } = words.range()
  if (length < least) throw words.refusal(2)
  return { verb: 'read', address, length, encoding }
}

/** Writes no more than there is, where QEMU goes on with what lies behind it. */
function base64WriteOf(words: Words): QtestCommand {
  const { address, length } = words.range()
  const bytes = new Uint8Array(Buffer.from(words.data(), 'base64'))
  if (bytes.length === length) return { verb: 'write', address, bytes }
  const note = `b64write: data length mismatch (told ${length}, found ${bytes.length})\n`
  return { verb: 'write', address, bytes: bytes.subarray(0, length), note }
}

/** Two digits a byte behind a `0x`; where they end, zeros follow. What is no digit counts as -1. */
function bytesOfHex(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const nibble = (at: number): number => {
    const digit = Number.parseInt(text[at]!, 16)
    return Number.isNaN(digit) ? -1 : digit
  }
  const count = Math.min(length, Math.max(0, Math.floor(text.length / 2) - 1))
  for (let index = 0; index < count; index++)
    bytes[index] = (nibble(index * 2 + 2) << 4) | (nibble(index * 2 + 3) & 0xff)
  return bytes
}

/** The words of a line, the verb first. */
class Words {
  readonly #words: readonly string[]

  constructor(words: readonly string[]) {
    this.#words = words
  }

  get count(): number {
    return this.#words.length
  }

  word(index: number): string {
    const word = this.#words[index]
    if (word === undefined) throw this.refusal(index)
    return word
  }

  number(index: number): bigint {
    const number = parseUint64(this.word(index))
    if (typeof number !== 'bigint') throw this.refusal(index)
    return number
  }

  signed(index: number): bigint {
    const number = parseInt64(this.word(index))
    if (typeof number !== 'bigint') throw this.refusal(index)
    return number
  }

  int(index: number): number {
    const number = this.signed(index)
    if (BigInt.asIntN(32, number) !== number) throw this.refusal(index)
    return Number(number)
  }

  port(): number {
    const port = this.number(1)
    if (port > 0xffffn) throw this.refusal(1)
    return Number(port)
  }

  range(): { readonly address: bigint; readonly length: number } {
    const [address, length] = [this.number(1), this.number(2)]
    if (length > largestLength) throw this.refusal(2)
    return { address, length: Number(length) }
  }

  /** The third argument of what writes. */
  data(): string {
    const data = this.word(3)
    if (data.length < 3) throw new QtestRefusal('ERR', 'invalid argument size')
    return data
  }

  refusal(index: number): QtestRefusal {
    const word = this.#words[index]
    const verb = this.#words[0]!
    return new QtestRefusal(
      'FAIL',
      word === undefined ? `'${verb}' needs more arguments` : `'${verb}' cannot take '${word}'`,
    )
  }
}
