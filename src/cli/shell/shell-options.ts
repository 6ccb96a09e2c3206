import type { Arguments } from '../arguments.ts'
import { UsageError } from '../program-error.ts'
import { millisecondsOf } from '../run-program.ts'

export interface ShellOptions {
  readonly address: string
  /** A command to run at once, in words; empty for a conversation. */
  readonly words: readonly string[]
  /** Replies and events as lines of JSON, nothing else: for scripts. */
  readonly json: boolean
  /** Lines are those of the human monitor. */
  readonly human: boolean
  readonly timeoutMs: number | undefined
}

export const shellHelp = `Usage: vmon shell [OPTION]... ADDRESS [COMMAND [NAME=VALUE]...]

Talks to a QMP server, vmon's or QEMU's. With a COMMAND it runs that one and ends; without, it reads commands from
the terminal (TAB completes, the arrow keys recall) or from standard input, and shows events as they come.

  ADDRESS        unix:PATH, PATH, tcp:HOST:PORT or HOST:PORT
  help [COMMAND] names the server's commands, or tells one's arguments, as a COMMAND
  NAME=VALUE     an argument; inner ones as outer.inner=VALUE, lists and objects in JSON
  COMMAND {...}  all arguments as one JSON object

Options:
  -H, --hmp      lines are the human monitor's, as info block; all words behind ADDRESS are one
  --json         print replies and events as they come over the wire, one a line
  --timeout SEC  give up a greeting or an answer after so many seconds
  -h, --help     this text

Exit status: 0, or 1 if a command was refused, 2 if the server cannot be reached or ADDRESS makes no sense.
`

/** The words that `readShellOptions` understands. */
export const shellWords = 'json H:hmp timeout='

/** Behind `-H ADDRESS` comes a line in which dashes are the server's business. */
export function withLineApart(argv: readonly string[]): string[] {
  // Long options may be shortened.
  const takesNext = (word = ''): boolean => word.length > 2 && '--timeout'.startsWith(word)
  let address = argv.findIndex((word, index) => !word.startsWith('-') && !takesNext(argv[index - 1]))
  if (address < 0) address = argv.length
  const options = argv.slice(0, address)
  if (!options.some((word) => /^--hmp?$|^-[Hh]*H/.test(word))) return [...argv]
  return [...options, '--', ...argv.slice(address)]
}

/** @throws {UsageError} if no server is named; {CommandLineError} if a value makes no sense */
export function readShellOptions(args: Arguments): ShellOptions {
  const [address, ...words] = args.operands
  if (address === undefined) throw new UsageError('an ADDRESS is needed')
  const timeout = args.value('timeout')
  return {
    address,
    words,
    json: args.has('json'),
    human: args.has('H'),
    timeoutMs: timeout === undefined ? undefined : millisecondsOf(timeout, '--timeout'),
  }
}
