import { BlockError } from './block-error.ts'

export type OptionValue = string | number | bigint | boolean

export type OptionValues = Readonly<Record<string, OptionValue>>

const words: Readonly<Record<string, boolean>> = {
  on: true,
  yes: true,
  true: true,
  y: true,
  off: false,
  no: false,
  false: false,
  n: false,
}

/**
 * Options on their way through the parts that know some of them: each takes out its own, and what is left at the end
 * is unknown to all. Keys are flat, with dots (`file.filename`); values are strings if they come from a command line.
 */
export class OptionBag {
  readonly #values: Map<string, OptionValue>

  constructor(values: Readonly<Record<string, OptionValue | undefined>>) {
    this.#values = new Map()
    for (const [key, value] of Object.entries(values)) if (value !== undefined) this.#values.set(key, value)
  }

  /** Keys that nobody has taken. */
  get left(): readonly string[] {
    return [...this.#values.keys()]
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  /** Takes every option below `key.` out into a bag of its own. */
  takeBelow(key: string): OptionBag {
    const below: Record<string, OptionValue> = {}
    for (const [name, value] of this.#values) {
      if (!name.startsWith(`${key}.`)) continue
      below[name.slice(key.length + 1)] = value
      this.#values.delete(name)
    }
    return new OptionBag(below)
  }

  /** Takes everything that is left. */
  takeAll(): Record<string, OptionValue> {
    const all = Object.fromEntries(this.#values)
    this.#values.clear()
    return all
  }

  /** Looks at a value and leaves it. */
  peek(key: string): OptionValue | undefined {
    return this.#values.get(key)
  }

  /** Looks at several, and leaves them: what the user gave, as it was written. */
  pick(keys: readonly string[]): OptionValues {
    return Object.fromEntries(keys.filter((key) => this.has(key)).map((key) => [key, this.#values.get(key)!]))
  }

  set(key: string, value: OptionValue): void {
    this.#values.set(key, value)
  }

  setDefault(key: string, value: OptionValue): void {
    if (!this.#values.has(key)) this.#values.set(key, value)
  }

  takeString(key: string): string | undefined {
    const value = this.#take(key)
    return value === undefined ? undefined : String(value)
  }

  /** @throws {BlockError} kind `invalid`, if the value is not one of QEMU's words for yes and no */
  takeBoolean(key: string): boolean | undefined {
    const value = this.#take(key)
    if (value === undefined || typeof value === 'boolean') return value
    const word = String(value)
    if (!Object.hasOwn(words, word)) throw invalid(key, `Parameter '${key}' expects 'on' or 'off'`)
    return words[word]
  }

  /** @throws {BlockError} kind `invalid`, if the value is not a whole number (decimal, `0x...`, or `0...` octal) */
  takeInteger(key: string): number | undefined {
    const value = this.#take(key)
    if (value === undefined) return undefined
    const match = /^\s*([-+]?)(0x[0-9a-f]+|\d+)$/i.exec(String(value))
    if (match === null) throw invalid(key, `Parameter '${key}' expects a number`)
    const digits = match[2]!
    const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
    return match[1] === '-' ? -magnitude : magnitude
  }

  /**
   * A size in bytes, with an optional suffix of 1024s.
   *
   * @throws {BlockError} kind `invalid`, if the value is none
   */
  takeSize(key: string): number | undefined {
    const value = this.#take(key)
    if (value === undefined) return undefined
    const match = /^(\d+(?:\.\d+)?)([bkmgtpe]?)$/i.exec(String(value))
    const scale = 'bkmgtpe'.indexOf(match?.[2]?.toLowerCase() || 'b')
    if (match === null) {
      throw invalid(
        key,
        `Parameter '${key}' expects a non-negative number below 2^64\n` +
          'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.',
      )
    }
    return Math.floor(Number(match[1]) * 1024 ** scale)
  }

  #take(key: string): OptionValue | undefined {
    const value = this.#values.get(key)
    this.#values.delete(key)
    return value
  }
}

function invalid(option: string, message: string): BlockError {
  return new BlockError('invalid', message, { option })
}
