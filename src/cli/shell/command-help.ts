import { commands } from '../../commands/index.ts'
import { ownEntry } from '../../lookup/index.ts'
import type { SchemaInfo } from '../../qapi/index.ts'
import { nearestName } from '../nearest-option.ts'
import { LineError } from './request-line.ts'

type Entries = ReadonlyMap<string, SchemaInfo>

/** Members of objects that stand on one line, at the most. */
const membersInLine = 6

/**
 * What `help` and `help COMMAND` of the shell say, of whatever the server tells of itself (`query-qmp-schema`).
 *
 * @throws {LineError} if the server has no such command
 */
export function commandHelp(schema: readonly SchemaInfo[], words: readonly string[]): string {
  const [name] = words
  const names = commandNames(schema)
  if (name === undefined)
    return `${columns(names)}\n\nhelp COMMAND tells its arguments; TAB completes commands, arguments and values.`
  const entries: Entries = new Map(schema.map((info) => [info.name, info]))
  const info = entries.get(name)
  if (info?.['meta-type'] !== 'command') throw new LineError(`there is no command '${name}'${meant(name, names)}`)
  const doc = ownEntry(commands as Readonly<Record<string, { readonly doc: string }>>, name)?.doc
  const parts = [name, doc, argumentsText(entries, info['arg-type']), returnsText(entries, info['ret-type'])]
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

export function commandNames(schema: readonly SchemaInfo[]): readonly string[] {
  return schema.flatMap((info) => (info['meta-type'] === 'command' ? [info.name] : [])).sort()
}

/** `; did you mean 'x'?`, if that can be */
export function meant(word: string, names: readonly string[]): string {
  const near = nearestName(word, names)
  return near === undefined ? '' : `; did you mean '${near}'?`
}

function argumentsText(entries: Entries, type: string): string {
  const info = entries.get(type)
  if (info?.['meta-type'] !== 'object' || (info.members.length === 0 && info.variants === undefined))
    return 'It takes no arguments.'
  const members = [...info.members].sort((one, other) => Number(isOptional(one)) - Number(isOptional(other)))
  const width = Math.max(...members.map(({ name }) => name.length))
  const lines = members.map((member) => {
    const text = typeText(entries, member.type, membersInLine)
    return `  ${member.name.padEnd(width)}  ${isOptional(member) ? `[${text}]` : text}`
  })
  const variants = info.variants === undefined ? [] : [`  More arguments follow from '${info.tag}'.`]
  const optional = members.some(isOptional) ? ' ([ ] may be left out)' : ''
  return [`Arguments${optional}:`, ...lines, ...variants].join('\n')
}

function returnsText(entries: Entries, type: string): string {
  const text = typeText(entries, type, membersInLine)
  return text === '{}' ? '' : `Returns ${text}.`
}

const isOptional = (member: { readonly default?: unknown }): boolean => Object.hasOwn(member, 'default')

/** @param depth - how many members of an object are named; those of the objects in it are not */
function typeText(entries: Entries, type: string, depth: number): string {
  const info = entries.get(type)
  switch (info?.['meta-type']) {
    case 'builtin':
      return info['json-type'] === 'value' ? 'any value' : info['json-type']
    case 'enum':
      return info.values.join('|')
    case 'array':
      return `a list of ${typeText(entries, info['element-type'], depth)}`
    case 'alternate':
      return info.members.map((member) => typeText(entries, member.type, depth)).join(' or ')
    case 'object': {
      if (info.members.length === 0) return '{}'
      if (depth === 0) return '{...}'
      const named = info.members.slice(0, depth).map((member) => `${member.name}${isOptional(member) ? '?' : ''}`)
      return `{ ${named.join(', ')}${info.members.length > depth || info.variants ? ', ...' : ''} }`
    }
    default:
      return 'value'
  }
}

/** Names in two columns, read downwards. */
function columns(names: readonly string[]): string {
  const half = Math.ceil(names.length / 2)
  const width = Math.max(0, ...names.slice(0, half).map((name) => name.length)) + 2
  return Array.from({ length: half }, (_, row) =>
    `${names[row]!.padEnd(width)}${names[row + half] ?? ''}`.trimEnd(),
  ).join('\n')
}
