import { parseArgs } from 'node:util'

export interface TopOptions {
  readonly addresses: readonly string[]
  /** Print what there is once, as JSON. */
  readonly json: boolean
  readonly intervalMs: number
}

export const topHelp = `Usage: vmon top [OPTION]... ADDRESS...

Shows what many machines do, vmon's or QEMU's, each by its QMP server: run state, share of a host CPU, what its disks
read and write, block jobs. The keys q and Ctrl-C end it; the arrow keys scroll.

  ADDRESS         unix:PATH, PATH, tcp:HOST:PORT or HOST:PORT

Options:
  --interval SEC  look again after so many seconds; 1, if not said
  --json          look twice, print what there is as JSON, and end
  -h, --help      this text

The CPU's share is known for machines on this host that listen on a unix socket.

Exit status: 0, or 1 if a machine could not be reached (--json), 2 if no ADDRESS makes sense or no machine is there.
`

/** @returns undefined if only help is wanted; @throws {Error} with a text for the user */
export function readTopOptions(argv: readonly string[]): TopOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      interval: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  if (positionals.length === 0) throw new Error('an ADDRESS is needed; see vmon top --help')
  const seconds = Number(values.interval)
  if (!(seconds > 0 && seconds < 86_400))
    throw new Error(`--interval takes a number of seconds, not '${values.interval}'`)
  return { addresses: positionals, json: values.json, intervalMs: seconds * 1000 }
}
