import type { CommandTable } from './command.ts'
import type { EventTable } from './event.ts'
import { nothing } from './object-types.ts'
import type { AnyType, Members, Shape } from './type.ts'

type ObjectShape = Extract<Shape, { meta: 'object' }>

/** Types that are written where they are used: their names say nothing. */
const unnamed = new Set(['arguments', 'data', 'q_empty'])

/**
 * Declarations of TypeScript for what commands take and return, and what events carry, without anything that commands
 * need to run: an interface `Commands`, whose members have `args` and `returns`, an interface `Events`, whose members have
 * `data`, and the types that they use. The words of documentation go along.
 */
export function typescriptTypes(commands: CommandTable, events: EventTable): string {
  const types = new NamedTypes()
  const commandLines = Object.entries(commands).map(
    ([name, { doc, arguments: args, returns }]) =>
      `${comment(doc)}  '${name}': { readonly args: ${types.reference(args)}; readonly returns: ${types.reference(returns)} }\n`,
  )
  const eventLines = Object.entries(events).map(
    ([name, { doc, payload }]) => `${comment(doc)}  '${name}': { readonly data: ${types.reference(payload)} }\n`,
  )
  return [
    `export interface Commands {\n${commandLines.join('')}}\n`,
    `export interface Events {\n${eventLines.join('')}}\n`,
    ...types.declarations(),
  ].join('\n')
}

/** Names and declares types as they come into use; two of one name get numbers. */
class NamedTypes {
  readonly #names = new Map<Shape, string>()
  readonly #waiting: { readonly name: string; readonly shape: Shape }[] = []
  readonly #taken = new Set(['Commands', 'Events'])

  reference(type: AnyType): string {
    const { shape, name } = type
    if (shape === nothing.shape) return 'Record<never, never>'
    if (shape.meta === 'builtin' || shape.meta === 'array' || shape.meta === 'alternate' || unnamed.has(name))
      return this.#written(shape)
    return this.#names.get(shape) ?? this.#add(name, shape)
  }

  /** What has been used, and what that uses. */
  declarations(): string[] {
    const texts: string[] = []
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      texts.push(`export type ${next.name} = ${this.#written(next.shape)}\n`)
    return texts
  }

  #add(wanted: string, shape: Shape): string {
    const identifier = wanted.replace(/\W/g, '_')
    let name = identifier
    for (let number = 2; this.#taken.has(name); number++) name = `${identifier}${number}`
    this.#taken.add(name)
    this.#names.set(shape, name)
    this.#waiting.push({ name, shape })
    return name
  }

  #written(shape: Shape): string {
    switch (shape.meta) {
      case 'builtin':
        return builtin(shape)
      case 'enum':
        return shape.words.map((word) => `'${word}'`).join(' | ') || 'never'
      case 'array':
        return `Array<${this.reference(shape.of)}>`
      case 'alternate':
        return shape.of.map((type) => this.reference(type)).join(' | ')
      case 'object':
        return this.#object(shape)
    }
  }

  #object({ members, variants, open }: ObjectShape): string {
    const rest = open === true ? ' & Readonly<Record<string, unknown>>' : ''
    if (variants === undefined) return this.#members(members) + rest
    const { discriminator, branches } = variants
    const cases = Object.entries(branches).map(([word, branch]) => {
      const own = this.#members(members, { [discriminator]: word })
      return branch === undefined ? own : `(${own} & ${this.reference(branch)})`
    })
    return cases.join('\n  | ')
  }

  /** @param fixed - members that are one word here */
  #members(members: Members, fixed: Readonly<Record<string, string>> = {}): string {
    const lines = Object.entries(members).map(([name, { type, optional, doc }]) => {
      const word = Object.hasOwn(fixed, name) ? `'${fixed[name]}'` : this.reference(type)
      return `${comment(doc)}  '${name}'${optional ? '?' : ''}: ${word}\n`
    })
    return lines.length === 0 ? 'Record<never, never>' : `{\n${lines.join('')}}`
  }
}

function builtin({ jsonType, wide }: Extract<Shape, { meta: 'builtin' }>): string {
  switch (jsonType) {
    case 'int':
      return wide === true ? 'number | bigint' : 'number'
    case 'object':
      return 'Readonly<Record<string, unknown>>'
    case 'array':
      return 'readonly unknown[]'
    case 'value':
      return 'unknown'
    default:
      return jsonType
  }
}

function comment(doc: string): string {
  return `  /** ${doc.replaceAll('*/', '* /')} */\n`
}
