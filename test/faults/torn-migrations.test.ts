/**
 * A machine is on its way, and something goes wrong, at every kind of place in the stream: afterwards one side can run, and
 * only one, and its disk is sound. VMON_TORN says how often for each fault; without it, only
 * those that decide who has the machine go wrong once.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectQmp, type QmpClient } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { Server } from '../oracle/server.ts'
import { type Fault, type Place, TornWay } from './torn-way.ts'

const wished = process.env['VMON_TORN']
const count = Number(wished ?? 1)
const vmon = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))

/** The kinds of places, with how many sections of each there are at least; the last two say who has the machine. */
const kinds: readonly (readonly [section: string, sections: number])[] = [
  ['run', 1],
  ['loaded', 1],
  ['ram', 2],
  ['disk', 3],
  ['end', 1],
  ['devices', 1],
  ['machine', 1],
  ['run-state', 1],
  ['disks', 1],
  ['head', 1],
]

const parts = [0.5, 0, 0.999, 0.1, 0.9]

function placeOf(round: number): Place {
  const [section, sections] = kinds[round % kinds.length]!
  const turn = Math.floor(round / kinds.length)
  return { section, number: turn % sections, part: parts[turn % parts.length]! }
}

class Side {
  readonly server: Server
  readonly qmp: QmpClient
  readonly image: string

  constructor(server: Server, qmp: QmpClient, image: string) {
    this.server = server
    this.qmp = qmp
    this.image = image
  }

  static async start(t: TestContext, image: string, words: readonly string[] = []): Promise<Side> {
    const command = [
      ...[process.execPath, vmon, '-display', 'none', '-nodefaults', '-m', '16'],
      ...['-qmp', 'unix:qmp,server=on,wait=off', '-drive', `file=${image},format=qcow2,if=ide,id=disk`, ...words],
    ]
    const server = await Server.start(command)
    t.after(() => server[Symbol.asyncDispose]())
    await server.listening('qmp')
    return new Side(server, await connectQmp(`unix:${server.path('qmp')}`), image)
  }

  get alive(): boolean {
    return !this.server.gone.aborted
  }

  kill(): void {
    void this.server.stop('SIGKILL')
  }

  /** Undefined of one that is no more. */
  async runState(): Promise<string | undefined> {
    const answer = await this.qmp.execute('query-status').catch(() => undefined)
    if (answer === undefined) await this.server.exited // there is no other reason
    return answer?.status
  }

  /** Whether it runs, or can be told to. */
  async canRun(): Promise<boolean> {
    if (!this.alive) return false
    if ((await this.runState()) === 'running') return true
    return this.qmp.execute('cont').then(
      () => true,
      () => false,
    )
  }
}

/** Waits until a migration has ended for both. */
async function settled(source: Side, target: Side): Promise<void> {
  for (;;) {
    const report = await source.qmp.execute('query-migrate').catch(() => undefined)
    const sourceDone = !source.alive || ['completed', 'failed'].includes(report?.status ?? '')
    const state = await target.runState()
    if (sourceDone && (state === undefined || state === 'running')) return
    await pause(10)
  }
}

interface Attempt {
  readonly place: Place
  readonly fault: (source: Side, target: Side) => Fault
  /** Whether the disk's contents go with the machine: into another image. */
  readonly sends: boolean
}

interface Outcome {
  readonly happened: boolean
  readonly source: boolean
  readonly target: boolean
}

/** Sends a machine, and lets something happen on the way. */
async function attempt(t: TestContext, { place, fault, sends }: Attempt): Promise<Outcome> {
  const home = await Server.start(['sleep', '1000000'])
  t.after(() => home[Symbol.asyncDispose]())
  const image = home.path('here.qcow2')
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '8M'])
  const there = sends ? home.path('there.qcow2') : image
  if (sends) await copyFile(image, there)
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 11 0 2M', '-c', 'write -P 12 3M 2M', image])
  const [way, socket] = [home.path('way'), home.path('socket')]
  const [source, target] = await Promise.all([
    Side.start(t, image),
    Side.start(t, there, ['-incoming', `unix:${socket}`]),
  ])
  const torn = TornWay.open(way, socket, { place, fault: fault(source, target) })
  t.after(() => torn[Symbol.asyncDispose]())
  await source.qmp.execute('migrate', { uri: `unix:${way}`, blk: sends })
  await settled(source, target)
  const runs = [await source.runState(), await target.runState()].filter((state) => state === 'running')
  assert.ok(runs.length <= 1, 'both run')
  const atTarget = await target.canRun()
  // With an image of its own, a source that was left can be told to go on: that is up to its user.
  const atSource = sends && atTarget ? (await source.runState()) === 'running' : await source.canRun()
  const outcome = { happened: torn.happened, source: atSource, target: atTarget }
  await Promise.all([source, target].map(({ server }) => server.stop()))
  const own = outcome.target ? there : image
  assert.match(`${execFileSync('qemu-img', ['check', own])}`, /No errors/)
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'read -P 11 0 2M', '-c', 'read -P 12 3M 2M', own])
  return outcome
}

interface Kind {
  readonly title: string
  readonly fault: Attempt['fault']
  /** Who may be able to run: one of these. */
  readonly expected: readonly ('source' | 'target' | 'nobody')[]
  /** Tried even where nobody has asked for more. */
  readonly always?: true
}

const faults: readonly Kind[] = [
  { title: 'is cut', fault: () => 'cut', expected: ['source'], always: true },
  { title: 'has a bit that is another', fault: () => 'flip', expected: ['source'] },
  { title: 'stands still for a while', fault: () => 'delay', expected: ['target'] },
  { title: 'is slow', fault: () => 'slow', expected: ['target'] },
  {
    title: 'ends at a target that is killed',
    fault: (_, target) => () => target.kill(),
    expected: ['source', 'target'],
  },
  {
    title: 'comes from a source that is killed',
    fault: (source) => () => source.kill(),
    expected: ['nobody', 'target'],
    always: true,
  },
]

const skip = missingProgram('qemu-img')

describe('a machine whose way', { skip, timeout: 300_000 + count * 360_000 }, () => {
  for (const [index, { title, fault, expected, always }] of faults.entries()) {
    if (wished === undefined && always !== true) continue
    it(`${title} can run on one side, and its disk is sound (${count} times)`, async (t) => {
      for (let round = 0; round < count; round++) {
        // In one round, each fault is at another place.
        const place = placeOf(round + (count < kinds.length ? index : 0))
        const sends = place.section.startsWith('disk') || round % 2 === 0
        const { happened, source, target } = await attempt(t, { place, fault, sends })
        const where = `${JSON.stringify(place)} ${sends ? 'with' : 'without'} disks`
        assert.ok(happened, `nothing happened: ${where}`)
        assert.ok(!(source && target), `both can run: ${where}`)
        const who = source ? 'source' : target ? 'target' : 'nobody'
        assert.ok(expected.includes(who), `${who} can run: ${where}`)
      }
    })
  }
})
