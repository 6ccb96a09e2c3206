import type { KeyvalObject, KeyvalText } from './keyval.ts'
import { OptionError } from './option-error.ts'

/** A value that an option string can spell: what is undefined is left out, `true` is `on`. */
export type Printable = string | number | bigint | boolean | undefined

/** Spells a flat list so that `parseOptionList()` reads the same back. */
export function printOptionList(values: Readonly<Record<string, Printable>>): string {
  const items = Object.entries(values).filter(([, value]) => value !== undefined)
  return items.map(([name, value]) => `${name}=${escaped(wordOf(value!))}`).join(',')
}

/**
 * Spells a nested list so that `parseKeyval()` reads the same back.
 *
 * @throws {OptionError} if a list or an object is empty: there is no way to write that
 */
export function printKeyval(object: KeyvalObject): string {
  return Object.entries(object)
    .map(([name, value]) => printMember(name, value))
    .join(',')
}

function printMember(path: string, value: KeyvalText): string {
  if (typeof value === 'string') return `${path}=${escaped(value)}`
  const members = Object.entries(value)
  if (members.length === 0) throw new OptionError(`Parameter '${path}' is empty, which cannot be written`)
  return members.map(([name, member]) => printMember(`${path}.${name}`, member)).join(',')
}

function wordOf(value: string | number | bigint | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value)
}

function escaped(text: string): string {
  return text.replaceAll(',', ',,')
}
