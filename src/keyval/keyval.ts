import { OptionError } from './option-error.ts'
import { readValue, readWord } from './read-value.ts'

/** What an option string holds: texts, lists and objects, the latter without a prototype. */
export type KeyvalText = string | KeyvalText[] | KeyvalObject
export interface KeyvalObject {
  [name: string]: KeyvalText
}

/** The longest name, or part of a name between dots. */
const longestName = 127

/**
 * Reads a nested list: `a.b=c,list.0=x,list.1=y` is `{ a: { b: 'c' }, list: ['x', 'y'] }`. A comma in a value is
 * written twice; of values with the same name the last one counts. Every value is a text: what it means is for the
 * reader to say (see `readMembers()`).
 *
 * An object whose names are all indices is a list.
 *
 * @param impliedName - the name of a first item that has none; its value can hold neither comma nor equals sign
 * @returns `help` if an item `help` or `?` asks what there is to say; what could be read stands in `object`
 * @throws {OptionError} if a name is malformed or stands without a value, if a name stands for a text and for more, or
 *   if a list lacks an element
 */
export function parseKeyval(text: string, impliedName?: string): { object: KeyvalObject; help: boolean } {
  const object = empty()
  let help = false
  let at = 0
  let implied = impliedName
  while (at < text.length) {
    const word = readWord(text, at)
    const end = at + word.length
    const alone = word !== '' && text[end] !== '='
    if (alone && (word === 'help' || word === '?')) {
      help = true
      at = end + 1
      continue
    }
    const key = alone && implied !== undefined ? implied : word
    const [parent, name] = descend(object, key)
    if (alone && implied === undefined) throw new OptionError(`Expected '=' after parameter '${key}'`)
    const [value, next] = alone ? [word, end + 1] : readValue(text, end + 1)
    put(parent, name, value, key)
    implied = undefined
    at = next
  }
  listify(object, '')
  return { object, help }
}

/** Reads the name, making the objects on its way; gives the last of these and the last part of the name. */
function descend(object: KeyvalObject, key: string): [KeyvalObject, string] {
  let current = object
  let at = 0
  for (;;) {
    const rest = key.slice(at)
    const part = (at > 0 && /^\d+/.exec(rest)?.[0]) || /^(?:__[A-Za-z0-9.-]*_)?[A-Za-z][\w-]*/.exec(rest)?.[0] || ''
    const end = at + part.length
    if (part === '' || (end < key.length && key[end] !== '.')) throw new OptionError(`Invalid parameter '${key}'`)
    if (part.length > longestName) {
      const fragment = at > 0 || end < key.length ? ' fragment' : ''
      throw new OptionError(`Parameter${fragment} '${part}' is too long`)
    }
    if (end === key.length) return [current, part]
    const below = current[part] ?? empty()
    if (typeof below === 'string') throw inconsistent(`${key.slice(0, end)}.`)
    current[part] = below
    current = below as KeyvalObject
    at = end + 1
  }
}

function put(parent: KeyvalObject, name: string, value: string, key: string): void {
  if (typeof (parent[name] ?? '') !== 'string') throw inconsistent(`${key}.`)
  parent[name] = value
}

/** Makes lists of the objects that have indices for names, from the innermost out. */
function listify(object: KeyvalObject, path: string): KeyvalText {
  const names = Object.keys(object)
  for (const name of names) {
    const value = object[name]!
    if (typeof value !== 'string') object[name] = listify(value as KeyvalObject, `${path}${name}.`)
  }
  const indices = names.filter(isIndex)
  if (indices.length === 0) return object
  if (indices.length < names.length) throw inconsistent(path)
  const elements = new Map(indices.map((name) => [Number(name), object[name]!]))
  return names.map((_, index) => {
    const element = elements.get(index)
    if (element === undefined) throw new OptionError(`Parameter '${path}${index}' missing`)
    return element
  })
}

function isIndex(name: string): boolean {
  return /^\d/.test(name)
}

function inconsistent(path: string): OptionError {
  return new OptionError(`Parameters '${path}*' used inconsistently`)
}

function empty(): KeyvalObject {
  return Object.create(null)
}
