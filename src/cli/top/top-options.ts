import type { Arguments } from '../arguments.ts'
import { UsageError } from '../program-error.ts'
import { millisecondsOf } from '../run-program.ts'

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

/** The words that `readTopOptions` understands. */
export const topWords = 'json interval='

const longestInterval = 86_400

/** @throws {UsageError} if no machine is named; {CommandLineError} if a value makes no sense */
export function readTopOptions(args: Arguments): TopOptions {
  if (args.operands.length === 0) throw new UsageError('an ADDRESS is needed')
  const intervalMs = millisecondsOf(args.value('interval') ?? '1', '--interval', longestInterval)
  return { addresses: args.operands, json: args.has('json'), intervalMs }
}
