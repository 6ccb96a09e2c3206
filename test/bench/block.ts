/**
 * How fast the block layer reads and writes a raw image file in the host's page cache, beside `qemu-img bench` on the
 * same file in the same run. Prints a table of MiB/s.
 *
 *     node dist/test/bench/block.js
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectPcDrives, DriveSet, driveFromOptions, type GuestMedium } from '../../src/block/index.ts'
import { missingProgram } from '../oracle/peers.ts'

interface Load {
  readonly write: boolean
  readonly size: number
  readonly depth: number
  readonly count: number
}

const imageSize = 256 * 2 ** 20
const loads: readonly Load[] = [false, true].flatMap((write) => [
  { write, size: 2 ** 20, depth: 1, count: 1024 },
  { write, size: 2 ** 20, depth: 16, count: 1024 },
  { write, size: 2 ** 16, depth: 1, count: 8192 },
  { write, size: 2 ** 16, depth: 16, count: 8192 },
  { write, size: 4096, depth: 1, count: 40000 },
  { write, size: 4096, depth: 16, count: 40000 },
])

/** Requests go round the image in steps of their size, as those of `qemu-img bench` do. */
async function ours(medium: GuestMedium, { write, size, depth, count }: Load): Promise<number> {
  const bytes = new Uint8Array(size).fill(0x5a)
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const offset = (next++ * size) % imageSize
      if (write) await medium.write(offset, bytes)
      else await medium.read(offset, size)
    }
  }
  const begin = performance.now()
  await Promise.all(Array.from({ length: depth }, worker))
  return (performance.now() - begin) / 1000
}

function theirs(image: string, { write, size, depth, count }: Load): number {
  const options = ['-f', 'raw', '-t', 'writeback', '-c', count, '-d', depth, '-s', size, ...(write ? ['-w'] : [])]
  const output = execFileSync('qemu-img', ['bench', ...options.map(String), image], { encoding: 'utf8' })
  return Number(/completed in ([\d.]+) seconds/.exec(output)?.[1])
}

const folder = mkdtempSync(join(tmpdir(), 'vmon-bench-'))
try {
  const image = join(folder, 'disk.raw')
  writeFileSync(image, new Uint8Array(imageSize).fill(1))
  const drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ file: image, format: 'raw', 'file.locking': 'off' }))
  await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
  const noPeer = missingProgram('qemu-img')
  if (noPeer !== false) console.log(`No comparison: ${noPeer}`)
  console.log('request           depth   vmon MiB/s   qemu-img MiB/s   ratio')
  for (const load of loads) {
    const total = (load.size * load.count) / 2 ** 20
    await ours(drive.medium!, { ...load, count: load.count / 8 })
    const rate = total / (await ours(drive.medium!, load))
    const peer = noPeer === false ? total / theirs(image, load) : Number.NaN
    const what = `${load.write ? 'write' : 'read '} ${load.size / 1024} KiB`
    console.log(
      `${what.padEnd(18)}${String(load.depth).padStart(5)}${rate.toFixed(0).padStart(13)}` +
        `${peer.toFixed(0).padStart(17)}${(rate / peer).toFixed(2).padStart(8)}`,
    )
  }
  await drives.close()
} finally {
  rmSync(folder, { recursive: true })
}
