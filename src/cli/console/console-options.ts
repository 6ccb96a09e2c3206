import { parseArgs } from 'node:util'
import { type ConsoleAddress, consoleAddressOf, usualConsoleAddress } from '../../web-console/index.ts'

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

/** @returns undefined if only help is wanted; @throws {Error} with a text for the user */
export function readConsoleOptions(argv: readonly string[]): ConsoleOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      listen: { type: 'string' },
      vnc: { type: 'string' },
      serial: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const [address, another] = positionals
  if (address === undefined || another !== undefined) throw new Error('one ADDRESS is needed; see vmon console --help')
  const listen = values.listen === undefined ? usualConsoleAddress : consoleAddressOf(values.listen)
  if (listen === undefined) throw new Error(`--listen takes HOST:PORT, not '${values.listen}'`)
  return { address, vnc: values.vnc, serial: values.serial, listen }
}
