/**
 * Checks the floors of the house (docs/ARCHITECTURE.md): imports go strictly downwards, rooms on one floor do not
 * know each other, only a room's `index.ts` is imported from outside, and `node:` modules start at floor 2.
 * Prints each breach and exits with 1 if there is one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const floors: Record<string, number> = {
  async: 0,
  hash: 0,
  lookup: 0,
  bytes: 0,
  errno: 0,
  log: 0,
  timers: 1,
  libc: 1,
  assembler: 1,
  json: 1,
  qapi: 1,
  keyval: 1,
  rfb: 1,
  nbd: 1,
  spice: 1,
  descriptors: 2,
  files: 2,
  installed: 2,
  transport: 2,
  block: 3,
  chardev: 3,
  net: 3,
  'file-sharing': 3,
  display: 3,
  disassembler: 3,
  input: 3,
  qom: 3,
  board: 3,
  devices: 4,
  objects: 4,
  client: 4,
  runstate: 4,
  mcp: 3,
  'block-io': 4,
  'nbd-server': 4,
  vnc: 4,
  'spice-server': 4,
  'web-console': 4,
  migration: 4,
  dump: 4,
  qtest: 4,
  commands: 5,
  hmp: 6,
  monitor: 6,
  machine: 7,
  embedding: 8,
  'disk-images': 8,
  testing: 9,
  cli: 9,
  'index.ts': 10,
}
const pureBelow = 2
/** Doors to the system that several rooms of the floors above share. */
const systemRooms = new Set(['libc', 'timers'])
/** `client` is browser-safe although it lives above floor 2. */
const pureRooms = new Set(['client'])
/** The one upward edge: types only. */
const typeOnlyUpward = new Set(['client -> commands'])
const forbiddenRooms = new Set(['util', 'utils', 'common', 'helpers', 'shared', 'misc'])

const importPattern =
  /^\s*(?:import|export)\s+(type\s)?(?:[^'"]*?from\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm

const breaches: string[] = []

function roomOf(path: string): string {
  return relative('src', path).split('/')[0] ?? ''
}

function checkImport(file: string, target: string, typeOnly: boolean): void {
  const from = roomOf(file)
  const fromFloor = floors[from]!
  const isTest = file.endsWith('.test.ts')
  if (target.startsWith('node:')) {
    if (!isTest && ((fromFloor < pureBelow && !systemRooms.has(from)) || pureRooms.has(from)))
      breaches.push(`${file}: a pure room may not import ${target}`)
    return
  }
  if (!target.startsWith('.')) return
  const to = relative('.', resolve(dirname(file), target))
  if (!to.startsWith('src/')) {
    if (!isTest) breaches.push(`${file}: imports ${target}, which is outside src/`)
    return
  }
  const room = roomOf(to)
  if (room === from) return
  const floor = floors[room]
  if (floor === undefined) {
    breaches.push(`${file}: imports ${target}, whose room has no floor`)
    return
  }
  if (floor >= fromFloor && !(typeOnly && typeOnlyUpward.has(`${from} -> ${room}`))) {
    breaches.push(`${file}: ${from} (floor ${fromFloor}) may not import ${room} (floor ${floor})`)
  }
  if (to !== `src/${room}/index.ts` && to !== `src/${room}`)
    breaches.push(`${file}: imports ${to}; only src/${room}/index.ts may be imported from outside`)
}

for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name)
  if (entry.isDirectory()) {
    if (forbiddenRooms.has(entry.name)) breaches.push(`${path}: say what is in it; no ${entry.name}/`)
    continue
  }
  if (!entry.name.endsWith('.ts')) continue
  if (floors[roomOf(path)] === undefined) {
    breaches.push(`${path}: room ${roomOf(path)} has no floor in tools/floors.ts`)
    continue
  }
  for (const match of readFileSync(path, 'utf8').matchAll(importPattern)) {
    checkImport(path, match[2] ?? match[3] ?? '', match[1] !== undefined)
  }
}

for (const breach of breaches) console.error(breach)
console.log(breaches.length === 0 ? 'floors: ok' : `floors: ${breaches.length} breaches`)
process.exitCode = breaches.length === 0 ? 0 : 1
