/** Checks the links of all pages of documentation: files that are there, headings that are there. Asks no network. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...markdownIn('docs')].filter(existsSync)
const anchors = new Map<string, ReadonlySet<string>>()
const dead: string[] = []
let links = 0

for (const page of pages) {
  const text = withoutCode(readFileSync(page, 'utf8'))
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target!)) continue
    links++
    const [path, anchor] = target!.split('#') as [string, string | undefined]
    const file = path === '' ? page : normalize(join(dirname(page), path))
    if (!existsSync(file)) dead.push(`${page}: ${target}: no such file`)
    else if (anchor !== undefined && !(statSync(file).isFile() && anchorsOf(file).has(anchor)))
      dead.push(`${page}: ${target}: no such heading`)
  }
}
for (const line of dead) console.error(line)
console.log(`links: ${pages.length} pages, ${links} links, ${dead.length} dead`)
process.exitCode = dead.length === 0 ? 0 : 1

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '')
}

/** Names of headings, as hosts of Markdown make them: a second one of a name gets a number. */
function anchorsOf(file: string): ReadonlySet<string> {
  const known = anchors.get(file)
  if (known !== undefined) return known
  const names = new Set<string>()
  const text = readFileSync(file, 'utf8').replaceAll(/^```.*?^```/gms, '')
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const name = heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let unique = name
    for (let number = 1; names.has(unique); number++) unique = `${name}-${number}`
    names.add(unique)
  }
  anchors.set(file, names)
  return names
}
