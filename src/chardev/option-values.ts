import { ChardevError } from './chardev-error.ts'
import type { ChardevKeys } from './options.ts'

type ValueKind = 'text' | 'boolean' | 'number' | 'size'

/** Every option of a character device that QEMU 7.2 knows, whatever the kind of device; and `clients`, which is ours. */
const kinds: Readonly<Record<string, ValueKind>> = {
  id: 'text',
  backend: 'text',
  path: 'text',
  host: 'text',
  port: 'text',
  fd: 'text',
  localaddr: 'text',
  localport: 'text',
  to: 'number',
  ipv4: 'boolean',
  ipv6: 'boolean',
  wait: 'boolean',
  server: 'boolean',
  delay: 'boolean',
  nodelay: 'boolean',
  reconnect: 'number',
  telnet: 'boolean',
  tn3270: 'boolean',
  'tls-creds': 'text',
  'tls-authz': 'text',
  websocket: 'boolean',
  width: 'number',
  height: 'number',
  cols: 'number',
  rows: 'number',
  mux: 'boolean',
  signal: 'boolean',
  name: 'text',
  debug: 'number',
  size: 'size',
  chardev: 'text',
  append: 'boolean',
  logfile: 'text',
  logappend: 'boolean',
  mouse: 'boolean',
  clipboard: 'boolean',
  abstract: 'boolean',
  tight: 'boolean',
  clients: 'number',
}

const words = new Map([
  ...['on', 'yes', 'true', 'y'].map((word) => [word, true] as const),
  ...['off', 'no', 'false', 'n'].map((word) => [word, false] as const),
])
const sizeUnits = ['', 'k', 'm', 'g', 't', 'p', 'e']

/** Whether an option that stands without a value means `on` (or, with `no` before it, `off`). */
export function isBooleanOption(name: string): boolean {
  return kinds[name] === 'boolean'
}

/**
 * Checks names and values in the order in which they were given, as QEMU does before it looks at what the kind of
 * device needs.
 *
 * @throws {ChardevError} of the kind given, at the first name that is not known or value that is not of its kind
 */
export function checkOptionValues(keys: ChardevKeys, kind: 'parse' | 'option'): void {
  for (const [name, value] of Object.entries(keys)) {
    const complaint = complain(name, value)
    if (complaint !== undefined) throw new ChardevError(kind, complaint)
  }
}

/** Options that were checked, read one by one. */
export class OptionValues {
  readonly #keys: ChardevKeys

  /** @throws {ChardevError} `option`, as `checkOptionValues` says */
  constructor(keys: ChardevKeys) {
    checkOptionValues(keys, 'option')
    this.#keys = keys
  }

  has(name: string): boolean {
    return this.#keys[name] !== undefined
  }

  text(name: string): string | undefined {
    return this.#keys[name]
  }

  boolean(name: string): boolean | undefined {
    return words.get(this.#keys[name] ?? '')
  }

  number(name: string): number | undefined {
    const value = this.#keys[name]
    if (value === undefined) return undefined
    return kinds[name] === 'size' ? parseSize(value) : Number(value)
  }
}

function complain(name: string, value: string): string | undefined {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined) return `Invalid parameter '${name}'`
  if (kind === 'boolean' && !words.has(value)) return `Parameter '${name}' expects 'on' or 'off'`
  if (kind === 'number' && !/^\d+$/.test(value)) return `Parameter '${name}' expects a number`
  if (kind !== 'size' || parseSize(value) !== undefined) return undefined
  return (
    `Parameter '${name}' expects a non-negative number below 2^64\n` +
    'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.'
  )
}

function parseSize(value: string): number | undefined {
  const match = /^(\d+)([kmgtpe]?)b?$/i.exec(value)
  if (match === null) return undefined
  const size = Number(match[1]) * 1024 ** sizeUnits.indexOf(match[2]!.toLowerCase())
  return size < 2 ** 64 ? size : undefined
}
