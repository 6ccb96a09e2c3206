import { qdictOrder } from '../hash/index.ts'
import { isCharacter } from './utf8.ts'

export interface PrintOptions {
  /** One member a line, four spaces for each level. */
  readonly pretty?: boolean
}

/** A value as QEMU prints it: members in QDict's order, ASCII only, doubles with 17 digits. */
export function print(value: unknown, { pretty = false }: PrintOptions = {}): string {
  return pretty ? printPretty(value, '\n') : printPlain(value)
}

function printPlain(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return printString(value)
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : printDouble(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return value.toString()
    case 'object':
      break
    default:
      throw new TypeError(`a ${typeof value} has no place in JSON`)
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    let text = '['
    for (let index = 0; index < value.length; index++) text += (index === 0 ? '' : ', ') + printPlain(value[index])
    return `${text}]`
  }
  if (value instanceof Number) return printDouble(value.valueOf())
  const object = value as Readonly<Record<string, unknown>>
  let text = '{'
  for (const { name, label } of orderOf(object)) {
    const member = object[name]
    if (member !== undefined) text += (text.length === 1 ? label : `, ${label}`) + printPlain(member)
  }
  return `${text}}`
}

function printPretty(value: unknown, lineStart: string): string {
  if (typeof value !== 'object' || value === null || value instanceof Number) return printPlain(value)
  const inner = `${lineStart}    `
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const items = Array.isArray(value)
    ? value.map((element) => printPretty(element, inner))
    : membersOf(value as Readonly<Record<string, unknown>>, inner)
  return `${open}${items.map((item) => inner + item).join(',')}${lineStart}${close}`
}

function membersOf(object: Readonly<Record<string, unknown>>, inner: string): string[] {
  return orderOf(object)
    .filter(({ name }) => object[name] !== undefined)
    .map(({ name, label }) => label + printPretty(object[name], inner))
}

interface Label {
  readonly name: string
  /** The name as it is printed, with what follows it. */
  readonly label: string
}

/** Orders of member names that were sorted already, by the names in the order of their insertion; bounded. */
const orders = new Map<string, readonly Label[]>()
const orderLimit = 2048

function orderOf(object: Readonly<Record<string, unknown>>): readonly Label[] {
  const names = Object.keys(object)
  if (names.length === 0) return []
  const key = names.length === 1 ? names[0]! : names.join('\n')
  let order = orders.get(key)
  // A name may hold the separator, so that other names make the same key: then the order is another one.
  if (order?.length !== names.length || !order.every(({ name }) => Object.hasOwn(object, name))) {
    order = qdictOrder(names).map((name) => ({ name, label: `${printString(name)}: ` }))
    if (key.length > 1024) return order
    if (orders.size >= orderLimit) orders.clear()
    orders.set(key, order)
  }
  return order
}

const plain = /^[ !#-[\]-~]*$/
const special: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function printString(text: string): string {
  if (plain.test(text)) return `"${text}"`
  let out = '"'
  for (const character of text) {
    const codePoint = character.codePointAt(0)!
    if (codePoint >= 0x20 && codePoint < 0x7f) out += special[character] ?? character
    else out += special[character] ?? unicodeEscape(isCharacter(codePoint) ? character : '\ufffd')
  }
  return `${out}"`
}

function unicodeEscape(character: string): string {
  let out = ''
  for (let index = 0; index < character.length; index++) {
    out += `\\u${character.charCodeAt(index).toString(16).toUpperCase().padStart(4, '0')}`
  }
  return out
}

/** C's `%.17g`. */
function printDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa, exponentText] = value.toExponential(16).split('e') as [string, string]
  const exponent = Number(exponentText)
  if (exponent < -4 || exponent >= 17) {
    const digits = Math.abs(exponent).toString().padStart(2, '0')
    return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  return withoutZeros(value.toFixed(16 - exponent))
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
