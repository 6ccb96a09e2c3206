import { type KeyvalObject, type KeyvalText, OptionError } from '../../keyval/index.ts'
import { ConfigError } from '../config-error.ts'

/** A member that is a text. @throws {ConfigError} if it holds members */
export function memberText(object: KeyvalObject, name: string): string | undefined {
  const value = object[name]
  if (value === undefined || typeof value === 'string') return value
  throw ConfigError.at(undefined, `Invalid parameter type for '${name}', expected: string`)
}

/** A member that holds members. @throws {OptionError} if it is a text */
export function memberObject(object: KeyvalObject, name: string): KeyvalObject {
  const value = object[name] ?? {}
  if (isObject(value)) return value
  throw new OptionError(`Invalid parameter type for '${name}', expected: object`)
}

export function isObject(value: KeyvalText | undefined): value is KeyvalObject {
  return typeof value === 'object' && !Array.isArray(value)
}

/** Whether a word asks for help. */
export function isHelp(text: string | undefined): boolean {
  return text === 'help' || text === '?'
}

export function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) deepFreeze(member)
  return Object.freeze(value)
}
