/**
 * `npm run bench -- [--keep] [NAME ...]`: measures vmon and its peers side by side in one run and prints ratios.
 * Without names, every bench runs. With `--keep`, the tables become those of docs/performance.md (`npm run docs`).
 */
import { keepTables } from './figures.ts'

const benches: Record<string, () => Promise<void>> = {
  qmp: async () => (await import('./qmp.ts')).benchQmp(),
  board: async () => (await import('./board.ts')).benchBoard(),
  block: async () => (await import('./block.ts')).benchBlock(),
  jobs: async () => (await import('./jobs.ts')).benchJobs(),
  virtio: async () => (await import('./virtio-disk.ts')).benchVirtioDisk(),
  forks: async () => (await import('./forks.ts')).benchForks(),
  migration: async () => (await import('./migration.ts')).benchMigration(),
  fleet: async () => (await import('./fleet.ts')).benchFleet(),
  network: async () => (await import('./network.ts')).benchNetwork(),
  vnc: async () => (await import('./vnc.ts')).benchVnc(),
  transport: async () => void (await import('./transport.ts')),
}

const words = process.argv.slice(2)
const names = words.filter((word) => word !== '--keep')
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  const bench = benches[name]
  if (bench === undefined) {
    console.error(`There is no bench '${name}'; there are: ${Object.keys(benches).join(', ')}`)
    process.exitCode = 1
  } else {
    await bench()
  }
}

if (words.includes('--keep')) keepTables((await import('./report.ts')).printed)
