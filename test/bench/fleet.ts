/** What many machines cost: ten thousand that never execute in one process, and 64 that run in eight. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { atMost, printRows, type Row } from './report.ts'

const program = fileURLToPath(new URL('fleet-process.js', import.meta.url))

interface Fleet {
  readonly kind: 'none' | 'grub'
  readonly processes: number
  /** In each process. */
  readonly machines: number
}

export async function benchFleet(): Promise<void> {
  const none = await measure(
    { kind: 'none', processes: 1, machines: 10_000 },
    'of 10,000 that never execute, in one process',
  )
  printRows('Machines that never execute', '-', none)
  const grub = await measure({ kind: 'grub', processes: 8, machines: 8 }, 'of 64 that run GRUB, in eight processes')
  printRows('Machines that run', '-', grub)
}

async function measure({ kind, processes, machines }: Fleet, which: string): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-fleet-'))
  const count = processes * machines
  const children = Array.from({ length: processes }, () => start(kind, machines, folder))
  try {
    const started = await Promise.all(children.map(({ lines }) => answer(lines)))
    const bytes = children.reduce((sum, { child }) => sum + proportionalBytes(child.pid!), 0)
    for (const { child } of children) child.stdin.write('status\n')
    const asked = await Promise.all(children.map(({ lines }) => answer(lines)))
    const slowest = (answers: readonly { readonly seconds: number }[]): number =>
      Math.max(...answers.map(({ seconds }) => seconds))
    const running = asked.reduce((sum, answer) => sum + (answer['running'] ?? 0), 0)
    return [
      { name: `start ${which}`, unit: 'ms each', ours: (slowest(started) * 1000) / count },
      { name: '  memory', unit: 'MiB each', ours: bytes / count / 2 ** 20 },
      { name: '  query-status of all', unit: 'ms', ours: slowest(asked) * 1000 },
      { name: '  that do not run', unit: '', ours: count - running, target: atMost(0) },
    ]
  } finally {
    for (const { child } of children) child.stdin.end()
    await Promise.all(children.map(({ ended }) => ended))
    await rm(folder, { recursive: true, force: true })
  }
}

function start(kind: string, machines: number, folder: string) {
  const words = ['--max-old-space-size=8192', program, kind, String(machines), folder]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  return { child, lines: createInterface({ input: child.stdout }), ended: once(child, 'exit') }
}

/** A line of figures. @throws {Error} if the process ends instead */
async function answer(lines: Interface): Promise<Record<string, number> & { seconds: number }> {
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?]
  if (line === undefined) throw new Error('a process of machines has ended before it was asked')
  return JSON.parse(line) as Record<string, number> & { seconds: number }
}

/** What a process takes, with its part of what it shares. */
function proportionalBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) * 1024
}
