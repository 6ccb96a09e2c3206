import { JsonStream } from '../../json/index.ts'
import type { SchemaInfo } from '../../qapi/index.ts'

/** A command with its arguments, as they go into a request. */
export interface RequestLine {
  readonly name: string
  readonly args: Record<string, unknown> | undefined
}

/** A line that means nothing; the message says why. */
export class LineError extends Error {
  override readonly name = 'LineError'
}

/**
 * Reads a line of the shell: `COMMAND name=value outer.inner=value`, `COMMAND {JSON}` or a whole request in JSON.
 *
 * Values become what the server's schema says; where it says nothing, what they look like. JSON in braces and brackets
 * is taken as it is, quotes keep blanks together.
 *
 * @throws {LineError}
 */
export function readLine(line: string, schema: readonly SchemaInfo[]): RequestLine | undefined {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return undefined
  if (text.startsWith('{')) return wholeRequest(readJson(text))
  const [name, ...words] = splitWords(text)
  const rest = text.slice(name!.length).trim()
  if (rest.startsWith('{')) return { name: name!, args: readObject(rest) }
  return wordsRequest([name!, ...words], schema)
}

/** The same, from words that somebody else has split: a command line's arguments. @throws {LineError} */
export function wordsRequest([name, ...words]: readonly string[], schema: readonly SchemaInfo[]): RequestLine {
  if (name === undefined) throw new LineError('a command is needed')
  if (words.length === 1 && words[0]!.startsWith('{')) return { name, args: readObject(words[0]!) }
  const types = new Types(schema)
  const args = withoutPrototype()
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals <= 0) throw new LineError(`an argument has the form name=value, not '${word}'`)
    const path = word.slice(0, equals).split('.')
    assign(args, path, types.value(word.slice(equals + 1), types.member(name, path)))
  }
  return { name, args: words.length === 0 ? undefined : args }
}

function wholeRequest(value: unknown): RequestLine {
  const { execute, arguments: args } = value as { execute?: unknown; arguments?: unknown }
  if (typeof execute !== 'string') throw new LineError("a request needs the member 'execute'")
  return { name: execute, args: args as RequestLine['args'] }
}

/** Cuts at blanks that stand outside quotes, braces and brackets; quotes are taken off outside braces. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  let depth = 0
  for (const character of text) {
    if (quote !== '') {
      const closing = character === quote
      if (!closing || depth > 0) word += character
      if (closing) quote = ''
    } else if (character === '"' || character === "'") {
      quote = character
      if (depth > 0) word += character
    } else if (/\s/.test(character) && depth === 0) {
      if (word !== '') words.push(word)
      word = ''
    } else {
      if ('{['.includes(character)) depth++
      if ('}]'.includes(character)) depth--
      word += character
    }
  }
  if (word !== '') words.push(word)
  return words
}

/** An object for names that a user has typed: `__proto__` is one like others. */
const withoutPrototype = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = target
  for (const step of path.slice(0, -1)) {
    const inner = (at[step] ??= withoutPrototype())
    if (typeof inner !== 'object') throw new LineError(`'${path.join('.')}' goes through something that has a value`)
    at = inner as Record<string, unknown>
  }
  at[path.at(-1)!] = value
}

function readObject(text: string): Record<string, unknown> {
  const value = readJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LineError('arguments are a JSON object')
  return value as Record<string, unknown>
}

/** Reads a value as the server would, so that integers stay exact. */
function readJson(text: string): unknown {
  const stream = new JsonStream()
  stream.feed(new TextEncoder().encode(`${text}\n`))
  const message = stream.next()
  if (message === undefined) throw new LineError('the JSON is not complete')
  if ('error' in message) throw new LineError(message.error)
  return message.value
}

/** What the server's schema says of arguments. */
class Types {
  readonly #entries: ReadonlyMap<string, SchemaInfo>

  constructor(schema: readonly SchemaInfo[]) {
    this.#entries = new Map(schema.map((info) => [info.name, info]))
  }

  /** The type of the member at `path` of a command's arguments; undefined if the schema does not say. */
  member(command: string, path: readonly string[]): SchemaInfo | undefined {
    const info = this.#entries.get(command)
    let types = info?.['meta-type'] === 'command' ? this.#named(info['arg-type']) : []
    for (const step of path) types = types.flatMap((type) => this.#members(type, step))
    return types[0]
  }

  /** @throws {LineError} if the text does not fit the type */
  value(text: string, type: SchemaInfo | undefined): unknown {
    if (text.startsWith('{') || text.startsWith('[')) return readJson(text)
    if (type?.['meta-type'] === 'enum') return text
    if (type?.['meta-type'] !== 'builtin') return type === undefined ? guess(text) : text
    switch (type['json-type']) {
      case 'string':
        return text
      case 'boolean':
        if (text === 'true' || text === 'on') return true
        if (text === 'false' || text === 'off') return false
        throw new LineError(`'${text}' is neither true nor false`)
      case 'int':
      case 'number':
        if (!/^-?\d/.test(text)) throw new LineError(`'${text}' is no number`)
        return /^-?0x/i.test(text) ? BigInt(text) : readJson(text)
      default:
        return guess(text)
    }
  }

  #named(name: string): SchemaInfo[] {
    const info = this.#entries.get(name)
    if (info?.['meta-type'] === 'alternate') return info.members.flatMap(({ type }) => this.#named(type))
    return info === undefined ? [] : [info]
  }

  #members(type: SchemaInfo, step: string): SchemaInfo[] {
    if (type['meta-type'] !== 'object') return []
    const own = type.members.filter(({ name }) => name === step).flatMap((member) => this.#named(member.type))
    const variants = (type.variants ?? []).flatMap((variant) => this.#named(variant.type))
    return own.length > 0 ? own : variants.flatMap((variant) => this.#members(variant, step))
  }
}

/** What a value looks like: a number, true, false, null, else a string. */
function guess(text: string): unknown {
  if (/^(true|false|null|-?\d+(\.\d+)?)$/.test(text)) return readJson(text)
  return text
}
