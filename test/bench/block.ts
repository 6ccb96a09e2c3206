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
import { atLeast, median, printRows, type Row } from './report.ts'

const rounds = 5
const mebibyte = 2 ** 20
const gibibyte = 2 ** 30
/** What requests go round: small enough for the page cache. */
const imageSize = 256 * mebibyte
const copySize = gibibyte
const sparseSize = 100 * gibibyte
/** Clusters that are written in the sparse image, far from each other. */
const sparseClusters = 50_000

const programs = {
  vmon: [process.execPath, 'bin/vmon.js', 'img'],
  qemu: ['qemu-img'],
} as const
const names = ['vmon', 'qemu'] as const

export async function benchBlock(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
  try {
    const images = makeImages(folder)
    const rows = [...requests(images, 'writeback'), ...requests(images, 'none')]
    printRows('Block: requests', 'qemu-img 7.2', rows)
    printRows('Block: commands, with the start of the program', 'qemu-img 7.2', await commands(folder))
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
            const seconds = alternate((name) =>
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
function benchSeconds(name: keyof typeof programs, words: readonly (string | number)[]): number {
  return Number(/completed in ([\d.]+) seconds/.exec(run(name, 'bench', ...words.map(String)).output)?.[1])
}

async function commands(folder: string): Promise<Row[]> {
  const raw = join(folder, 'copy.raw')
  const qcow2 = join(folder, 'copy.qcow2')
  const target = join(folder, 'target')
  const bytes = randomFillSync(new Uint8Array(copySize / 4))
  // A quarter of the image is data, in pieces of 64 MiB.
  await createDisk(raw, { format: 'raw', size: copySize })
  await using disk = await openDisk(raw, { format: 'raw' })
  for (let at = 0; at < 4; at++) {
    await disk.write((at * copySize) / 4, bytes.subarray((at * bytes.length) / 4, ((at + 1) * bytes.length) / 4))
  }
  await disk.close()
  run('qemu', 'convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2)
  const sparse = join(folder, 'sparse.qcow2')
  await makeSparse(sparse)
  const mapped = join(folder, 'mapped.qcow2')
  await createDisk(mapped, { format: 'qcow2', size: sparseSize, options: { preallocation: 'metadata' } })
  const calls: readonly (readonly [string, ...string[]])[] = [
    ['convert raw to qcow2', 'convert', '-f', 'raw', '-O', 'qcow2', raw, target],
    ['convert qcow2 to raw', 'convert', '-f', 'qcow2', '-O', 'raw', qcow2, target],
    ['convert qcow2 to compressed qcow2', 'convert', '-c', '-f', 'qcow2', '-O', 'qcow2', qcow2, target],
    ['compare raw and qcow2', 'compare', '-f', 'raw', '-F', 'qcow2', raw, qcow2],
    [`check 100 GiB, ${sparseClusters} clusters`, 'check', '-q', sparse],
    [`map 100 GiB, ${sparseClusters} clusters`, 'map', '--output=json', sparse],
    ['check 100 GiB, every cluster mapped', 'check', '-q', mapped],
    ['map 100 GiB, every cluster mapped', 'map', '--output=json', mapped],
    ['info: the start of the program', 'info', qcow2],
  ]
  return calls.flatMap(([name, ...words]) => {
    const peak = { vmon: [] as number[], qemu: [] as number[] }
    const seconds = alternate((program) => {
      const { seconds: taken, peakMebibytes } = run(program, ...words)
      peak[program].push(peakMebibytes)
      return taken
    })
    return [
      { name, unit: '1/s', ours: 1 / seconds.vmon, peer: 1 / seconds.qemu, target: atLeast(1) },
      { name: '  its memory', unit: 'MiB', ours: median(peak.vmon), peer: median(peak.qemu) },
    ]
  })
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

/** Lets both do the same in turns. @returns the medians of what `measure` returns */
function alternate(measure: (name: keyof typeof programs) => number): Record<keyof typeof programs, number> {
  const values = { vmon: [] as number[], qemu: [] as number[] }
  for (let round = 0; round < rounds; round++) for (const name of names) values[name].push(measure(name))
  return { vmon: median(values.vmon), qemu: median(values.qemu) }
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

function run(name: keyof typeof programs, ...words: string[]): Run {
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
