/**
 * A machine of 256 MiB goes to another process over a unix socket, on vmon and on QEMU in turn: a Linux at its prompt, and
 * kernels that change memory at a known speed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { debianInitrd, debianKernel } from '../guests/debian-initrd.ts'
import { SerialShell } from '../guests/serial-shell.ts'
import { PlainClient } from '../interop/plain-client.ts'
import { dirtyingKernel } from './dirtying-kernel.ts'
import { atLeast, atMost, median, printRows, type Row } from './report.ts'

const mebibyte = 1 << 20
const memory = '256'
const rounds = 5
const names = ['vmon', 'qemu'] as const
type Name = (typeof names)[number]
const programs: Readonly<Record<Name, readonly string[]>> = {
  vmon: [process.execPath, 'bin/vmon.js'],
  qemu: ['qemu-system-i386', '-accel', 'tcg'],
}

interface Report {
  readonly status?: string
  readonly downtime?: number
  readonly 'total-time'?: number
  readonly ram?: { readonly 'dirty-sync-count': number }
}

class Side {
  readonly qmp: PlainClient
  readonly serial: string
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  private constructor(started: ChildProcess, qmp: PlainClient, serial: string) {
    this.#process = started
    this.#ended = once(started, 'exit')
    this.qmp = qmp
    this.serial = serial
  }

  static async start(name: Name, folder: string, words: readonly string[]): Promise<Side> {
    const [qmp, serial] = ['qmp', 'serial'].map((word) => join(folder, `${word}-${count++}`))
    const [program, ...before] = programs[name]
    const started = spawn(
      program!,
      [
        ...before,
        ...['-m', memory, '-display', 'none', '-nodefaults', ...words],
        ...['-qmp', `unix:${qmp},server=on,wait=off`, '-serial', `unix:${serial},server=on,wait=off`],
      ],
      { stdio: 'ignore' },
    )
    while (![qmp!, serial!].every((path) => existsSync(path))) await pause(5)
    return new Side(started, await PlainClient.open(qmp!), serial!)
  }

  async report(): Promise<Report> {
    return (await this.qmp.execute('query-migrate')) as Report
  }

  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}

let count = 0

/** Sends a machine to another process. @returns that, and what was told of the way */
async function send(
  from: Side,
  { name, folder, words }: Where,
  within = 60_000,
): Promise<{ to: Side; report: Report }> {
  const uri = `unix:${join(folder, `way-${count++}`)}`
  const to = await Side.start(name, folder, [...words, '-incoming', uri])
  await from.qmp.execute('migrate', { uri })
  const last = performance.now() + within
  for (;;) {
    const report = await from.report()
    if (report.status === 'completed' || (report.status === 'active' && performance.now() > last)) return { to, report }
    if (report.status === 'failed') throw new Error(`${name}: ${JSON.stringify(report)}`)
    await pause(10)
  }
}

interface Where {
  readonly name: Name
  readonly folder: string
  readonly words: readonly string[]
}

/** Downtimes and whole times, in milliseconds, of a Linux that waits at its prompt. */
async function idleLinux(where: Where): Promise<{ downtimes: number[]; totals: number[] }> {
  let side = await Side.start(where.name, where.folder, where.words)
  const shell = await SerialShell.connect(side.serial)
  await shell.prompt()
  shell.close()
  const [downtimes, totals]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    const { to, report } = await send(side, where)
    await side.end()
    side = to
    downtimes.push(report.downtime!)
    totals.push(report['total-time']!)
  }
  await side.end()
  return { downtimes, totals }
}

/** How a guest that changes memory gets there; a limit that it is faster than is in bytes a second. */
async function dirtying(where: Where, { limit, within }: { limit?: number; within?: number }) {
  const from = await Side.start(where.name, where.folder, where.words)
  const { qmp } = from
  const line = connect(from.serial)
  await once(line, 'data') // it is at work
  line.destroy()
  if (limit !== undefined) await qmp.execute('migrate-set-parameters', { 'max-bandwidth': limit })
  const { to, report } = await send(from, where, within)
  let passes = report.ram!['dirty-sync-count']
  let brought: Report = report
  if (report.status !== 'completed') {
    await qmp.execute('migrate_cancel')
    while ((await from.report()).status !== 'cancelled') await pause(10)
    const capabilities = [{ capability: 'auto-converge', state: true }]
    await qmp.execute('migrate-set-capabilities', { capabilities })
    const again = await send(from, where, 300_000)
    brought = again.report
    await again.to.end()
  } else passes = 0
  await Promise.all([from.end(), to.end()])
  if (brought.status !== 'completed') throw new Error(`${where.name}: ${JSON.stringify(brought)}`)
  return { passes, total: brought['total-time']!, downtime: brought.downtime! }
}

export async function benchMigration(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-bench-'))
  const kernel = join(folder, 'kernel')
  try {
    const append = 'console=ttyS0 loglevel=4 mitigations=off nokaslr'
    const linux = ['-kernel', debianKernel, '-initrd', await debianInitrd(), '-append', append]
    const rows: Row[] = []
    const idle = await onBoth((name) => idleLinux({ name, folder, words: linux }))
    const both = (figure: (name: Name) => number) => ({ ours: figure('vmon'), peer: figure('qemu') })
    rows.push({
      ...{ name: 'a Linux at its prompt: downtime', unit: 'ms', target: atMost(100, ' ms') },
      ...both((name) => median(idle[name].downtimes)),
    })
    rows.push({
      ...{ name: '... from begin to end', unit: 'ms', target: atMost(1500, ' ms') },
      ...both((name) => median(idle[name].totals)),
    })
    await writeFile(kernel, dirtyingKernel({ bytesPerSecond: 20e6, bytes: 64 * mebibyte }))
    const slow = await onBoth((name) => dirtying({ name, folder, words: ['-kernel', kernel] }, {}))
    rows.push({
      ...{ name: '20 MB/s are changed: begin to end', unit: 'ms', target: atMost(60_000, ' ms') },
      ...both((name) => slow[name].total),
    })
    rows.push({ name: '... downtime', unit: 'ms', ...both((name) => slow[name].downtime) })
    await writeFile(kernel, dirtyingKernel({ bytesPerSecond: 20e6, bytes: 16 * mebibyte }))
    const fast = await onBoth((name) =>
      dirtying({ name, folder, words: ['-kernel', kernel] }, { limit: 8 * mebibyte, within: 15_000 }),
    )
    rows.push({
      ...{ name: '20 MB/s, and 8 MiB/s may go: passes in 15 s, none the last', unit: 'passes' },
      ...both((name) => fast[name].passes),
      target: atLeast(2, ' passes'),
    })
    rows.push({
      ...{ name: '... brought home by auto-converge: begin to end', unit: 'ms', target: atMost(300_000, ' ms') },
      ...both((name) => fast[name].total),
    })
    printRows('Migration over a unix socket, 256 MiB', 'qemu 7.2', rows)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function onBoth<T>(measure: (name: Name) => Promise<T>): Promise<Record<Name, T>> {
  const vmon = await measure('vmon')
  return { vmon, qemu: await measure('qemu') }
}
