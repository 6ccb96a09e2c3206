import type { LogControl } from '../../log/index.ts'
import { type HelpTables, helpText } from '../help.ts'
import { hmpFamily } from '../hmp-command.ts'
import { logItemsText } from '../log-items-text.ts'

const command = hmpFamily<{ logControl: LogControl | undefined }>()

/** Help, and `info` without a topic, which is help too. The tables hold these commands: they are asked for late. */
export const helpCommands = (tables: () => HelpTables) => ({
  help: command({
    aliases: ['?'],
    args: 'name:S?',
    params: '[cmd]',
    help: 'show the help',
    run({ parts: { logControl }, print }, { name = '' }) {
      // The command that has the longest list of words tells it instead of itself.
      if (name.trim() === 'log' && logControl !== undefined) print(logItemsText(logControl.items))
      else print(helpText(tables(), name))
    },
  }),
  info: command({
    args: 'item:s?',
    params: '[subcommand]',
    help: 'show various information about the system state',
    run: ({ print }) => print(helpText(tables(), 'info')),
  }),
})
