import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type BlockNode, NodeGraph } from '../../index.ts'
import { FakeClock } from '../../throttling/fake-clock.ts'
import { ThrottleGroups } from '../../throttling/throttle-groups.ts'
import { type ThrottleLimits, throttleKinds } from '../../throttling/throttle-limits.ts'

const kib = 1024

function totalOf(rate: number): ThrottleLimits {
  const none = { rate: 0, burst: 0, burstSeconds: 1 }
  const kinds = throttleKinds.map((kind) => [kind, kind === 'bps-total' ? { ...none, rate } : none])
  return { ...Object.fromEntries(kinds), iopsSize: 0 }
}

/** A graph whose nodes can be in the group `g`: 10 KiB a second, of which 1 KiB may come at once. */
function graphWithGroup() {
  const clock = new FakeClock()
  const groups = new ThrottleGroups(clock)
  groups.addObject('g', totalOf(10 * kib))
  const graph = new NodeGraph({ throttleGroups: groups })
  after(() => graph.close())
  return { clock, groups, graph }
}

async function limited(graph: NodeGraph, group = 'g') {
  const options = { driver: 'throttle', 'throttle-group': group, 'file.driver': 'null-co', 'file.size': 1024 * kib }
  const node = await graph.open({ options })
  const user = await node.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  return { node, user }
}

/** Asks for so many KiB, one after the other; tells how many have come. */
function reader(node: BlockNode, signal?: AbortSignal) {
  const seen = { kib: 0, ended: Promise.resolve() }
  seen.ended = (async () => {
    for (let count = 0; count < 100; count++) {
      await node.read(0, kib, signal === undefined ? {} : { signal })
      seen.kib++
    }
  })()
  return seen
}

test('what goes through a node keeps to the limits of its group, whoever its users are', async () => {
  const { clock, graph } = graphWithGroup()
  const { node } = await limited(graph)
  const reads = reader(node)
  await clock.run(0)
  const atOnce = reads.kib
  await clock.run(4000)
  assert.equal(reads.kib - atOnce, 40)
  await clock.run(10_000)
  await reads.ended
})

test('nodes in a group, and drives in it, share what it allows', async () => {
  const { clock, graph, groups } = graphWithGroup()
  const one = reader((await limited(graph)).node)
  const other = reader((await limited(graph)).node)
  await clock.run(1000)
  const before = [one.kib, other.kib]
  await clock.run(4000)
  assert.deepEqual([one.kib - before[0]!, other.kib - before[1]!], [20, 20])
  const drive = { id: 'd', throttleGroup: undefined, setThrottle: () => undefined }
  groups.limit(drive, totalOf(20 * kib), 'g')
  await clock.run(0)
  const then = one.kib
  await clock.run(2000)
  assert.equal(one.kib - then, 20)
  await clock.run(10_000)
})

test('whoever waits for requests to end does not wait for limits: a drained section, and the end of the node', async () => {
  const { clock, graph } = graphWithGroup()
  const { node, user } = await limited(graph)
  const late = [node.read(0, 512 * kib), node.read(0, 512 * kib)]
  await clock.run(0)
  await node.drained(async () => undefined)
  await Promise.all(late)
  const last = node.read(0, kib)
  await clock.run(0)
  await user.detach()
  await last
  assert.equal(node.state, 'closed')
})

test('a request that is given up leaves the queue, and those behind it do not wait for it', async () => {
  const { clock, graph } = graphWithGroup()
  const { node } = await limited(graph)
  await node.read(0, 2 * kib)
  const giveUp = new AbortController()
  const large = node.read(0, 1024 * kib, { signal: giveUp.signal })
  const small = node.read(0, kib)
  giveUp.abort(new Error('given up'))
  await assert.rejects(large, { message: 'given up' })
  await clock.run(200)
  await small
})

test('a group of drives alone is there as long as something is in it; one that is an object stays', async () => {
  const { graph, groups } = graphWithGroup()
  const drive = {
    id: 'd',
    throttleGroup: undefined,
    setThrottle: (member?: { leave(): void }) => void (joined = member),
  }
  let joined: { leave(): void } | undefined
  groups.limit(drive, totalOf(kib), 'h')
  const { user } = await limited(graph, 'h')
  joined?.leave()
  assert.equal(groups.find('h')?.name, 'h')
  await user.detach()
  assert.equal(groups.find('h'), undefined)
  assert.equal(groups.find('g')?.empty, true)
})

test('a node without a group, or with one that is not there, is refused', async () => {
  const { graph } = graphWithGroup()
  const open = (group: object) => graph.open({ options: { driver: 'throttle', 'file.driver': 'null-co', ...group } })
  await assert.rejects(open({}), { message: 'Please specify a throttle group' })
  await assert.rejects(open({ 'throttle-group': 'h' }), { message: "Throttle group 'h' does not exist" })
  await assert.rejects(open({ 'throttle-group': 'g', bogus: 'x' }), {
    message: "Block format 'throttle' does not support the option 'bogus'",
  })
  assert.deepEqual([...graph.nodes], [])
})
