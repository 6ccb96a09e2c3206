/** The screen by VNC beside QEMU's: how soon pictures come, and what ten viewers of text that scrolls cost. */
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { Encoding } from '../../src/rfb/index.ts'
import { Guest, qemu, vmon } from '../interop/guest.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { Crowd } from '../vnc/crowd.ts'
import { ReadingViewer } from '../vnc/reading-viewer.ts'
import { computedAddress, setMode, showsKey, TextGuestMode, textGuestFloppy } from '../vnc/text-guest.ts'
import { atLeast, atMost, median, printRows, type Row } from './report.ts'

const seconds = Number(process.env['VMON_BENCH_SECONDS'] ?? 60)
const viewers = 10
const connections = 30
const keys = 60

interface Phase {
  /** Bytes a second, of each viewer. */
  readonly bytes: number
  /** Pictures a second, of each viewer. */
  readonly pictures: number
  /** Of a core, in percent: what the process needs more than without viewers. */
  readonly percent: number
}

interface Figures {
  /** Milliseconds. */
  readonly first: number
  readonly key: number
  readonly keySlow: number
  readonly scroll: Phase
  readonly scrollZrle: Phase
  readonly idle: Phase
  readonly crowd: CrowdFigures
}

/** Of twenty viewers, of whom one reads slowly and one not at all. */
interface CrowdFigures {
  /** Milliseconds until all that read have seen a key: the median, and of the slowest but one in twenty. */
  readonly seen: number
  readonly seenSlow: number
  /** What the process has more afterwards, in MiB. */
  readonly memory: number
  /** What the guest computes meanwhile of what it does without them, in percent. */
  readonly work: number
}

export async function benchVnc(): Promise<void> {
  const missing = missingProgram('qemu-system-i386') || missingFile('/usr/share/seabios/vgabios-stdvga.bin', 'seabios')
  if (missing) {
    console.log(`\nThe screen by VNC: not measured (${missing})`)
    return
  }
  const ours = await measure(vmon)
  const theirs = await measure(qemu)
  const row = (name: string, unit: string, figure: (of: Figures) => number, target?: Row['target']): Row => ({
    ...{ name, unit, ours: figure(ours), peer: figure(theirs) },
    ...(target && { target }),
  })
  const asGood = atMost(1)
  printRows(`The screen by VNC, ${viewers} viewers`, 'qemu 7.2', [
    row('first picture after connect', 'ms', ({ first }) => first, asGood),
    row('key to pixel, median', 'ms', ({ key }) => key, asGood),
    row('key to pixel, 95 of 100', 'ms', ({ keySlow }) => keySlow, asGood),
    row('scrolling text, Tight: each viewer', 'KiB/s', ({ scroll }) => scroll.bytes / 1024, asGood),
    row('scrolling text, Tight: pictures', '/s', ({ scroll }) => scroll.pictures),
    row('scrolling text, Tight: CPU of all viewers', '%', ({ scroll }) => scroll.percent, asGood),
    row('scrolling text, Tight: CPU of a picture', 'ms', ({ scroll }) => ofPicture(scroll)),
    row('scrolling text, ZRLE: each viewer', 'KiB/s', ({ scrollZrle }) => scrollZrle.bytes / 1024, asGood),
    row('scrolling text, ZRLE: pictures', '/s', ({ scrollZrle }) => scrollZrle.pictures),
    row('scrolling text, ZRLE: CPU of all viewers', '%', ({ scrollZrle }) => scrollZrle.percent, asGood),
    row('scrolling text, ZRLE: CPU of a picture', 'ms', ({ scrollZrle }) => ofPicture(scrollZrle)),
    row('idle screen: each viewer', 'bytes/s', ({ idle }) => idle.bytes),
    row('idle screen: CPU of all viewers', '%', ({ idle }) => idle.percent, asGood),
  ])
  printRows('The screen by VNC, 20 viewers: one reads 50 KB/s, one nothing', 'qemu 7.2', [
    row('key to pixel at the other 18, median', 'ms', ({ crowd }) => crowd.seen, atMost(100, ' ms')),
    row('key to pixel at the other 18, 95 of 100', 'ms', ({ crowd }) => crowd.seenSlow),
    row('memory that is kept for them', 'MiB', ({ crowd }) => crowd.memory, atMost(64, ' MiB')),
    row('what the guest computes beside them', '%', ({ crowd }) => crowd.work, atLeast(95, ' %')),
  ])
}

/** CPU time for a picture that all viewers get, in milliseconds. */
function ofPicture({ percent, pictures }: Phase): number {
  return (percent * 10) / pictures
}

async function measure(command: readonly string[]): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-bench-'))
  try {
    const floppy = join(folder, 'guest.img')
    const path = join(folder, 'vnc')
    await writeFile(floppy, textGuestFloppy())
    const boot = ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy}`, '-boot', 'a']
    await using guest = await Guest.start(command, [...boot, '-vnc', `unix:${path}`], AbortSignal.timeout(3_600_000))
    await guest.execute('cont')
    await guest.receive(Buffer.from('.'))
    await setMode(guest, TextGuestMode.scroll)
    await pass(5000) // so that the screen is full, and what compiles code has compiled it
    const scrolling = await loadOf(guest, seconds)
    const scroll = await phase(guest, path, scrolling, Encoding.tight)
    const scrollZrle = await phase(guest, path, scrolling, Encoding.zrle)
    await setMode(guest, TextGuestMode.idle)
    await pass(1000)
    const [key, keySlow] = await keyToPixel(path)
    const idle = await phase(guest, path, await loadOf(guest, seconds), Encoding.tight)
    const first = await firstPicture(path)
    return { first, key, keySlow, scroll, scrollZrle, idle, crowd: await crowdFigures(guest, path) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function crowdFigures(guest: Guest, path: string): Promise<CrowdFigures> {
  await setMode(guest, TextGuestMode.compute)
  await pass(3000)
  const alone = await computeRate(guest)
  const before = residentMiB(guest.pid)
  using crowd = await Crowd.gather(path)
  const beside = await computeRate(guest)
  await setMode(guest, TextGuestMode.idle)
  await pass(1000)
  const times: number[] = []
  for (let index = 0; index < keys; index++) {
    await pass(100 + ((index * 37) % 200))
    times.push(await crowd.press())
  }
  return {
    seen: median(times),
    seenSlow: slowest(times),
    memory: residentMiB(guest.pid) - before,
    work: (beside / alone) * 100,
  }
}

/** How often a guest that computes has been round, in a second. */
async function computeRate(guest: Guest): Promise<number> {
  const count = async (): Promise<number> => (await guest.memory(computedAddress, 4)).readUInt32LE()
  const [from, begin] = [await count(), performance.now()]
  await pass(seconds * 1000)
  return (((await count()) - from) >>> 0) / (performance.now() - begin)
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

async function phase(guest: Guest, path: string, without: number, encoding: number): Promise<Phase> {
  const all: ReadingViewer[] = []
  try {
    // One after the other: QEMU does not take many at once.
    for (let count = 0; count < viewers; count++) all.push(await ReadingViewer.open({ path, encoding }))
    await pass(1000)
    const sum = (figure: (viewer: ReadingViewer) => number): number =>
      all.reduce((total, viewer) => total + figure(viewer), 0)
    const [bytes, updates] = [sum((viewer) => viewer.bytes), sum((viewer) => viewer.updates)]
    const percent = (await loadOf(guest, seconds)) - without
    return {
      bytes: (sum((viewer) => viewer.bytes) - bytes) / viewers / seconds,
      pictures: (sum((viewer) => viewer.updates) - updates) / viewers / seconds,
      percent,
    }
  } finally {
    for (const viewer of all) viewer.close()
  }
}

/** How much of a core the process needs, in percent. */
async function loadOf(guest: Guest, during: number): Promise<number> {
  const before = cpuSeconds(guest.pid)
  const begin = performance.now()
  await pass(during * 1000)
  return ((cpuSeconds(guest.pid) - before) / ((performance.now() - begin) / 1000)) * 100
}

/** Of all threads: the kernel counts them in nanoseconds, and a process only in ticks of its clock. */
function cpuSeconds(pid: number): number {
  const folder = `/proc/${pid}/task`
  const used = readdirSync(folder).map((thread) => readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0])
  return used.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9
}

/** Milliseconds from a key to the cell that it changes: the median, and of the slowest but one in twenty. */
async function keyToPixel(path: string): Promise<[number, number]> {
  let changed: () => void = () => undefined
  const viewer = await ReadingViewer.open({
    path,
    seen: (area) => showsKey(area) && changed(),
  })
  const times: number[] = []
  for (let index = 0; index < keys; index++) {
    await pass(300 + ((index * 37) % 200))
    const arrived = new Promise<void>((resolve) => {
      changed = resolve
    })
    const begin = performance.now()
    viewer.key(0x61)
    await arrived
    times.push(performance.now() - begin)
  }
  viewer.close()
  return [median(times), slowest(times)]
}

/** Of 95 in 100. */
function slowest(times: readonly number[]): number {
  return [...times].sort((one, other) => one - other)[Math.floor(times.length * 0.95)]!
}

/** Milliseconds from a connection to its first whole picture, the median of many. */
async function firstPicture(path: string): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < connections; index++) {
    const begin = performance.now()
    const viewer = await ReadingViewer.open({ path })
    times.push(performance.now() - begin)
    viewer.close()
    await pass(100)
  }
  return median(times)
}
