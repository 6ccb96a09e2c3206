/**
 * The reference of the package's doors, from the declarations that the compiler has made and their comments: a page for
 * each door, with what it exports, in the order of its names.
 *
 * TypeScript 7 has no programming interface for JavaScript yet; the one of 6.0, which is here to compile tests, reads
 * declarations just as well.
 */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript-6.0'

/** Longer declarations than this are told by their head alone: tables of all commands, in characters. */
const longest = 6000

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>
}

/** @returns pages by their path */
export function referencePages(folder: string): Map<string, string> {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  const doors = Object.entries(exports).flatMap(([name, door]) =>
    typeof door === 'string' ? [] : [{ name: join('vmon', name), file: resolve(door.types) }],
  )
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: ['node'], noLib: false }
  const program = ts.createProgram(
    doors.map(({ file }) => file),
    options,
  )
  const pages = new Map<string, string>()
  const pageOf = (name: string): string => `${name.replaceAll('/', '-')}.md`
  for (const { name, file } of doors) pages.set(join(folder, pageOf(name)), page(program, name, file))
  pages.set(
    join(folder, 'README.md'),
    contents(
      doors.map(({ name, file }) => ({ name, page: pageOf(name), file })),
      program,
    ),
  )
  return pages
}

const note = '`npm run docs` writes this page from the comments in `src`.'

function contents(doors: readonly { name: string; page: string; file: string }[], program: ts.Program): string {
  const lines = doors.map(({ name, page, file }) => {
    const links = exportsOf(program, file).map((symbol) => `[${symbol.name}](${page}#${symbol.name.toLowerCase()})`)
    return `- [\`${name}\`](${page}): ${links.join(', ')}`
  })
  return `# Reference\n\nWhat the doors of the package export. ${note}\n\n${lines.join('\n')}\n`
}

function page(program: ts.Program, name: string, file: string): string {
  const source = program.getSourceFile(file)!
  const parts = [`# \`${name}\``, openingOf(source), note]
  for (const symbol of exportsOf(program, file))
    parts.push(`## ${symbol.name}`, ...entry(program.getTypeChecker(), symbol))
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/**
 * What a door exports from elsewhere, in the order of names: without what is marked as internal, and without the types of
 * commands, which `vmon/client` declares itself and docs/commands describes.
 */
function exportsOf(program: ts.Program, file: string): readonly ts.Symbol[] {
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!
  return checker
    .getExportsOfModule(module)
    .filter((symbol) => (symbol.flags & ts.SymbolFlags.Alias) !== 0 && !isInternal(symbol))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

function isInternal(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) => {
    const statement = ts.findAncestor(declaration, ts.isExportDeclaration) ?? declaration
    return ts.getJSDocTags(statement).some(({ tagName }) => tagName.text === 'internal')
  })
}

/** The comment that a door opens with. */
function openingOf(source: ts.SourceFile): string {
  const range = ts.getLeadingCommentRanges(source.text, 0)?.[0]
  return range === undefined ? '' : plainComment(source.text.slice(range.pos, range.end))
}

function plainComment(text: string): string {
  return text
    .replace(/^\/\*\*\s?|\s*\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
}

function entry(checker: ts.TypeChecker, alias: ts.Symbol): string[] {
  const symbol = alias.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(alias) : alias
  return (symbol.declarations ?? []).flatMap((declaration) => {
    const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
    return [...commentOf(statement), `\`\`\`ts\n${declarationText(statement)}\n\`\`\``]
  })
}

/** A comment's text, then its tags as a list. */
function commentOf(node: ts.Node): string[] {
  const docs = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  const text = docs.map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '').filter((one) => one !== '')
  const tags = docs.flatMap((doc) => doc.tags ?? []).map(tagText)
  return [...text, ...(tags.length === 0 ? [] : [tags.join('\n')])]
}

function tagText(tag: ts.JSDocTag): string {
  const source = tag.getSourceFile()
  const words = plainComment(source.text.slice(tag.pos, tag.end)).replace(/\s*\n\s*/g, ' ')
  return `- ${words.replace(/^@(\w+)\s*/, '**$1** ').replace(/\{([^}]+)\}/, '`$1`')}`
}

/** A declaration as the compiler has printed it, without its own comment and what is private. */
function declarationText(node: ts.Node): string {
  const source = node.getSourceFile()
  const text = source.text.slice(node.getStart(source), node.end)
  const shown = text
    .replace(/^export declare |^export |^declare /, '')
    .replace(/^ +(?:#private|private [^\n]*);\n/gm, '')
    .replace(/^( +)/gm, (indent) => ' '.repeat(indent.length / 2))
    .trimEnd()
  return shown.length <= longest ? shown : `${shown.slice(0, shown.indexOf('{') + 1)} ... }`
}
