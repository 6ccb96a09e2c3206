/**
 * Writes what `vmon/client` declares into one file, `dist/src/client/index.d.ts`, which needs no other and nothing of
 * Node's: the declarations that the compiler has made, as far as they are reached from the door, and the types of commands
 * and events as their table describes itself. Part of the build.
 *
 * Declarations are read as the compiler prints them, statement by statement. What is not understood ends the build.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { commands, events } from '../src/commands/index.ts'
import { typescriptTypes } from '../src/qapi/index.ts'

const folder = resolve('dist/src')
const door = join(folder, 'client/index.ts')
/** The door as it is in the source, with semicolons: what this tool has written the last time is no source. */
const source = readFileSync('src/client/index.ts', 'utf8').replaceAll(/ from '[^']*'$/gm, '$&;')

/** What is told in other words: of the table, only what goes over the wire. */
const told: Readonly<Record<string, string>> = {
  Commands: '',
  Events: '',
  ArgsOf: 'type ArgsOf<C> = C extends { readonly args: infer A } ? A : never',
  ReturnOf: 'type ReturnOf<C> = C extends { readonly returns: infer R } ? R : never',
  Returned: "type Returned<Name extends keyof Commands> = Commands[Name]['returns']",
  DataOf: 'type DataOf<E> = E extends { readonly data: infer D } ? D : never',
}

interface Declarations {
  /** Statements by the name that they declare. */
  readonly own: ReadonlyMap<string, string>
  /** Where names come from that are imported, or handed on. */
  readonly others: ReadonlyMap<string, { readonly file: string; readonly name: string }>
}

const read = new Map<string, Declarations>()

/** @param file - as imports name it: `x.ts` stands for `x.d.ts` */
function declarationsOf(file: string): Declarations {
  const known = read.get(file)
  if (known !== undefined) return known
  const text = file === door ? source : readFileSync(file.replace(/\.ts$/, '.d.ts'), 'utf8')
  const own = new Map<string, string>()
  const others = new Map<string, { file: string; name: string }>()
  for (const statement of statementsOf(text)) {
    const bare = withoutComments(statement).trim()
    const list = /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s*from\s*['"]([^'"]+)['"];?$/.exec(bare)
    const name = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|function) (\w+)/.exec(bare)?.[1]
    if (list !== null) {
      for (const entry of list[1]!.split(',').filter((one) => one.trim() !== '')) {
        const [from, as = from] = entry
          .trim()
          .replace(/^type\s+/, '')
          .split(' as ') as [string, string?]
        others.set(as!, { file: resolve(dirname(file), list[2]!), name: from })
      }
    } else if (name !== undefined) own.set(name, own.has(name) ? `${own.get(name)}\n${statement}` : statement)
    else if (bare !== '' && bare !== 'export {};' && !bare.startsWith('//#')) throw new Error(`${file}: ${bare}`)
  }
  const declarations = { own, others }
  read.set(file, declarations)
  return declarations
}

/** Statements with the comments ahead of them: they end at a semicolon or a closing brace that is in nothing else. */
function statementsOf(text: string): string[] {
  const statements: string[] = []
  let depth = 0
  let start = 0
  const token = /\/\*.*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[{}();]/gs
  for (const { 0: found, index } of text.matchAll(token)) {
    if ('{('.includes(found)) depth++
    if ('})'.includes(found)) depth--
    const begun = text.slice(start, index)
    const block =
      found === '}' &&
      depth === 0 &&
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface) /.test(withoutComments(begun).trim())
    if (depth > 0 || !(found === ';' || block)) continue
    statements.push(text.slice(start, index + found.length))
    start = index + found.length
  }
  statements.push(text.slice(start))
  return statements
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '')
}

/** Where a name is declared that a file knows; undefined for one that is known everywhere. */
function find(file: string, name: string): { readonly file: string; readonly name: string } | undefined {
  const { own, others } = declarationsOf(file)
  if (own.has(name)) return { file, name }
  const other = others.get(name)
  return other && (told[other.name] === undefined ? find(other.file, other.name) : other)
}

const declared = new Map<string, { readonly file: string; readonly text: string }>()

function include(file: string, name: string): void {
  if (told[name] !== undefined) {
    declared.set(name, { file: '', text: told[name] })
    return
  }
  const known = declared.get(name)
  if (known !== undefined && known.file !== file) throw new Error(`${file} and ${known.file} both declare ${name}`)
  if (known !== undefined) return
  const statement = declarationsOf(file).own.get(name)!
  declared.set(name, { file, text: asPart(statement) })
  const words = withoutComments(statement).replaceAll(/'[^'\n]*'|"[^"\n]*"/g, '')
  if (words.includes('import(')) throw new Error(`${file}: ${name} imports in the midst of a type`)
  for (const [word] of words.matchAll(/(?<![\w$.])[A-Za-z_]\w*/g)) {
    const place = find(file, word)
    if (place !== undefined) include(place.file, place.name)
  }
}

/** A statement in a file whose exports stand at its end. */
function asPart(statement: string): string {
  const text = statement
    .trim()
    .replaceAll(/^export (?:declare )?/gm, '')
    .replaceAll(/^declare /gm, '')
  return text.replaceAll(/^(?=(?:abstract )?class |const |function )/gm, 'declare ')
}

const exported: string[] = []
for (const statement of statementsOf(source)) {
  if (statement.includes('@internal')) continue
  const names = /export (type )?\{([^}]*)\}/.exec(withoutComments(statement))
  if (names === null) continue
  for (const entry of names[2]!.split(',').filter((one) => one.trim() !== '')) {
    const name = entry.trim().replace(/^type\s+/, '')
    const place = find(door, name)
    if (place === undefined) throw new Error(`vmon/client exports ${name}, which is declared nowhere`)
    include(place.file, place.name)
    exported.push(names[1] !== undefined || entry.trim().startsWith('type ') ? `type ${name}` : name)
  }
}

const wire = typescriptTypes(commands, events)
const taken = [...wire.matchAll(/^export (?:type|interface) (\w+)/gm)].map((match) => match[1]!)
const both = taken.filter((name) => name !== 'Commands' && name !== 'Events' && declared.has(name))
if (both.length > 0) throw new Error(`vmon/client and the table both have ${both.join(', ')}`)

const parts = [
  '/// <reference lib="es2022" />\n/// <reference lib="esnext.disposable" />',
  source.slice(0, source.indexOf('*/') + 2),
  ...[...declared.values()].map(({ text }) => text).filter((text) => text !== ''),
  wire,
  `export { ${exported.join(', ')} }\n`,
]
writeFileSync(door.replace(/\.ts$/, '.d.ts'), parts.join('\n\n'))
