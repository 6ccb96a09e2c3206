/**
 * The block layer side by side with qemu-img 7.2: requests of each kind on the same image, and whole commands. Runs
 * alternate, so that a machine whose speed drifts does not favour one of them. Ratios are of speeds: above 1, vmon is
 * faster.
 */
import { spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDisk, openDisk } from '../../src/block/disk.ts'
import { atLeast, atMost, median, printRows, type Row } from './report.ts'

const rounds = 5
const mebibyte = 2 ** 20
const gibibyte = 2 ** 30
/** What requests go round: small enough for the page cache. */
const imageSize = 256 * mebibyte
/** Of images for whole commands: a quarter is data. */
const copySizes = [64 * mebibyte, 256 * mebibyte, gibibyte, 8 * gibibyte]
const sparseSize = 100 * gibibyte
/** Clusters that are written in the sparse image, far from each other. */
const sparseClusters = 50_000

const programs = {
  vmon: [process.execPath, 'bin/vmon.js', 'img'],
  qemu: ['qemu-img'],
  node: [process.execPath, '-e', '0'],
} as const
type Program = keyof typeof programs

export async function benchBlock(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
  try {
    const images = makeImages(folder)
    const rows = [...requests(images, 'writeback'), ...requests(images, 'none')]
    printRows('Block: requests', 'qemu-img 7.2', rows)
    const title = 'Block: commands, without the bare start of Node'
    for (const size of copySizes) printRows(title, 'qemu-img 7.2', await copies(folder, size))
    printRows(title, 'qemu-img 7.2', await tables(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Images that are full of data, by format. */
function makeImages(folder: string): Record<'raw' | 'qcow2', string> {
  const images = { raw: join(folder, 'full.raw'), qcow2: join(folder, 'full.qcow2') }
  writeFileSync(images.raw, randomFillSync(new Uint8Array(imageSize)))
  run('qemu', 'convert', '-f', 'raw', '-O', 'qcow2', images.raw, images.qcow2)
  return images
}

/** Requests of each kind. */
function requests(images: Record<'raw' | 'qcow2', string>, cache: 'writeback' | 'none'): Row[] {
  const rows: Row[] = []
  for (const [format, image] of Object.entries(images)) {
    for (const writes of [false, true]) {
      for (const order of ['in a row', 'scattered']) {
        for (const size of [4096, 65536]) {
          for (const depth of [1, 16]) {
            const count = cache === 'none' ? 4000 : size === 4096 ? 40_000 : 10_000
            // A step that has no factor in common with the image goes everywhere before it comes round.
            const step = order === 'in a row' ? size : 7919 * size
            const words = ['-f', format, '-t', cache, '-c', count, '-d', depth, '-s', size, '-S', step]
            const seconds = alternate(['vmon', 'qemu'], (name) =>
              benchSeconds(name, [...words, ...(writes ? ['-w', '--pattern=1'] : []), image]),
            )
            const rate = (one: number): number => (size * count) / mebibyte / one
            rows.push({
              name: `${format} ${writes ? 'write' : 'read'} ${size / 1024} KiB ${order}, depth ${depth}, ${cache}`,
              unit: 'MiB/s',
              ours: rate(seconds.vmon),
              peer: rate(seconds.qemu),
              target: atLeast(1),
            })
          }
        }
      }
    }
  }
  return rows
}

/** What a run of `bench` says that it took: without the start of the program. */
function benchSeconds(name: Program, words: readonly (string | number)[]): number {
  return Number(/completed in ([\d.]+) seconds/.exec(run(name, 'bench', ...words.map(String)).output)?.[1])
}

/** Whole images, of a size. */
async function copies(folder: string, size: number): Promise<Row[]> {
  const [raw, qcow2, target] = ['copy.raw', 'copy.qcow2', 'target'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const piece = randomFillSync(new Uint8Array(Math.min(size / 16, 64 * mebibyte)))
  rmSync(raw, { force: true })
  await createDisk(raw, { format: 'raw', size })
  await using disk = await openDisk(raw, { format: 'raw' })
  for (let at = 0; at < size; at += piece.length * 4) await disk.write(at, piece)
  await disk.close()
  run('qemu', 'convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2)
  const text = size < gibibyte ? `${size / mebibyte} MiB` : `${size / gibibyte} GiB`
  const compressed: Call = ['convert qcow2 to compressed qcow2', 'convert', '-c', '-f', 'qcow2', '-O', 'qcow2']
  return commands([
    [`convert raw to qcow2, ${text}`, 'convert', '-f', 'raw', '-O', 'qcow2', raw, target],
    [`convert qcow2 to raw, ${text}`, 'convert', '-f', 'qcow2', '-O', 'raw', qcow2, target],
    ...(size === gibibyte ? [[...compressed, qcow2, target] as Call] : []),
    [`compare raw and qcow2, ${text}`, 'compare', '-f', 'raw', '-F', 'qcow2', raw, qcow2],
    [`check, ${text}`, 'check', '-q', qcow2],
    [`map, ${text}`, 'map', '--output=json', qcow2],
  ])
}

/** What is in the tables of large images; and the start of the program, with an image that has hardly any. */
async function tables(folder: string): Promise<Row[]> {
  const sparse = join(folder, 'sparse.qcow2')
  await makeSparse(sparse)
  const mapped = join(folder, 'mapped.qcow2')
  await createDisk(mapped, { format: 'qcow2', size: sparseSize, options: { preallocation: 'metadata' } })
  const small = join(folder, 'small.qcow2')
  await createDisk(small, { format: 'qcow2', size: mebibyte })
  const { seconds } = measure(['info', small])
  const start: Row = {
    name: 'info: the start of the program',
    unit: 'ms',
    ours: 1000 * (seconds.vmon - seconds.node),
    target: atMost(30, ' ms'),
  }
  const rows = commands([
    [`check 100 GiB, ${sparseClusters} clusters`, 'check', '-q', sparse],
    [`map 100 GiB, ${sparseClusters} clusters`, 'map', '--output=json', sparse],
    ['check 100 GiB, every cluster mapped', 'check', '-q', mapped],
    ['map 100 GiB, every cluster mapped', 'map', '--output=json', mapped],
  ])
  return [...rows, start]
}

type Call = readonly [name: string, ...words: string[]]

function commands(calls: readonly Call[]): Row[] {
  return calls.flatMap(([name, ...words]) => {
    const { seconds, peak } = measure(words)
    const ours = Math.max(0.001, seconds.vmon - seconds.node)
    return [
      { name, unit: '1/s', ours: 1 / ours, peer: 1 / seconds.qemu, target: atLeast(1) },
      { name: '  its memory', unit: 'MiB', ours: peak.vmon, peer: peak.qemu },
    ]
  })
}

/** Runs a command with both programs, and Node with nothing to do, in turns. @returns medians: seconds, and MiB */
function measure(words: readonly string[]): Record<'seconds' | 'peak', Record<Program, number>> {
  const peaks: Record<Program, number[]> = { vmon: [], qemu: [], node: [] }
  const seconds = alternate(['vmon', 'qemu', 'node'], (program) => {
    const { seconds: taken, peakMebibytes } = run(program, ...(program === 'node' ? [] : words))
    peaks[program].push(peakMebibytes)
    return taken
  })
  return { seconds, peak: { vmon: median(peaks.vmon), qemu: median(peaks.qemu), node: median(peaks.node) } }
}

/** An image with clusters here and there. */
async function makeSparse(path: string): Promise<void> {
  await createDisk(path, { format: 'qcow2', size: sparseSize })
  await using disk = await openDisk(path, { format: 'qcow2', options: { 'cache.no-flush': true } })
  const bytes = new Uint8Array(4096).fill(1)
  for (let index = 0; index < sparseClusters; index++) {
    await disk.write(((index * 7919) % (sparseSize / 65536)) * 65536, bytes)
  }
  if (statSync(path).size < sparseClusters * 65536) throw new Error('the sparse image has not become what it should')
}

/** Lets several do the same in turns. @returns the medians of what `measured` returns */
function alternate<Name extends Program>(
  names: readonly Name[],
  measured: (name: Name) => number,
): Record<Name, number> {
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < rounds; round++) for (const name of names) values[name].push(measured(name))
  return Object.fromEntries(names.map((name) => [name, median(values[name])])) as Record<Name, number>
}

interface Run {
  readonly output: string
  readonly seconds: number
  readonly peakMebibytes: number
}

/** Measures a program from outside: Node itself is told nothing of the memory of its children. */
const stopwatch = `
import resource, subprocess, sys, time
begin = time.perf_counter()
status = subprocess.call(sys.argv[1:])
print("\\n#", time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(status)`

function run(name: Program, ...words: string[]): Run {
  const argv = ['-c', stopwatch, ...programs[name], ...words]
  const { stdout, stderr, status } = spawnSync('python3', argv, { encoding: 'utf8', maxBuffer: 256 * mebibyte })
  const measured = /\n# ([\d.]+) (\d+)\n$/.exec(stdout)
  if (status !== 0 || measured === null) throw new Error(`${name} ${words.join(' ')}: ${stderr}`)
  return {
    output: stdout,
    seconds: Number(measured[1]),
    peakMebibytes: Number(measured[2]) / 1024,
  }
}
