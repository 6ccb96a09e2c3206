import { firstStranger } from '../hash/index.ts'
import type { KeyvalObject } from './keyval.ts'
import { OptionError } from './option-error.ts'
import { parseBoolean, parseInt64 } from './scalars.ts'

/** What the text of a member means. */
export type MemberKind = 'string' | 'boolean' | 'integer' | readonly string[]

export type MemberKinds = Readonly<Record<string, MemberKind>>

type Value<K extends MemberKind> = K extends 'boolean'
  ? boolean
  : K extends 'integer'
    ? bigint
    : K extends readonly (infer Word)[]
      ? Word
      : string

export type Members<K extends MemberKinds> = { readonly [Name in keyof K]?: Value<K[Name]> }

/**
 * Gives the members of an object that `parseKeyval()` read their meaning. All of them may be absent.
 *
 * @param kinds - in the order in which QEMU complains; a list of words is an enumeration
 * @param path - what stands before the members' names in texts: `boot.`, or nothing
 * @throws {OptionError} if a member is not known or its text means nothing
 */
export function readMembers<const K extends MemberKinds>(object: KeyvalObject, kinds: K, path = ''): Members<K> {
  const members: Record<string, string | boolean | bigint> = {}
  for (const [name, kind] of Object.entries(kinds)) {
    const text = object[name]
    if (text === undefined) continue
    if (typeof text !== 'string') throw new OptionError(`Parameters '${path}${name}.*' are unexpected`)
    members[name] = readMember(text, kind, name, path)
  }
  const stranger = firstStranger(Object.keys(object), Object.keys(kinds))
  if (stranger !== undefined) throw new OptionError(`Parameter '${path}${stranger}' is unexpected`)
  return members as Members<K>
}

function readMember(text: string, kind: MemberKind, name: string, path: string): string | boolean | bigint {
  if (kind === 'string') return text
  if (kind === 'boolean') {
    const value = parseBoolean(text)
    if (value === undefined) throw new OptionError(`Parameter '${path}${name}' expects 'on' or 'off'`)
    return value
  }
  if (kind === 'integer') {
    const value = parseInt64(text)
    if (typeof value !== 'bigint') throw new OptionError(`Parameter '${path}${name}' expects integer`)
    return value
  }
  if (!kind.includes(text)) throw new OptionError(`Parameter '${name}' does not accept value '${text}'`)
  return text
}
