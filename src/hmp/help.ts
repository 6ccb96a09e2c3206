import type { HmpCommand, HmpTable } from './hmp-command.ts'
import { atEnd, cursorOn, skipSpace, takeWord } from './words.ts'

/** The tables that help looks into; `info` is a table within the other. */
export interface HelpTables {
  readonly commands: HmpTable
  readonly info: HmpTable
}

/** Words after `help` beyond these are not read. */
const mostWords = 16

/**
 * What `help` says of the words behind it: of all commands, of all topics of `info`, or of the one that they name.
 */
export function helpText({ commands, info }: HelpTables, words: string): string {
  const names = splitWords(words)
  if (names === undefined) return ''
  const [name, topic] = names
  if (name === undefined) return list(commands, '')
  const command = findIn(commands, name)
  if (command === undefined) return `unknown command: '${name}'\n`
  if (command.command !== commands['info']) return line(command, '')
  if (topic === undefined) return list(info, 'info ')
  const found = findIn(info, topic)
  return found === undefined ? `unknown command: 'info ${topic}'\n` : line(found, 'info ')
}

interface Named {
  readonly names: string
  readonly command: HmpCommand
}

function named(table: HmpTable): Named[] {
  return Object.entries(table).map(([name, command]) => ({
    names: [name, ...(command.aliases ?? [])].join('|'),
    command,
  }))
}

function findIn(table: HmpTable, name: string): Named | undefined {
  return named(table).find(({ names }) => names.split('|').includes(name))
}

/** In the order of the bytes of their names. */
function list(table: HmpTable, prefix: string): string {
  return named(table)
    .sort((a, b) => (a.names < b.names ? -1 : 1))
    .map((one) => line(one, prefix))
    .join('')
}

function line({ names, command }: Named, prefix: string): string {
  return `${prefix}${names} ${command.params} -- ${command.help}\n`
}

function splitWords(text: string): string[] | undefined {
  const cursor = cursorOn(text)
  const words: string[] = []
  for (;;) {
    skipSpace(cursor)
    if (atEnd(cursor) || words.length >= mostWords) return words
    const word = takeWord(cursor)
    if (word === 'missing') return undefined
    words.push(word.word)
  }
}
