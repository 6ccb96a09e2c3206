import { TransportError } from '../../transport/index.ts'
import type { Arguments } from '../arguments.ts'
import { CommandLineError } from '../command-line-error.ts'
import { findMachines } from '../machines/find-machines.ts'
import { say, warn } from '../outputs.ts'
import { printable } from '../printable.ts'
import { UsageError } from '../program-error.ts'
import { runProgram } from '../run-program.ts'
import { exposition } from './exposition.ts'
import { type MetricsPlace, serveMetrics } from './metrics-server.ts'
import { scrape } from './scrape.ts'

const help = `Usage: vmon metrics [OPTION]... ADDRESS|FOLDER...

Serves what machines tell of themselves, vmon's or QEMU's, in Prometheus's text format at /metrics: run state, CPU time,
memory, disks and their latencies, networks, block jobs, migration, balloon, VNC clients. Each request asks the machines anew.

  ADDRESS             of a QMP server: unix:PATH, PATH, tcp:HOST:PORT or HOST:PORT
  FOLDER              of sockets: those whose names hold qmp or monitor, as they come and go

Options:
  --listen HOST:PORT  where to serve; 127.0.0.1:9177, if not said
  --once              print the metrics and end
  -h, --help          this text

Exit status: 0, or 1 if nobody can listen there, 2 if the words make no sense.
`

const endingSignals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const

/** `vmon metrics`: many machines for Prometheus. @returns the exit status */
export function runMetrics(argv: readonly string[]): Promise<number> {
  return runProgram({ name: 'metrics', help, options: 'listen= once', run }, argv)
}

async function run(args: Arguments): Promise<number> {
  const { places, listen, once } = readOptions(args)
  if (!once) return await serve(listen, places)
  say(await reportOf(places, complain))
  return 0
}

interface MetricsOptions {
  readonly places: readonly string[]
  readonly listen: MetricsPlace
  readonly once: boolean
}

/** @throws {UsageError} if no machine is named; {CommandLineError} if a value makes no sense */
function readOptions(args: Arguments): MetricsOptions {
  if (args.operands.length === 0) throw new UsageError('an ADDRESS or a FOLDER is needed')
  const listen = args.value('listen') ?? '127.0.0.1:9177'
  const place = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(listen)
  if (place === null || Number(place[2]) > 65535)
    throw new CommandLineError(`--listen takes HOST:PORT, not '${listen}'`)
  const host = place[1]!.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  return { places: args.operands, listen: { host, port: Number(place[2]) }, once: args.has('once') }
}

/** @param missed - hears of folders without sockets, and of machines that do not answer */
async function reportOf(places: readonly string[], missed?: (text: string) => void): Promise<string> {
  const addresses = await findMachines(places, (folder) => missed?.(`${folder}: no sockets of QMP servers there`))
  const machines = await Promise.all(
    addresses.map((address) => scrape(address, (reason) => missed?.(`${address}: ${reason}`))),
  )
  return exposition(machines.flat())
}

function complain(text: string): void {
  warn(`vmon metrics: ${printable(text)}\n`)
}

async function serve(place: MetricsPlace, places: readonly string[]): Promise<number> {
  try {
    await using server = await serveMetrics(place, () => reportOf(places))
    warn(`Serving ${server.url}\n`)
    await new Promise<void>((resolve) => {
      for (const signal of endingSignals) process.once(signal, () => resolve())
    })
    return 0
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    complain(error.message)
    return 1
  }
}
