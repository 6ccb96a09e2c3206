import type { AnyCommand, CommandTable } from './command.ts'
import type { AnyEvent, EventTable } from './event.ts'
import type { Example } from './example.ts'
import { nothing, type ObjectType } from './object-types.ts'
import type { AnyType, Feature, Members, Shape } from './type.ts'

type ShapeOf<Meta extends Shape['meta']> = Extract<Shape, { meta: Meta }>
type Named = AnyType & { readonly shape: ShapeOf<'object'> | ShapeOf<'enum'> | ShapeOf<'alternate'> }

/** Enums of up to so many words are written out where they are used. */
const shortEnum = 6

/**
 * A page of documentation, in Markdown: the commands of a family, and the types that they use.
 *
 * Everything comes from the declarations. A name after an at sign (`@force`) becomes code.
 *
 * @throws {Error} if two types of one page have the same name
 */
export function commandPage(title: string, commands: CommandTable): string {
  const types = new PageTypes()
  const sections = Object.entries(commands).map(([name, command]) => commandSection(name, command, types))
  return page([`# ${title}`, ...sections, ...types.sections()])
}

/** The page of all events, in the same form. */
export function eventPage(title: string, events: EventTable): string {
  const types = new PageTypes()
  const sections = Object.entries(events).map(([name, event]) => eventSection(name, event, types))
  return page([`# ${title}`, ...sections, ...types.sections()])
}

function commandSection(name: string, command: AnyCommand, types: PageTypes): string {
  const { doc, since, features, oob, preconfig, returns, emits = [], errors = [], examples } = command
  return section(`## ${name}`, [
    prose(doc),
    [
      `Since QEMU ${since}.`,
      ...warnings(features),
      ...(oob === true ? ['May be executed out of band.'] : []),
      ...(preconfig === true ? ['May be called before the machine is built.'] : []),
    ].join(' '),
    bullets('Arguments', members(command.arguments, types)),
    returns === nothing ? '' : `**Returns** ${types.reference(returns)}.`,
    emits.length === 0
      ? ''
      : `**Events:** ${emits.map((event) => `[${event}](events.md#${anchor(event)})`).join(', ')}.`,
    bullets('Errors', errors.map(errorLine)),
    ...examples.map(transcript),
  ])
}

function eventSection(
  name: string,
  { doc, since, features, rate, payload, examples }: AnyEvent,
  types: PageTypes,
): string {
  return section(`## ${name}`, [
    prose(doc),
    [
      `Since QEMU ${since}.`,
      ...warnings(features),
      ...(rate === undefined ? [] : [`At most one in ${rate} ms; of a burst, the first and the newest get through.`]),
    ].join(' '),
    bullets('Data', members(payload, types)),
    ...examples.map((example: string) => code(example)),
  ])
}

function members({ shape }: ObjectType<unknown>, types: PageTypes): readonly string[] {
  if (shape.meta !== 'object') return []
  const { members, variants } = shape
  const own = memberLines(members, types)
  if (variants === undefined) return own
  return [...own, ...variantLines(shape, types)]
}

function memberLines(members: Members, types: PageTypes): string[] {
  return Object.entries(members).map(([name, { type, doc, optional, alias = [], complete, features }]) => {
    const text = complete === undefined ? types.reference(type) : `${types.reference(type)} that names a ${complete}`
    const notes = [text, ...(optional ? ['optional'] : [])].join(', ')
    const after = [...alias.map((old) => `Old spelling: \`${old}\`.`), ...warnings(features)]
    return `\`${name}\` (${notes}): ${sentences(prose(doc), after)}`
  })
}

/** One line for each word of the tag, with what it adds indented below. */
function variantLines({ members, variants }: ShapeOf<'object'>, types: PageTypes): string[] {
  const { discriminator, branches } = variants!
  const tag = members[discriminator]!.type.shape
  const words = tag.meta === 'enum' ? tag.words : Object.keys(branches)
  return words.flatMap((word) => {
    const added = branches[word]?.shape
    if (added?.meta !== 'object' || Object.keys(added.members).length === 0) return []
    const lines = [...memberLines(added.members, types), ...(added.variants ? variantLines(added, types) : [])]
    return [`if \`${discriminator}\` is \`${word}\`:`, ...lines.map((line) => `  ${line}`)]
  })
}

/** The types that a page refers to, in the order of first mention. */
class PageTypes {
  readonly #mentioned = new Map<Shape, Named>()
  readonly #names = new Set<string>()

  /** How text speaks of a type; it gets a section of its own on the page if it needs one. */
  reference(type: AnyType): string {
    const { shape } = type
    if (shape.meta === 'array') return `list of ${this.reference(shape.of)}`
    if (shape.meta === 'builtin') return builtinTexts[type.name] ?? type.name
    if (shape.meta === 'enum' && shape.words.length <= shortEnum && Object.keys(shape.features).length === 0) {
      return shape.words.map((word) => `\`${word}\``).join(' or ')
    }
    if (!this.#mentioned.has(shape)) {
      if (this.#names.has(type.name)) throw new Error(`two types are called ${type.name}`)
      this.#names.add(type.name)
      this.#mentioned.set(shape, type as Named)
    }
    return `[${type.name}](#${anchor(type.name)})`
  }

  /** A heading and a section for each type; what these mention follows them. */
  sections(): string[] {
    const sections: string[] = []
    for (const type of this.#mentioned.values()) sections.push(section(`### ${type.name}`, this.#content(type)))
    return sections.length === 0 ? [] : ['## Types', ...sections]
  }

  #content(type: Named): string[] {
    const { shape } = type
    switch (shape.meta) {
      case 'enum':
        return [`One of ${shape.words.map((word) => wordText(word, shape.features[word])).join(', ')}.`]
      case 'alternate':
        return [`Either ${shape.of.map((choice) => this.reference(choice)).join(' or ')}.`]
      case 'object':
        return [list(members(type as ObjectType<unknown>, this))]
    }
  }
}

function wordText(word: string, features: readonly Feature[] = []): string {
  return features.length === 0 ? `\`${word}\`` : `\`${word}\` (${features.join(', ')})`
}

const builtinTexts: Readonly<Record<string, string>> = {
  str: 'string',
  bool: 'boolean',
  int: 'integer',
  any: 'anything',
}

function warnings(features: readonly Feature[] = []): string[] {
  return features.map((feature) => `${feature[0]!.toUpperCase()}${feature.slice(1)}.`)
}

function errorLine(text: string): string {
  return prose(text).replace(/^([A-Z][A-Za-z]+), /, '`$1`, ')
}

function transcript({ title, lines, options = '' }: Example): string {
  const arrows = { client: '->', server: '<-' }
  return `*Example: ${title}${options === '' ? '' : ` (\`${options}\`)`}*\n\n${code(...lines.map(({ from, text }) => `${arrows[from]} ${text}`))}`
}

function code(...lines: readonly string[]): string {
  return ['```', ...lines, '```'].join('\n')
}

function prose(text: string): string {
  return text.replace(/@([A-Za-z][\w-]*\w)/g, '`$1`')
}

/** Adds sentences to a phrase, which then needs its full stop. */
function sentences(phrase: string, more: readonly string[]): string {
  return more.length === 0 ? phrase : `${phrase}. ${more.join(' ')}`
}

function bullets(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `**${title}**\n\n${list(items)}`
}

function list(items: readonly string[]): string {
  return items.map((item) => item.replace(/^( *)/, '$1- ')).join('\n')
}

/** How the renderers of Markdown that we know of name a heading. */
export function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll('.', '')
}

function section(heading: string, parts: readonly string[]): string {
  return page([heading, ...parts.filter((part) => part !== '')]).trimEnd()
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`
}
