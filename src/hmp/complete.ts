import { readdirSync, statSync } from 'node:fs'
import type { HmpCommand, HmpMember, HmpTable } from './hmp-command.ts'
import { atEnd, cursorOn, isSpace, skipSpace, takeWord } from './words.ts'

/** What the last word of a line can become, and how much of it is typed already. */
export interface LineCompletion {
  readonly typed: number
  readonly candidates: readonly string[]
}

export interface CompletionSources {
  readonly commands: HmpTable
  readonly info: HmpTable
  /** Names of drives. */
  readonly drives: () => readonly string[]
  /** Labels of character devices, and whether each is a buffer in memory. */
  readonly chardevs: () => readonly { readonly label: string; readonly buffer: boolean }[]
  /** Ids of devices that can be unplugged. */
  readonly devices: () => readonly string[]
  /** Names of objects that users have made. */
  readonly objects: () => readonly string[]
}

/** There is nothing that the word could become. */
export const nothing: LineCompletion = { typed: 0, candidates: [] }
const mostCandidates = 256

/** Completes the last word of a line: a command, a topic of `info`, a file, a drive, or what the command offers. */
export function completeLine(line: string, sources: CompletionSources): LineCompletion {
  const words = wordsOf(line)
  if (words === undefined) return nothing
  const { typed, candidates } = completeIn(sources.commands, words, sources)
  return { typed, candidates: candidates.slice(0, mostCandidates) }
}

/** The words; an empty one at the end, if the line ends in space. Undefined if a quotation mark is open. */
function wordsOf(line: string): string[] | undefined {
  const cursor = cursorOn(line)
  const words: string[] = []
  for (skipSpace(cursor); !atEnd(cursor); skipSpace(cursor)) {
    const word = takeWord(cursor)
    if (word === 'missing') return undefined
    words.push(word.word)
  }
  if (isSpace(line.at(-1) ?? '')) words.push('')
  return words
}

function completeIn(table: HmpTable, words: readonly string[], sources: CompletionSources): LineCompletion {
  const [name = '', ...rest] = words
  if (rest.length === 0) return matching(name, names(table))
  const command = Object.entries(table).find(([main, { aliases = [] }]) => [main, ...aliases].includes(name))?.[1]
  if (command === undefined) return nothing
  if (command === sources.commands['info']) return completeIn(sources.info, rest, sources)
  if (command === sources.commands['help']) return completeIn(sources.commands, rest, sources)
  const word = rest.at(-1)!
  const place = rest.slice(0, -1).filter((argument) => !isSwitch(command, argument)).length + 1
  if (command.complete !== undefined) return command.complete(word, place, sources)
  const letter = memberAt(command, place)?.letter
  if (letter === 'F') return matching(word, filesLike(word))
  if (letter === 'B') return matching(word, sources.drives())
  return nothing
}

function names(table: HmpTable): string[] {
  return Object.entries(table).flatMap(([name, { aliases = [] }]) => [name, ...aliases])
}

function isSwitch({ members }: HmpCommand, word: string): boolean {
  return word.startsWith('-') && members.some(({ letter }) => letter === '-')
}

/** The argument that the word with this number (from 1) is; switches do not count. */
function memberAt({ members }: HmpCommand, place: number): HmpMember | undefined {
  return members.filter(({ letter }) => letter !== '-')[place - 1]
}

/** Those of the candidates that begin with what is typed. */
export function matching(typed: string, candidates: readonly string[]): LineCompletion {
  return {
    typed: Buffer.byteLength(typed),
    candidates: candidates.filter((candidate) => candidate.startsWith(typed)),
  }
}

function filesLike(typed: string): string[] {
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1)
  try {
    return readdirSync(folder === '' ? '.' : folder).map((name) => {
      const path = folder + name
      return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? `${path}/` : path
    })
  } catch {
    return []
  }
}
