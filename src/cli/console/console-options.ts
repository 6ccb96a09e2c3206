import { type ConsoleAddress, consoleAddressOf, usualConsoleAddress } from '../../web-console/index.ts'
import type { Arguments } from '../arguments.ts'
import { CommandLineError } from '../command-line-error.ts'
import { UsageError } from '../program-error.ts'

export interface ConsoleOptions {
  /** Of the machine's QMP server. */
  readonly address: string
  /** Of its screen, if QMP is not to be asked for that. */
  readonly vnc: string | undefined
  readonly serial: readonly string[]
  readonly listen: ConsoleAddress
}

export const consoleHelp = `Usage: vmon console [OPTION]... ADDRESS

Shows a machine, vmon's or QEMU's, on a page for browsers: screen, serial ports, run state, drives, jobs, snapshots,
events. Prints the link to the page, which is served on this machine alone, and a link for looking only. A vmon shows
the page by itself with -display web.

  ADDRESS             of the machine's QMP server: unix:PATH, PATH, tcp:HOST:PORT or HOST:PORT

Options:
  --listen HOST:PORT  where the page is served; 127.0.0.1 and the first free port from 5800, if not said
  --vnc ADDRESS       of the machine's VNC server, if query-vnc does not tell it
  --serial ADDRESS    of a serial port's socket; several times for several ports
  -h, --help          this text

QEMU serves one QMP client at a time on a socket: each page that is open takes that place.

Exit status: 0, or 2 if no ADDRESS makes sense or the machine is not there.
`

/** The words that `readConsoleOptions` understands. */
export const consoleWords = 'listen= vnc= serial='

/** @throws {UsageError} if not one machine is named; {CommandLineError} if a value makes no sense */
export function readConsoleOptions(args: Arguments): ConsoleOptions {
  const [address, another] = args.operands
  if (address === undefined || another !== undefined) throw new UsageError('one ADDRESS is needed')
  const wanted = args.value('listen')
  const listen = wanted === undefined ? usualConsoleAddress : consoleAddressOf(wanted)
  if (listen === undefined) throw new CommandLineError(`--listen takes HOST:PORT, not '${wanted}'`)
  return { address, vnc: args.value('vnc'), serial: args.values('serial'), listen }
}
