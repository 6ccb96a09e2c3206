/**
 * Writes `src/vnc/keysym-names.ts` from the keysyms of X11 (`keysymdef.h`, Debian's x11proto-dev): the names that keymaps
 * use, and their numbers. To be run when X has new ones; what it writes is committed.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const source = process.argv[2] ?? '/usr/include/X11/keysymdef.h'
const target = 'src/vnc/keysym-names.ts'
const perLine = 7

const seen = new Map<string, string>()
for (const [, name, number] of readFileSync(source, 'utf8').matchAll(/^#define XK_(\w+)\s+0x([0-9a-fA-F]+)/gm)) {
  if (!seen.has(name!)) seen.set(name!, Number.parseInt(number!, 16).toString(16))
}
const words = [...seen].map(([name, number]) => `${name}:${number}`)
const lines = Array.from({ length: Math.ceil(words.length / perLine) }, (_, line) =>
  words.slice(line * perLine, (line + 1) * perLine).join(' '),
)
writeFileSync(
  target,
  `/** Made by tools/keysyms.ts out of X11's keysymdef.h: names and numbers in hexadecimal. */
const words = \`
${lines.join('\n')}
\`

let byName: ReadonlyMap<string, number> | undefined

/** The keysyms of X11 by name. They are thousands: the table is made when it is first asked for. */
export function keysymsByName(): ReadonlyMap<string, number> {
  byName ??= new Map(
    words
      .trim()
      .split(/\\s/)
      .map((word) => {
        const [name, number] = word.split(':') as [string, string]
        return [name, Number.parseInt(number, 16)]
      }),
  )
  return byName
}
`,
)
console.log(`${target}: ${seen.size} keysyms`)
