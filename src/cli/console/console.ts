import { CommandError, type QmpClient } from '../../client/index.ts'
import { connectQmp, openAddress } from '../../embedding/index.ts'
import { ConsoleServer, type ConsoleServices } from '../../web-console/index.ts'
import type { Arguments } from '../arguments.ts'
import { say, warn } from '../outputs.ts'
import { printable } from '../printable.ts'
import { runProgram } from '../run-program.ts'
import { type ConsoleOptions, consoleHelp, consoleWords, readConsoleOptions } from './console-options.ts'

const endingSignals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const
/** How long the machine may take to greet, in milliseconds: QEMU greets nobody while another is connected. */
const patienceMs = 5000

/** `vmon console`: a machine on a page for browsers. @returns the exit status */
export function runConsole(argv: readonly string[]): Promise<number> {
  const run = async (args: Arguments): Promise<number> => {
    await serve(readConsoleOptions(args))
    return 0
  }
  return runProgram({ name: 'console', help: consoleHelp, options: consoleWords, run }, argv)
}

async function serve(options: ConsoleOptions): Promise<void> {
  const services = await servicesOf(options)
  await using server = await ConsoleServer.open(options.listen, {
    services,
    log: (what, error) => warn(`vmon console: ${what}: ${printable((error as Error).message)}\n`),
  })
  const ended = new Promise<void>((resolve) => {
    for (const signal of endingSignals) process.once(signal, () => resolve())
  })
  say(`Console page: ${server.url()}\nFor looking only: ${server.url('watch')}\n`)
  await ended
}

async function servicesOf({ address, vnc, serial }: ConsoleOptions): Promise<ConsoleServices> {
  await using client = await connectQmp(address, { timeoutMs: patienceMs })
  const { name } = await client.execute('query-name')
  const screen = vnc ?? (await vncAddressOf(client))
  return {
    name: name ?? address,
    qmp: () => openAddress(address),
    screen: screen === undefined ? undefined : () => openAddress(screen),
    serial: serial.map((port, index) => ({ name: `Serial ${index + 1}`, open: () => openAddress(port) })),
  }
}

/** Where the machine's screen is served, if it is. */
async function vncAddressOf(client: QmpClient): Promise<string | undefined> {
  try {
    const { enabled, host, service, family } = await client.execute('query-vnc')
    if (!enabled || service === undefined) return undefined
    if (family === 'unix') return `unix:${service}`
    const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : (host ?? '127.0.0.1')
    return near.includes(':') ? `[${near}]:${service}` : `${near}:${service}`
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}
