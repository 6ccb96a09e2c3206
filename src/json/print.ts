import { memberNames } from '../hash/index.ts'
import { formatDouble } from './format-double.ts'
import { type Label, LabelCache } from './label-cache.ts'
import { isCharacter } from './utf8.ts'

export interface PrintOptions {
  /** One member a line, four spaces for each level; a monitor adds the CR. */
  readonly pretty?: boolean
}

/**
 * A value as QEMU prints it: members in QDict's order, ASCII only, doubles with 17 digits; no line end behind it.
 *
 * Numbers without a fraction are integers as far as 64 bits reach; a {@link Double} is printed as a double, one from
 * outside that is infinite as QEMU prints it (`inf`). Members that are undefined are left out.
 *
 * @throws {TypeError} if something in the value has no place in JSON, as have numbers that are not finite
 */
export function print(value: unknown, { pretty = false }: PrintOptions = {}): string {
  return pretty ? printPretty(value, '\n') : printPlain(value)
}

type Members = Readonly<Record<string, unknown>>

function printPlain(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return printString(value)
    case 'number':
      return printNumber(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return printArray(value)
      return value instanceof Number ? formatDouble(value.valueOf()) : printObject(value as Members)
    default:
      throw new TypeError(`${typeof value} has no place in JSON`)
  }
}

function printArray(array: readonly unknown[]): string {
  let text = '['
  for (let index = 0; index < array.length; index++) {
    if (index > 0) text += ', '
    text += printPlain(array[index])
  }
  return `${text}]`
}

function printObject(object: Members): string {
  let text = '{'
  const order = labelsOf(object)
  for (let index = 0; index < order.length; index++) {
    const label = order[index]!
    text += (index === 0 ? label.text : `, ${label.text}`) + printPlain(object[label.name])
  }
  return `${text}}`
}

function printPretty(value: unknown, lineStart: string): string {
  if (typeof value !== 'object' || value === null || value instanceof Number) return printPlain(value)
  const inner = `${lineStart}    `
  if (Array.isArray(value)) {
    const items = value.map((element) => inner + printPretty(element, inner))
    return `[${items.join(',')}${lineStart}]`
  }
  const object = value as Members
  const members = labelsOf(object).map(({ name, text }) => inner + text + printPretty(object[name], inner))
  return `{${members.join(',')}${lineStart}}`
}

const labels = new LabelCache((name) => `${printString(name)}: `)
/** Objects with more members are sorted in another way, whose time grows less with their number. */
const fewMembers = 16

/** The labels of an object's members that are defined, by bucket; within one, the latest member first. */
function labelsOf(object: Members): Label[] {
  const sorted: Label[] = []
  const names = memberNames(object)
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!
    if (object[name] === undefined) continue
    const label = labels.get(name)
    let at = sorted.length
    if (names.length <= fewMembers) {
      for (; at > 0 && sorted[at - 1]!.bucket >= label.bucket; at--) sorted[at] = sorted[at - 1]!
    }
    sorted[at] = label
  }
  return names.length <= fewMembers ? sorted : sorted.reverse().sort((a, b) => a.bucket - b.bucket)
}

function printNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no place in JSON`)
  const isInteger = Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64
  return isInteger ? String(BigInt(value)) : formatDouble(value)
}

const plain = /^[ !#-[\]-~]*$/
const escapes: ReadonlyMap<number, string> = new Map(
  ['""', '\\\\', '\bb', '\ff', '\nn', '\rr', '\tt'].map((pair) => [pair.charCodeAt(0), `\\${pair[1]}`]),
)

function printString(text: string): string {
  if (plain.test(text)) return `"${text}"`
  let out = '"'
  for (const character of text) {
    const codePoint = character.codePointAt(0)!
    const short = escapes.get(codePoint)
    if (short !== undefined) out += short
    else if (codePoint >= 0x20 && codePoint < 0x7f) out += character
    else out += unicodeEscapes(isCharacter(codePoint) ? character : '\ufffd')
  }
  return `${out}"`
}

/** One escape for each UTF-16 unit of the character. */
function unicodeEscapes(character: string): string {
  let out = ''
  for (let index = 0; index < character.length; index++) {
    out += `\\u${character.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0')}`
  }
  return out
}
