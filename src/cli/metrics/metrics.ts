import { parseArgs } from 'node:util'
import { findMachines } from '../machines/find-machines.ts'
import { say, warn } from '../outputs.ts'
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
export async function runMetrics(argv: readonly string[]): Promise<number> {
  try {
    const options = readOptions(argv)
    if (options === undefined) {
      say(help)
      return 0
    }
    const report = (): Promise<string> => reportOf(options.places)
    if (options.once) say(await report())
    else return await serve(options.listen, report)
    return 0
  } catch (error) {
    warn(`vmon metrics: ${(error as Error).message}\n`)
    return 2
  }
}

interface MetricsOptions {
  readonly places: readonly string[]
  readonly listen: MetricsPlace
  readonly once: boolean
}

/** @returns undefined if only help is wanted; @throws {Error} with a text for the user */
function readOptions(argv: readonly string[]): MetricsOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      listen: { type: 'string', default: '127.0.0.1:9177' },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  if (positionals.length === 0) throw new Error('an ADDRESS or a FOLDER is needed; see vmon metrics --help')
  const place = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(values.listen)
  if (place === null || Number(place[2]) > 65535) throw new Error(`--listen takes HOST:PORT, not '${values.listen}'`)
  const host = place[1]!.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  return { places: positionals, listen: { host, port: Number(place[2]) }, once: values.once }
}

async function reportOf(places: readonly string[]): Promise<string> {
  const machines = await Promise.all((await findMachines(places)).map(scrape))
  return exposition(machines.flat())
}

async function serve(place: MetricsPlace, report: () => Promise<string>): Promise<number> {
  try {
    await using server = await serveMetrics(place, report)
    warn(`Serving ${server.url}\n`)
    await new Promise<void>((resolve) => {
      for (const signal of endingSignals) process.once(signal, () => resolve())
    })
    return 0
  } catch (error) {
    warn(`vmon metrics: ${(error as Error).message}\n`)
    return 1
  }
}
