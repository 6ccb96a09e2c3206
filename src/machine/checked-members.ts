import { ConfigError } from './config-error.ts'

/** What a member of an object of options takes; `words` are what options take: all but `true` and `false`. */
export type MemberKind = 'text' | 'switch' | 'function' | 'object' | 'texts' | 'words' | 'path or false'

/** What each member takes: the one place that names them all. */
export type MemberKinds<Options extends object> = Readonly<Record<keyof Options & string, MemberKind>>

/**
 * Checks what a program gives that the compiler may not have seen: no member that is unknown, no value of another kind.
 *
 * @param what - the argument, for an error's text
 * @throws {ConfigError} that names the member
 */
export function checkMembers<Options extends object>(
  what: string,
  options: Options,
  kinds: MemberKinds<Options>,
): void {
  if (!isObject(options)) throw ConfigError.at(what, 'an object is expected')
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) throw ConfigError.at(name, 'there is no such option')
    if (value === undefined) continue
    const [is, expected] = checks[kinds[name as keyof typeof kinds]]
    if (!is(value)) throw ConfigError.at(name, `${expected} is expected`)
  }
}

const checks: Readonly<Record<MemberKind, readonly [is: (value: unknown) => boolean, expected: string]>> = {
  text: [(value) => typeof value === 'string', 'a string'],
  switch: [(value) => typeof value === 'boolean', 'true or false'],
  function: [(value) => typeof value === 'function', 'a function'],
  object: [(value) => isObject(value), 'an object'],
  texts: [
    (value) => isObject(value) && Object.values(value).every((each) => typeof each === 'string'),
    'an object of strings',
  ],
  words: [
    (value) => isWords(value) || (Array.isArray(value) && value.every(isWords)),
    'a string, a number, an object or a list of them',
  ],
  'path or false': [(value) => typeof value === 'string' || value === false, 'a string or false'],
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWords(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || isObject(value)
}
