import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BlockNode, type ChildRole, type DriverLimits, MemoryDriver, NodeGraph } from '../index.ts'

const writing = { description: 'a writer', access: { uses: ['read', 'write', 'resize'], shares: [] } } as const

/** Memory that refuses what does not fit its limits, and counts. */
class PickyDriver extends MemoryDriver {
  readonly limits: Required<DriverLimits>
  requests = 0

  constructor(bytes: Uint8Array, limits: Required<DriverLimits>) {
    super(bytes)
    this.limits = limits
  }

  override async readInto(offset: number, target: Uint8Array): Promise<void> {
    this.#check(offset, target.byteLength)
    await super.readInto(offset, target)
  }

  override async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#check(offset, bytes.byteLength)
    await Promise.resolve()
    await super.write(offset, bytes)
  }

  #check(offset: number, length: number): void {
    this.requests++
    const { alignment, maxTransfer } = this.limits
    assert.ok(offset % alignment === 0 && length % alignment === 0 && length <= maxTransfer, `${offset}+${length}`)
  }
}

/** Shows what another node holds. */
class LinkDriver extends MemoryDriver {
  override readonly children = new Map<ChildRole, BlockNode>()

  constructor(backing: BlockNode) {
    super(new Uint8Array(512))
    this.children.set('backing', backing)
  }

  override readInto(offset: number, target: Uint8Array): Promise<void> {
    return this.children.get('backing')!.readInto(offset, target)
  }

  setChild(role: ChildRole, child: BlockNode | undefined): void {
    if (child === undefined) this.children.delete(role)
    else this.children.set(role, child)
  }
}

test('requests of any offset and length are served by a driver that wants them aligned and short', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(512, 4096),
      fc.constantFrom(4096, 12288, 2 ** 20),
      fc.array(fc.record({ at: fc.nat(65535), length: fc.nat(20000), fill: fc.nat(255) }), { maxLength: 12 }),
      async (alignment, maxTransfer, writes) => {
        await using graph = new NodeGraph()
        const driver = new PickyDriver(new Uint8Array(65536), { alignment, maxTransfer })
        const node = graph.add(driver)
        const writer = await node.attach(writing)
        const model = new Uint8Array(65536)
        for (const { at, length, fill } of writes) {
          const bytes = new Uint8Array(Math.min(length, 65536 - at)).fill(fill)
          await node.write(at, bytes)
          model.set(bytes, at)
          assert.deepEqual(new Uint8Array(await node.read(at >> 1, 777)), model.slice(at >> 1, (at >> 1) + 777))
        }
        assert.deepEqual(driver.bytes, model)
        await writer.detach()
      },
    ),
    { numRuns: 40 },
  ))

test('unaligned writes at the same time, to one block, are all there', async () => {
  await using graph = new NodeGraph()
  const driver = new PickyDriver(new Uint8Array(4096), { alignment: 4096, maxTransfer: 4096 })
  const node = graph.add(driver)
  const writer = await node.attach(writing)
  await Promise.all(
    Array.from({ length: 64 }, (_, index) => node.write(index * 64, new Uint8Array(64).fill(index + 1))),
  )
  for (let index = 0; index < 4096; index++) assert.equal(driver.bytes[index], (index >> 6) + 1)
  await writer.detach()
})

test('while a node is drained nothing starts, and a request that waits can be given up', async () => {
  await using graph = new NodeGraph()
  const driver = new PickyDriver(new Uint8Array(4096), { alignment: 1, maxTransfer: 4096 })
  const node = graph.add(driver)
  const early = node.read(0, 512)
  const abort = new AbortController()
  let waiting: Promise<unknown>[] = []
  await node.drained(async () => {
    assert.equal(driver.requests, 1)
    await early
    waiting = [node.read(0, 1), node.read(1, 1, { signal: abort.signal }), node.status(0, 512)]
    abort.abort(new Error('never mind'))
    await assert.rejects(waiting[1]!, { message: 'never mind' })
    await node.drained(async () => assert.equal(driver.requests, 1))
    assert.equal(driver.requests, 1)
  })
  await waiting[0]
  await waiting[2]
  assert.equal(driver.requests, 2)
})

test('a child changes under running requests, the old one closes, and who excludes the new user keeps the old child', async () => {
  await using graph = new NodeGraph()
  const old = graph.add(new MemoryDriver(new Uint8Array(512).fill(1)), { name: 'old' })
  const fresh = graph.add(new MemoryDriver(new Uint8Array(512).fill(2)), { name: 'fresh' })
  const guarded = graph.add(new MemoryDriver(new Uint8Array(512).fill(3)), { name: 'guarded' })
  const guard = await guarded.attach({ description: 'a guard', access: { uses: [], shares: [] } })
  const node = graph.add(new LinkDriver(old))
  const reader = await node.attach({ description: 'a reader', access: { uses: ['read'], shares: ['read'] } })
  await assert.rejects(node.replaceChild('backing', guarded), { kind: 'busy' })
  assert.equal(node.child('backing'), old)
  const reads = Array.from({ length: 8 }, () => node.read(0, 1))
  const replaced = node.replaceChild('backing', fresh)
  for (const bytes of await Promise.all(reads)) assert.equal(bytes[0], 1)
  await replaced
  assert.equal((await node.read(0, 1))[0], 2)
  assert.equal(old.state, 'closed')
  assert.equal(graph.find('old'), undefined)
  await guard.detach()
  await node.replaceChild('backing', undefined)
  assert.equal(fresh.state, 'closed')
  await reader.detach()
})

test('zeroes are detected and written in the cheap way; a discard is dropped unless it was asked for', async () => {
  await using graph = new NodeGraph()
  const calls: unknown[] = []
  class Driver extends MemoryDriver {
    async writeZeroes(offset: number, length: number, options?: { unmap?: boolean }): Promise<void> {
      calls.push(['zeroes', offset, length, options?.unmap ?? false])
    }
    async discard(offset: number, length: number): Promise<void> {
      calls.push(['discard', offset, length])
    }
  }
  const plain = graph.add(new Driver(new Uint8Array(4096)))
  const unmapping = graph.add(new Driver(new Uint8Array(4096)), { detectZeroes: 'unmap', discard: true })
  for (const node of [plain, unmapping]) {
    const writer = await node.attach(writing)
    await node.write(1024, new Uint8Array(512))
    await node.write(0, new Uint8Array(1000).fill(1, 999))
    await node.discard(512, 1024)
    await node.writeZeroes(0, 512)
    await writer.detach()
  }
  assert.deepEqual(calls, [
    ['zeroes', 0, 512, false],
    ['zeroes', 1024, 512, true],
    ['discard', 512, 1024],
    ['zeroes', 0, 512, false],
  ])
})
