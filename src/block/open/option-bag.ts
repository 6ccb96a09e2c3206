import {
  checkOptionValue,
  OptionError,
  type OptionKind,
  parseBoolean,
  parseSize,
  parseUint64,
  type Scanned,
} from '../../keyval/index.ts'
import { BlockError } from '../block-error.ts'

/** `null` says that there shall be none: no backing file. */
export type OptionValue = string | number | bigint | boolean | null

export type OptionValues = Readonly<Record<string, OptionValue>>

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
    const text = this.#takeChecked(key, 'boolean')
    return text === undefined ? undefined : parseBoolean(text)
  }

  /** @throws {BlockError} kind `invalid`, if the value is not a whole number (decimal, `0x...`, or `0...` octal) */
  takeInteger(key: string): number | undefined {
    const text = this.#takeChecked(key, 'number')
    // QEMU reads 64 bits without a sign and keeps the lower 32 with one.
    return text === undefined ? undefined : Number(BigInt.asIntN(32, exact(parseUint64(text))))
  }

  /** As `takeInteger()`, all 64 bits of it. @throws {BlockError} kind `invalid` */
  takeWideInteger(key: string): bigint | undefined {
    const text = this.#takeChecked(key, 'number')
    return text === undefined ? undefined : BigInt.asUintN(64, exact(parseUint64(text)))
  }

  /** As `takeSize()`, all 64 bits of it. @throws {BlockError} kind `invalid` */
  takeWideSize(key: string): bigint | undefined {
    const text = this.#takeChecked(key, 'size')
    return text === undefined ? undefined : exact(parseSize(text))
  }

  /**
   * A size in bytes, with an optional suffix of 1024s.
   *
   * @throws {BlockError} kind `invalid`, if the value is none
   */
  takeSize(key: string): number | undefined {
    const bytes = this.takeWideSize(key)
    return bytes === undefined ? undefined : Number(bytes)
  }

  #take(key: string): OptionValue | undefined {
    const value = this.#values.get(key)
    this.#values.delete(key)
    return value
  }

  #takeChecked(key: string, kind: OptionKind): string | undefined {
    const value = this.#take(key)
    if (value === undefined) return undefined
    const text = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
    inBlockErrors(key, () => checkOptionValue(key, text, kind))
    return text
  }
}

function exact(scanned: Scanned): bigint {
  if (typeof scanned !== 'bigint') throw new Error(`a checked number is ${scanned}`)
  return scanned
}

/** Runs a check of option values; what it complains of becomes a BlockError of kind `invalid`. */
export function inBlockErrors(option: string, check: () => void): void {
  try {
    check()
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause
    const [message, ...hint] = cause.message.split('\n')
    const context = { option, ...(hint.length > 0 && { hint: hint.join('\n') }) }
    throw new BlockError('invalid', message!, context, { cause })
  }
}
