import type { SchemaInfo } from './schema-info.ts'

type Entries = ReadonlyMap<string, SchemaInfo>
type ObjectInfo = Extract<SchemaInfo, { 'meta-type': 'object' }>
type MemberInfo = ObjectInfo['members'][number]
/** Arguments that are on the line already: their values by their path. */
type Given = ReadonlyMap<string, string>

/**
 * What the last of `words` can become: a command, then arguments of the form `name=value`, `outer.inner=value`.
 *
 * Works on what any server tells of itself (`query-qmp-schema`). Arguments that are there already are not offered
 * again; those of a union follow its tag (`driver=qcow2 file.`). An argument whose value cannot be guessed ends in
 * `=`, one that holds others in `.`.
 */
export function complete(schema: readonly SchemaInfo[], words: readonly string[]): string[] {
  const entries: Entries = new Map(schema.map((info) => [info.name, info]))
  const [name = '', ...args] = words
  const last = args.pop()
  if (last === undefined) return commandsLike(schema, name)
  const command = entries.get(name)
  if (command?.['meta-type'] !== 'command') return []
  const given: Given = new Map(args.map((word) => split(word)).filter((pair) => pair !== undefined))

  const assignment = split(last)
  const path = assignment?.[0] ?? last
  const steps = path.split('.')
  const typed = steps.pop()!
  const outer = steps.map((step) => `${step}.`).join('')
  let members = membersOf(entries, command['arg-type'], '', given)
  for (const [depth, step] of steps.entries()) {
    const member = members.find((candidate) => candidate.name === step)
    if (member === undefined) return []
    members = membersOf(entries, member.type, `${steps.slice(0, depth + 1).join('.')}.`, given)
  }

  if (assignment !== undefined) {
    const member = members.find((candidate) => candidate.name === typed)
    const values = member === undefined ? [] : valuesOf(entries, member.type)
    return values.filter((value) => value.startsWith(assignment[1])).map((value) => `${path}=${value}`)
  }
  return members
    .filter((member) => member.name.startsWith(typed) && !given.has(`${outer}${member.name}`))
    .flatMap((member) => endings(entries, member).map((ending) => `${outer}${member.name}${ending}`))
}

function commandsLike(schema: readonly SchemaInfo[], start: string): string[] {
  return schema
    .filter((info) => info['meta-type'] === 'command' && info.name.startsWith(start))
    .map(({ name }) => name)
    .sort()
}

function split(word: string): [path: string, value: string] | undefined {
  const equals = word.indexOf('=')
  return equals < 0 ? undefined : [word.slice(0, equals), word.slice(equals + 1)]
}

/** The members that a value of this type can have, where it is an object; `path` leads to them. */
function membersOf(entries: Entries, type: string, path: string, given: Given): readonly MemberInfo[] {
  const info = entries.get(type)
  if (info?.['meta-type'] === 'alternate') {
    return info.members.flatMap((member) => membersOf(entries, member.type, path, given))
  }
  if (info?.['meta-type'] !== 'object') return []
  const word = info.tag === undefined ? undefined : given.get(`${path}${info.tag}`)
  const variant = info.variants?.find((candidate) => candidate.case === word)
  return variant === undefined ? info.members : [...info.members, ...membersOf(entries, variant.type, path, given)]
}

function valuesOf(entries: Entries, type: string): readonly string[] {
  const info = entries.get(type)
  if (info?.['meta-type'] === 'enum') return info.values
  if (info?.['meta-type'] === 'builtin') return info['json-type'] === 'boolean' ? ['true', 'false'] : []
  if (info?.['meta-type'] === 'alternate') return info.members.flatMap((member) => valuesOf(entries, member.type))
  return []
}

function endings(entries: Entries, { type }: MemberInfo): readonly string[] {
  const info = entries.get(type)
  if (info?.['meta-type'] === 'object') return ['.']
  if (info?.['meta-type'] !== 'alternate') return ['=']
  const holdsOthers = info.members.some((member) => entries.get(member.type)?.['meta-type'] === 'object')
  return holdsOthers ? ['=', '.'] : ['=']
}
