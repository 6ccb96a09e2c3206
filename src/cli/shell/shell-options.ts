import { parseArgs } from 'node:util'

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

/** Behind `-H ADDRESS` comes a line in which dashes are the server's business. */
function withLineApart(argv: readonly string[]): string[] {
  let address = argv.findIndex((word, index) => !word.startsWith('-') && argv[index - 1] !== '--timeout')
  if (address < 0) address = argv.length
  const options = argv.slice(0, address)
  if (!options.some((word) => word === '--hmp' || /^-[Hh]*H/.test(word))) return [...argv]
  return [...options, '--', ...argv.slice(address)]
}

/** @returns undefined if only help is wanted; @throws {Error} with a text for the user */
export function readShellOptions(argv: readonly string[]): ShellOptions | undefined {
  const { values, positionals } = parseArgs({
    args: withLineApart(argv),
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      hmp: { type: 'boolean', short: 'H', default: false },
      timeout: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [address, ...words] = positionals
  if (address === undefined) throw new Error('an ADDRESS is needed; see vmon shell --help')
  const seconds = values.timeout === undefined ? undefined : Number(values.timeout)
  if (seconds !== undefined && !(seconds > 0))
    throw new Error(`--timeout takes a number of seconds, not '${values.timeout}'`)
  return {
    address,
    words,
    json: values.json,
    human: values.hmp,
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
  }
}
