/**
 * Jobs on images, and images for others, side by side with QEMU 7.2, qemu-nbd and qemu-img: images of 4 GiB, half full
 * (or of as many as `VMON_BENCH_GIB` says). Runs alternate, so that a machine whose speed drifts does not favour one of them. Ratios are of speeds: above 1, vmon is
 * faster.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PlainClient } from '../interop/plain-client.ts'
import { atLeast, median, printRows, type Row } from './report.ts'

const rounds = 3
const mebibyte = 2 ** 20
const gibibytes = Number(process.env['VMON_BENCH_GIB'] ?? 4)
const size = gibibytes * 2 ** 30
/** Requests of 4 KiB, and how many of them at once. */
const smallRequests = 20_000
const depths = [1, 64] as const
const filled = size / 2
const names = ['vmon', 'qemu'] as const
type Name = (typeof names)[number]

const machines = {
  vmon: [process.execPath, 'bin/vmon.js'],
  qemu: ['qemu-system-i386'],
} as const
const servers = {
  vmon: [process.execPath, 'bin/vmon.js', 'nbd'],
  qemu: ['qemu-nbd'],
} as const

export async function benchJobs(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
  try {
    makeImages(folder)
    printRows(`Jobs: ${gibibytes} GiB, half full`, 'qemu 7.2', await jobs(folder))
    printRows(`NBD: ${gibibytes} GiB, half full, by nbdcopy`, 'qemu-nbd 7.2', await copies(folder))
    printRows('NBD: 4 KiB, by qemu-img bench', 'qemu-nbd 7.2', await small(folder))
    printRows(`NBD: ${gibibytes} GiB, half full, of qemu-nbd`, 'qemu-img 7.2', await conversions(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** `base` is half full; `upper` is as full, over an empty one. */
function makeImages(folder: string): void {
  const raw = join(folder, 'base.raw')
  const bytes = randomFillSync(new Uint8Array(64 * mebibyte))
  execFileSync('qemu-img', ['create', '-q', '-f', 'raw', raw, `${size}`])
  for (let at = 0; at < filled; at += bytes.length) writeFileSync(join(folder, 'piece'), bytes, { flag: 'a' })
  execFileSync('dd', [`if=${join(folder, 'piece')}`, `of=${raw}`, 'bs=1M', 'conv=notrunc', 'status=none'])
  rmSync(join(folder, 'piece'))
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'base.qcow2')])
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'upper.qcow2')])
  create(folder, 'empty.qcow2')
  const below = ['-b', 'empty.qcow2', '-F', 'qcow2']
  execFileSync('qemu-img', ['rebase', '-u', ...below, 'upper.qcow2'], { cwd: folder })
}

function create(folder: string, name: string, ...below: string[]): void {
  rmSync(join(folder, name), { force: true })
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...below, name, `${size}`], { cwd: folder })
}

interface JobBench {
  readonly name: string
  readonly disk: string
  /** Images as they are to be before. */
  prepare?(folder: string): void
  readonly command: string
  readonly args: object
  readonly until: 'BLOCK_JOB_COMPLETED' | 'BLOCK_JOB_READY'
}

const jobBenches: readonly JobBench[] = [
  {
    name: 'block-stream',
    disk: 'top.qcow2',
    prepare: (folder) => create(folder, 'top.qcow2', '-b', 'base.qcow2', '-F', 'qcow2'),
    command: 'block-stream',
    args: { device: 'd0' },
    until: 'BLOCK_JOB_COMPLETED',
  },
  {
    name: 'block-commit of the topmost',
    disk: 'upper.qcow2',
    prepare: (folder) => create(folder, 'empty.qcow2'),
    command: 'block-commit',
    args: { device: 'd0' },
    until: 'BLOCK_JOB_READY',
  },
  {
    name: 'drive-mirror to qcow2',
    disk: 'base.qcow2',
    command: 'drive-mirror',
    args: { device: 'd0', sync: 'full', target: 'copy.qcow2', format: 'qcow2' },
    until: 'BLOCK_JOB_READY',
  },
  {
    name: 'drive-mirror to raw',
    disk: 'base.qcow2',
    command: 'drive-mirror',
    args: { device: 'd0', sync: 'full', target: 'copy.raw', format: 'raw' },
    until: 'BLOCK_JOB_READY',
  },
  {
    name: 'drive-backup to qcow2',
    disk: 'base.qcow2',
    command: 'drive-backup',
    args: { device: 'd0', sync: 'full', target: 'copy.qcow2', format: 'qcow2' },
    until: 'BLOCK_JOB_COMPLETED',
  },
]

async function jobs(folder: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const bench of jobBenches) {
    const seconds = await alternate(async (name) => {
      for (const copy of ['copy.qcow2', 'copy.raw']) rmSync(join(folder, copy), { force: true })
      bench.prepare?.(folder)
      return jobSeconds(folder, name, bench)
    })
    rows.push(rowOf(bench.name, seconds))
  }
  return rows
}

async function jobSeconds(folder: string, name: Name, { disk, command, args, until }: JobBench): Promise<number> {
  const [program, ...words] = machines[name]
  const script = words.map((word) => join(process.cwd(), word))
  const socket = join(folder, `${name}.sock`)
  const options = ['-display', 'none', '-nodefaults', '-S', '-qmp', `unix:${socket},server=on,wait=off`]
  const drive = ['-drive', `file=${disk},format=qcow2,id=d0,if=none`]
  const machine = spawn(program, [...script, ...options, ...drive], { cwd: folder, stdio: 'ignore' })
  await there(machine, socket)
  using client = await PlainClient.open(socket)
  const begin = performance.now()
  await client.execute(command, args)
  await client.until(({ event }) => event === until)
  const seconds = (performance.now() - begin) / 1000
  const exited = once(machine, 'exit')
  await client.execute('quit')
  await exited
  return seconds
}

async function copies(folder: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const connections of [1, 8]) {
    const flags = [`--connections=${connections}`]
    const down = await alternate((name) =>
      serving(folder, name, 'base.qcow2', ['-r'], (uri) => nbdcopySeconds(...flags, uri, 'null:')),
    )
    rows.push(rowOf(`down, ${connections} connection${connections > 1 ? 's' : ''}`, down))
    const up = await alternate((name) => {
      create(folder, 'target.qcow2')
      const raw = join(folder, 'base.raw')
      return serving(folder, name, 'target.qcow2', [], (uri) => nbdcopySeconds(...flags, '--flush', raw, uri))
    })
    rows.push(rowOf(`up, ${connections} connection${connections > 1 ? 's' : ''}`, up))
  }
  return rows
}

/** Many small requests, one after the other or many at once. */
async function small(folder: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const depth of depths) {
    for (const kind of ['read', 'write'] as const) {
      const seconds = await alternate((name) => {
        create(folder, 'target.qcow2')
        const image = kind === 'read' ? 'base.qcow2' : 'target.qcow2'
        return serving(folder, name, image, kind === 'read' ? ['-r'] : [], (uri) => {
          const words = ['bench', '-f', 'raw', '-c', `${smallRequests}`, '-d', `${depth}`, '-s', '4096']
          return secondsOf('qemu-img', [...words, ...(kind === 'write' ? ['-w'] : []), uri])
        })
      })
      const rate = (one: number): number => smallRequests / one
      rows.push({
        name: `${kind}, ${depth} at once`,
        unit: 'a second',
        ours: rate(seconds.vmon),
        peer: rate(seconds.qemu),
        target: atLeast(1),
      })
    }
  }
  return rows
}

/** Our client and QEMU's, of one server. */
async function conversions(folder: string): Promise<Row[]> {
  const tools = { vmon: [process.execPath, 'bin/vmon.js', 'img'], qemu: ['qemu-img'] } as const
  const convert = (name: Name, ...words: string[]): number => {
    const [program, ...first] = tools[name]
    return secondsOf(program, [...first, 'convert', '-f', 'raw', '-O', 'raw', ...words])
  }
  const from = await alternate((name) => {
    rmSync(join(folder, 'copy.raw'), { force: true })
    return serving(folder, 'qemu', 'base.qcow2', ['-r'], (uri) => convert(name, uri, join(folder, 'copy.raw')))
  })
  const to = await alternate((name) => {
    create(folder, 'target.qcow2')
    const raw = join(folder, 'base.raw')
    return serving(folder, 'qemu', 'target.qcow2', [], (uri) => convert(name, '-n', raw, uri))
  })
  return [rowOf('convert from a server', from), rowOf('convert to a server', to)]
}

/** Runs work while a server serves an image. */
async function serving(
  folder: string,
  name: Name,
  image: string,
  options: readonly string[],
  work: (uri: string) => number,
): Promise<number> {
  const [program, ...words] = servers[name]
  const socket = join(folder, `${name}.nbd`)
  rmSync(socket, { force: true })
  const script = words.map((word) => (word.includes('/') ? join(process.cwd(), word) : word))
  const line = [...script, '-f', 'qcow2', '-t', '-e', '8', '-k', socket, ...options, image]
  const server = spawn(program, line, { cwd: folder, stdio: 'ignore' })
  await there(server, socket)
  try {
    return work(`nbd+unix:///?socket=${socket}`)
  } finally {
    const exited = once(server, 'exit')
    server.kill()
    await exited
  }
}

function nbdcopySeconds(...words: string[]): number {
  return secondsOf('nbdcopy', words)
}

function secondsOf(program: string, words: readonly string[]): number {
  const begin = performance.now()
  execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  return (performance.now() - begin) / 1000
}

/** Waits until a server listens. @throws {Error} if it ends before */
async function there(process: ChildProcess, socket: string): Promise<void> {
  while (!existsSync(socket)) {
    if (process.exitCode !== null) throw new Error(`${process.spawnfile} has ended: ${process.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function alternate(measure: (name: Name) => Promise<number>): Promise<Record<Name, number>> {
  const values = { vmon: [] as number[], qemu: [] as number[] }
  for (let round = 0; round < rounds; round++) for (const name of names) values[name].push(await measure(name))
  return { vmon: median(values.vmon), qemu: median(values.qemu) }
}

function rowOf(name: string, seconds: Record<Name, number>): Row {
  const rate = (one: number): number => filled / mebibyte / one
  return { name, unit: 'MiB/s', ours: rate(seconds.vmon), peer: rate(seconds.qemu), target: atLeast(1) }
}
