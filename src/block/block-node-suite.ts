import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BlockError, type BlockErrorKind } from './block-error.ts'
import type { BlockNode } from './graph/node.ts'

/** A node under test, and its surroundings. */
export interface NodeFixture extends AsyncDisposable {
  readonly node: BlockNode
  /** What the storage holds, read past the node; undefined for storage that one cannot look into. */
  stored?(): Promise<Uint8Array>
}

export interface NodeSuiteOptions {
  /** Makes a node whose image begins with these bytes (a multiple of 512). */
  make(bytes: Uint8Array, options?: { readonly readOnly?: boolean }): Promise<NodeFixture>
  /** Whether the image keeps what is written. Default: true. */
  readonly keeps?: boolean
  /** Whether the image can change its size. Default: true. */
  readonly resizable?: boolean
  /** How many random sequences are tried. Default: 60. */
  readonly sequences?: number
}

const sector = 512

/** What every node does, whatever its driver: each implementation passes this suite. */
export function blockNodeSuite(
  name: string,
  { make, keeps = true, resizable = true, sequences = 60 }: NodeSuiteOptions,
): void {
  const pattern = (length: number): Uint8Array =>
    keeps ? Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff) : new Uint8Array(length)

  async function using(
    bytes: Uint8Array,
    run: (node: BlockNode, fixture: NodeFixture) => Promise<void>,
    options?: { readOnly?: boolean },
  ): Promise<void> {
    const fixture = await make(bytes, options)
    try {
      await run(fixture.node, fixture)
    } finally {
      await fixture[Symbol.asyncDispose]()
    }
  }

  test(`${name}: reads give the bytes of the image, at any offset and length`, () =>
    using(pattern(8 * sector), async (node) => {
      assert.equal(node.length, 8 * sector)
      for (const [offset, length] of [
        [0, 8 * sector],
        [0, 0],
        [1, 1],
        [511, 2],
        [700, 1999],
        [8 * sector, 0],
      ] as const) {
        const bytes = await node.read(offset, length)
        assert.deepEqual(new Uint8Array(bytes), pattern(8 * sector).slice(offset, offset + length))
      }
    }))

  test(`${name}: what is read has memory of its own`, () =>
    using(pattern(2 * sector), async (node) => {
      const bytes = await node.read(0, sector)
      assert.equal(bytes.buffer.byteLength, sector)
      bytes.fill(1)
      assert.deepEqual(new Uint8Array(await node.read(0, sector)), pattern(2 * sector).slice(0, sector))
    }))

  test(`${name}: requests outside of the image are refused and change nothing`, () =>
    using(pattern(2 * sector), async (node) => {
      for (const [offset, length] of [
        [-1, 1],
        [2 * sector, 1],
        [sector, sector + 1],
        [2 ** 53, 1],
        [Number.NaN, 1],
        [0.5, 1],
      ] as const) {
        await fails('range', node.read(offset, length))
        await fails('range', node.readInto(offset, new Uint8Array(length)))
        await fails('range', node.write(offset, new Uint8Array(length)))
      }
      await fails('range', node.read(0, -1))
      assert.deepEqual(new Uint8Array(await node.read(0, 2 * sector)), pattern(2 * sector))
    }))

  test(`${name}: a read-only node refuses whatever would change it`, () =>
    using(
      pattern(2 * sector),
      async (node) => {
        await fails('read-only', node.write(0, new Uint8Array(1)))
        await fails('read-only', node.truncate(sector))
        await fails('read-only', node.attach({ description: 'a writer', access: { uses: ['write'], shares: [] } }))
        await node.flush()
        assert.deepEqual(new Uint8Array(await node.read(0, 2 * sector)), pattern(2 * sector))
      },
      { readOnly: true },
    ))

  test(`${name}: only who has said so writes or resizes`, () =>
    using(pattern(2 * sector), async (node) => {
      const reader = await node.attach({ description: 'a reader', access: { uses: ['read'], shares: ['read'] } })
      await fails('permission', node.write(0, new Uint8Array(1)))
      await reader.update({ uses: ['read', 'write'], shares: ['read'] })
      await node.write(0, pattern(1))
      await fails('permission', node.truncate(sector))
      await reader.update({ uses: ['read', 'write', 'resize'], shares: ['read'] })
      for (const length of [-512, 1.5, Number.NaN, 2 ** 63]) await fails('invalid', node.truncate(length))
      await reader.update({ uses: ['read'], shares: ['read'] })
      await fails('permission', node.write(0, new Uint8Array(1)))
      assert.deepEqual(new Uint8Array(await node.read(0, 2 * sector)), pattern(2 * sector))
      await reader.detach()
    }))

  test(`${name}: a signal that has fired keeps a request from starting`, () =>
    using(pattern(2 * sector), async (node) => {
      const reason = new Error('never mind')
      const options = { signal: AbortSignal.abort(reason) }
      for (const request of [
        node.readInto(0, new Uint8Array(1), options),
        node.write(0, new Uint8Array(1).fill(99), options),
        node.flush(options),
      ]) {
        await assert.rejects(request, (error) => error === reason)
      }
      assert.deepEqual(new Uint8Array(await node.read(0, 2 * sector)), pattern(2 * sector))
    }))

  test(`${name}: closing waits for requests under way, and then every request says so`, () =>
    using(pattern(64 * sector), async (node) => {
      const reads = Array.from({ length: 16 }, (_, index) => node.read(index * sector, sector))
      const closing = node.close()
      const later = fails(
        'closed',
        Promise.resolve().then(() => node.read(0, 1)),
      )
      await Promise.all([closing, node.close(), later])
      for (const [index, bytes] of (await Promise.all(reads)).entries()) {
        assert.deepEqual(new Uint8Array(bytes), pattern(64 * sector).slice(index * sector, (index + 1) * sector))
      }
      assert.equal(node.state, 'closed')
      await fails('closed', node.flush())
      await fails('closed', node.write(0, new Uint8Array(1)))
      await fails('closed', node.attach({ description: 'a latecomer' }))
    }))

  test(`${name}: a node closes with its last user, and cannot be closed under one`, () =>
    using(pattern(2 * sector), async (node) => {
      const first = await node.attach({ description: 'first' })
      const second = await node.attach({ description: 'second' })
      await fails('busy', node.close())
      await first.detach()
      await first.detach()
      assert.equal(node.state, 'open')
      await second.detach()
      assert.equal(node.state, 'closed')
    }))

  test(`${name}: users that exclude each other cannot both be`, () =>
    using(pattern(2 * sector), async (node) => {
      const alone = { uses: ['read'], shares: ['read'] } as const
      const first = await node.attach({ description: "block device 'a'", access: alone })
      await assert.rejects(
        node.attach({
          description: "block device 'b'",
          access: { uses: ['write'], shares: ['read', 'write', 'resize'] },
        }),
        (error) =>
          error instanceof BlockError &&
          error.kind === 'busy' &&
          error.message ===
            `Permission conflict on node '${node.name}': permissions 'write' are both required by block device 'b' ` +
              `(uses node '${node.name}' as 'root' child) and unshared by block device 'a' (uses node '${node.name}' as 'root' child).`,
      )
      const other = await node.attach({ description: "block device 'b'", access: alone })
      await fails('busy', other.update({ uses: ['write'], shares: [] }))
      assert.deepEqual(other.access, alone)
      await first.detach()
      await other.update({ uses: ['read', 'write'], shares: ['read'] })
      await other.detach()
    }))

  test(`${name}: a hundred requests at once do not disturb each other`, () =>
    using(new Uint8Array(200 * sector), async (node) => {
      const writer = await node.attach({
        description: 'a writer',
        access: { uses: ['read', 'write'], shares: ['read'] },
      })
      const block = (index: number): Uint8Array => new Uint8Array(sector).fill(index + 1)
      const writes = Array.from({ length: 100 }, (_, index) => node.write(2 * index * sector, block(index)))
      await Promise.all([...writes, node.flush(), node.read(0, 200 * sector)])
      const reads = await Promise.all(Array.from({ length: 200 }, (_, index) => node.read(index * sector, sector)))
      for (const [index, bytes] of reads.entries()) {
        const expected = keeps && index % 2 === 0 ? block(index / 2) : new Uint8Array(sector)
        assert.deepEqual(new Uint8Array(bytes), expected)
      }
      await writer.detach()
    }))

  if (!keeps) return

  test(`${name}: any sequence of requests does what it would do to plain bytes, and reaches the storage`, async () => {
    const length = 16 * sector
    const offset = fc.nat(length - 1)
    const size = fc.nat(3 * sector)
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), offset, size, fill: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ kind: fc.constant('read' as const), offset, size }),
      fc.record({ kind: fc.constant('flush' as const) }),
      ...(resizable ? [fc.record({ kind: fc.constant('resize' as const), sectors: fc.nat(32) })] : []),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
        using(pattern(length), async (node, fixture) => {
          const writer = await node.attach({
            description: 'a writer',
            access: { uses: ['read', 'write', 'resize'], shares: [] },
          })
          let model = pattern(length)
          for (const step of steps) {
            if (step.kind === 'flush') await node.flush()
            else if (step.kind === 'resize') {
              await node.truncate(step.sectors * sector)
              const resized = new Uint8Array(step.sectors * sector)
              resized.set(model.subarray(0, resized.length))
              model = resized
            } else {
              const end = Math.min(step.offset + step.size, model.length)
              const begin = Math.min(step.offset, end)
              if (step.kind === 'write') {
                await node.write(begin, new Uint8Array(end - begin).fill(step.fill))
                model.fill(step.fill, begin, end)
              } else {
                assert.deepEqual(new Uint8Array(await node.read(begin, end - begin)), model.slice(begin, end))
              }
            }
            assert.equal(node.length, model.length)
          }
          assert.deepEqual(new Uint8Array(await node.read(0, model.length)), model)
          await node.flush()
          if (fixture.stored !== undefined) assert.deepEqual(new Uint8Array(await fixture.stored()), model)
          await writer.detach()
        }),
      ),
      { numRuns: sequences },
    )
  })
}

async function fails(kind: BlockErrorKind, request: Promise<unknown>): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof BlockError, String(error))
    assert.equal(error.kind, kind, error.message)
    return true
  })
}
