import { type IoCommand, type IoTable, ioCommand } from '../io-command.ts'
import { IoComplaint } from '../io-complaint.ts'

/** What help says of a command in a line. */
function oneLine(name: string, { args, oneline }: IoCommand): string {
  return `${name} ${args === undefined ? '' : `${args} `}-- ${oneline}\n`
}

/** What is said where the words behind a command are not as they must be. */
export function usageText(name: string, { args, oneline }: IoCommand): string {
  return `${name} ${args ?? '(null)'} -- ${oneline}\n`
}

export function findCommand(table: IoTable, name: string): readonly [name: string, command: IoCommand] | undefined {
  return Object.entries(table).find(([main, { alias }]) => main === name || alias === name)
}

/** @param table - the commands that there are, when they are asked for */
export function helpCommands(table: () => IoTable) {
  return {
    help: ioCommand({
      alias: '?',
      words: { least: 0, most: 1 },
      without: 'always',
      args: '[command]',
      oneline: 'help for one or all commands',
      run(call, _options, [name]) {
        if (name === undefined) {
          const all = Object.entries(table()).sort(([one], [other]) => (one < other ? -1 : 1))
          const lines = all.map(([main, command]) => oneLine(main, command)).join('')
          call.say(`${lines}\nUse 'help commandname' for extended help.\n`)
          return
        }
        const found = findCommand(table(), name)
        if (found === undefined) throw new IoComplaint(`command ${name} not found\n`)
        call.say(oneLine(name, found[1]) + (found[1].help ?? ''))
      },
    }),
  }
}
