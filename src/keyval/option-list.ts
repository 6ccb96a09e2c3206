import { OptionError } from './option-error.ts'
import { readValue, readWord } from './read-value.ts'
import { parseBoolean, parseSize, parseUint64, type Scanned } from './scalars.ts'

/** What an option's value must be. */
export type OptionKind = 'string' | 'boolean' | 'number' | 'size'

export type OptionKinds = Readonly<Record<string, OptionKind>>

/** What a list may hold. */
export interface OptionListRules {
  /** The name of a first item that has none: `size`, in `512M,slots=2`. */
  readonly impliedName?: string
  /** The options there are; if absent, any name goes, with any value. */
  readonly kinds?: OptionKinds
  /** Hears of old forms, which are taken all the same; two lines each. */
  readonly warn?: (text: string) => void
  /** Whether an item `help` or `?` asks for the list of options instead of being one. */
  readonly help?: boolean
  /** Whether the option may be repeated, and adds to what was said before (`mergeOptionLists`): it has no `id` then. */
  readonly merges?: boolean
}

/** A list of options in the order in which they were written. Of those with the same name the last one counts. */
export class OptionList {
  readonly id: string | undefined
  readonly items: readonly (readonly [name: string, value: string])[]
  /** The user asks which options there are; what follows is not read. */
  readonly help: boolean
  readonly #last: ReadonlyMap<string, string>

  constructor(items: OptionList['items'], { id, help = false }: { id?: string | undefined; help?: boolean } = {}) {
    this.items = items
    this.id = id
    this.help = help
    this.#last = new Map(items)
  }

  get(name: string): string | undefined {
    return this.#last.get(name)
  }

  /** The value of an option of kind `boolean`. */
  boolean(name: string): boolean | undefined {
    const text = this.get(name)
    return text === undefined ? undefined : parseBoolean(text)
  }

  /** The value of an option of kind `number`. */
  number(name: string): bigint | undefined {
    return present(this.get(name), parseUint64)
  }

  /** The value of an option of kind `size`, in bytes. */
  size(name: string): bigint | undefined {
    return present(this.get(name), parseSize)
  }

  /** Names and values, the `id` among them, as an object without a prototype. */
  toRecord(): Record<string, string> {
    const record: Record<string, string> = Object.create(null)
    if (this.id !== undefined) record['id'] = this.id
    for (const [name, value] of this.items) record[name] = value
    return record
  }
}

/** Joins lists as QEMU does where an option may be repeated and adds to what was said before. */
export function mergeOptionLists(lists: readonly OptionList[]): OptionList {
  return new OptionList(lists.flatMap(({ items }) => items))
}

/**
 * Reads a flat list: `name=value,name=value`. A comma in a value is written twice. A name alone switches the option on,
 * or off if `no` stands before it, which QEMU calls deprecated. Each option is checked as it is read.
 *
 * @throws {OptionError} at the first name that is not known, or value that is not of its kind
 */
export function parseOptionList(text: string, rules: OptionListRules = {}): OptionList {
  const items: [string, string][] = []
  const id = findId(text)
  if (id !== undefined && rules.merges === true) throw unknownOption('id')
  if (id !== undefined) checkIdentifier(id)
  let at = 0
  let implied = rules.impliedName
  while (at < text.length) {
    const [item, end] = readItem(text, at, implied)
    implied = undefined
    at = end
    if (item.flag !== undefined) {
      if (rules.help === true && item.flag === 'on' && (item.name === 'help' || item.name === '?'))
        return new OptionList(items, { id, help: true })
      if (item.name !== 'help' && item.name !== '?') rules.warn?.(deprecation(item.name, item.flag))
    }
    if (item.name === 'id') continue
    if (rules.kinds !== undefined) checkOption(item.name, item.value, rules.kinds)
    items.push([item.name, item.value])
  }
  return new OptionList(items, { id })
}

/** The first `id` names the list; QEMU looks for it before all else. */
function findId(text: string): string | undefined {
  for (let at = 0; at < text.length; ) {
    const [{ name, value }, next] = readItem(text, at, undefined)
    if (name === 'id') return value
    at = next
  }
  return undefined
}

interface Item {
  readonly name: string
  readonly value: string
  /** How a name that stood alone was meant. */
  readonly flag?: 'on' | 'off'
}

/** Reads one item and says where the next one begins. */
function readItem(text: string, start: number, implied: string | undefined): [Item, number] {
  const word = readWord(text, start)
  const end = start + word.length
  if (text[end] === '=') {
    const [value, next] = readValue(text, end + 1)
    return [{ name: word, value }, next]
  }
  if (implied !== undefined) {
    const [value, next] = readValue(text, start)
    return [{ name: implied, value }, next]
  }
  const off = word.startsWith('no')
  const flag = off ? 'off' : 'on'
  return [{ name: off ? word.slice(2) : word, value: flag, flag }, end + 1]
}

function deprecation(name: string, flag: 'on' | 'off'): string {
  const written = flag === 'on' ? name : `no${name}`
  const instead = name === 'delay' ? `nodelay=${flag === 'on' ? 'off' : 'on'}` : `${name}=${flag}`
  return `short-form boolean option '${written}' deprecated\nPlease use ${instead} instead`
}

const wellFormed = /^[A-Za-z][A-Za-z0-9\-._]*$/

/** Whether that can be the `id` of something. */
export function isIdentifier(id: string): boolean {
  return wellFormed.test(id)
}

/** @throws {OptionError} if that cannot be the `id` of anything */
export function checkIdentifier(id: string): void {
  if (isIdentifier(id)) return
  throw new OptionError(
    "Parameter 'id' expects an identifier\n" +
      "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.",
  )
}

/**
 * Checks one option of a list.
 *
 * @throws {OptionError} if the name is not known, or the value is not of its kind
 */
export function checkOption(name: string, value: string, kinds: OptionKinds): void {
  if (!Object.hasOwn(kinds, name)) throw unknownOption(name)
  checkOptionValue(name, value, kinds[name]!)
}

function unknownOption(name: string): OptionError {
  return new OptionError(`Invalid parameter '${name}'`)
}

/** @throws {OptionError} if the value is not of its kind */
export function checkOptionValue(name: string, value: string, kind: OptionKind): void {
  if (kind === 'boolean' && parseBoolean(value) === undefined)
    throw new OptionError(`Parameter '${name}' expects 'on' or 'off'`)
  if (kind === 'number') {
    const number = parseUint64(value)
    if (number === 'malformed') throw new OptionError(`Parameter '${name}' expects a number`)
    if (number === 'out of range') throw new OptionError(`Value '${value}' is too large for parameter '${name}'`)
  }
  if (kind === 'size') {
    const size = parseSize(value)
    if (size === 'out of range') throw new OptionError(`Value '${value}' is out of range for parameter '${name}'`)
    if (size === 'malformed')
      throw new OptionError(
        `Parameter '${name}' expects a non-negative number below 2^64\n` +
          'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.',
      )
  }
}

function present(text: string | undefined, parse: (text: string) => Scanned): bigint | undefined {
  const value = text === undefined ? undefined : parse(text)
  return typeof value === 'bigint' ? value : undefined
}

const kindWords: Readonly<Record<OptionKind, string>> = {
  string: 'str',
  boolean: 'bool (on/off)',
  number: 'num',
  size: 'size',
}

/** The options of a list as QEMU prints them for `help`: sorted, with the kind of each. Ends with a newline. */
export function optionListHelp(title: string, kinds: OptionKinds): string {
  const lines = Object.keys(kinds).map((name) => `  ${name}=<${kindWords[kinds[name]!]}>\n`)
  return `${title} options:\n${lines.sort().join('')}`
}
