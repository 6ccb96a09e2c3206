import { pause } from '../../async/index.ts'
import type { Arguments } from '../arguments.ts'
import { CommandLineError } from '../command-line-error.ts'
import { say, warn } from '../outputs.ts'
import { printable } from '../printable.ts'
import { runProgram } from '../run-program.ts'
import { MachineWatch } from './machine-watch.ts'
import { headLines, machineLine, type Row } from './table-text.ts'
import { type Key, TerminalScreen } from './terminal-screen.ts'
import { readTopOptions, type TopOptions, topHelp, topWords } from './top-options.ts'

const endingSignals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const

/** `vmon top`: many machines at a glance. @returns the exit status */
export function runTop(argv: readonly string[]): Promise<number> {
  return runProgram({ name: 'top', help: topHelp, options: topWords, run }, argv)
}

async function run(args: Arguments): Promise<number> {
  const options = readTopOptions(args)
  if (!options.json && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new CommandLineError('standard input and output are no terminal; --json prints what there is')
  const watches = options.addresses.map((address) => new MachineWatch(address))
  try {
    return options.json ? await printOnce(watches, options) : await show(watches, options)
  } finally {
    await Promise.all(watches.map((watch) => watch[Symbol.asyncDispose]()))
  }
}

const lookAll = (watches: readonly MachineWatch[]): Promise<void[]> => Promise.all(watches.map((watch) => watch.look()))

/** Two looks, because a rate needs two. */
async function printOnce(watches: readonly MachineWatch[], { intervalMs }: TopOptions): Promise<number> {
  await lookAll(watches)
  const there = watches.filter(({ watched }) => watched.state === 'known')
  if (there.length > 0) {
    await pause(intervalMs)
    await lookAll(there)
  }
  say(`${JSON.stringify(watches.map(jsonOf), undefined, 2)}\n`)
  const lost = complainOfLost(watches)
  return lost === 0 ? 0 : lost === watches.length ? 2 : 1
}

function jsonOf({ address, watched }: MachineWatch): object {
  if (watched.state !== 'known') return { address, error: watched.state === 'lost' ? watched.reason : 'no answer' }
  const { time: _, cpuSeconds, ...sample } = watched.sample
  return {
    address,
    ...sample,
    name: sample.name ?? null,
    cpuSeconds: cpuSeconds ?? null,
    jobs: sample.jobs ?? null,
    rates: { ...watched.rates, cpu: watched.rates?.cpu ?? null },
  }
}

/** @returns how many machines are out of reach */
function complainOfLost(watches: readonly MachineWatch[]): number {
  const lost = watches.flatMap(({ address, watched }) => (watched.state === 'lost' ? [{ address, watched }] : []))
  for (const { address, watched } of lost) warn(`vmon top: ${printable(`${address}: ${watched.reason}`)}\n`)
  return lost.length
}

async function show(watches: readonly MachineWatch[], { intervalMs }: TopOptions): Promise<number> {
  await lookAll(watches)
  // Who names nobody that is there sees why, and no empty screen.
  if (watches.every(({ watched }) => watched.state === 'lost')) {
    complainOfLost(watches)
    return 2
  }
  const ended = new AbortController()
  let first = 0
  const draw = (): void => {
    const rows: readonly Row[] = watches
    const room = Math.max(1, screen.rows - headRows)
    first = Math.max(0, Math.min(first, rows.length - room))
    screen.draw([...headLines(rows), ...rows.slice(first, first + room).map(machineLine)])
  }
  const pressed = (key: Key): void => {
    if (key === 'end') ended.abort()
    else first += steps(key, screen.rows)
    if (!ended.signal.aborted) draw()
  }
  const end = (): void => ended.abort()
  for (const signal of endingSignals) process.on(signal, end)
  using screen = new TerminalScreen({ pressed, resized: draw })
  try {
    draw()
    while (!ended.signal.aborted) {
      await pause(intervalMs, ended.signal)
      // Each machine answers in its own time: who is slow does not keep the others.
      for (const watch of watches) void watch.look()
      await pause(Math.min(settleMs, intervalMs / 2), ended.signal)
      draw()
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error
  } finally {
    for (const signal of endingSignals) process.off(signal, end)
  }
  return 0
}

/** Lines above the machines. */
const headRows = 2
/** Answers that come within this time are shown at once. */
const settleMs = 100

function steps(key: Key, rows: number): number {
  const page = Math.max(1, rows - headRows)
  return { end: 0, up: -1, down: 1, pageUp: -page, pageDown: page }[key]
}
