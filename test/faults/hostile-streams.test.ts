/**
 * Streams of migration that somebody has changed: bytes of them, or what is in their sections, with checksums that are
 * right again; VMON_STREAMS says how many. Each is refused in words, or loaded; never is there another failure.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { ArrivingNode, BlockError, DriveSet, driveFromOptions } from '../../src/block/index.ts'
import { BoardError, startMachine } from '../../src/index.ts'
import { BitmapsThatCome } from '../../src/migration/bitmaps-that-come.ts'
import { takeMachine } from '../../src/migration/incoming.ts'
import { type MigratedDisks, MigrationError } from '../../src/migration/index.ts'
import { type ReadBytes, type Section, SectionReader, SectionWriter } from '../../src/migration/stream/framing.ts'
import { NetSet, TravellingConnections } from '../../src/net/index.ts'
import { packConnection } from '../../src/net/user/saved-connection.ts'
import { seed } from '../drawn-cases.ts'

const count = Number(process.env['VMON_STREAMS'] ?? 600)

/** Where, as a part of the whole, and what is done there. */
const change = fc.record({
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  what: fc.constantFrom('flip', 'cut', 'insert', 'remove', 'repeat', 'number'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function changed(original: Buffer, { where, what, bytes }: Change): Buffer {
  const at = Math.floor(where * original.length)
  const [before, behind] = [original.subarray(0, at), original.subarray(at)]
  switch (what) {
    case 'cut':
      return Buffer.from(before)
    case 'insert':
      return Buffer.concat([before, bytes, behind])
    case 'remove':
      return Buffer.concat([before, behind.subarray(bytes.length)])
    case 'repeat':
      return Buffer.concat([before, behind.subarray(0, 64), behind])
    default: {
      const copy = Buffer.from(original)
      if (what === 'number') copy.fill(bytes[0]! < 128 ? 0xff : 0, at, Math.min(at + 4, copy.length))
      else for (const [index, byte] of bytes.entries()) if (at + index < copy.length) copy[at + index]! ^= byte
      return copy
    }
  }
}

function readerOf(stream: Buffer): ReadBytes {
  let at = 0
  return async (length) => stream.subarray(at, (at += length))
}

async function sectionsOf(stream: Buffer): Promise<Section[]> {
  const reader = new SectionReader(readerOf(stream))
  await reader.begin()
  const sections: Section[] = []
  for (let next = await reader.next(); next !== undefined; next = await reader.next()) sections.push(next)
  return sections
}

async function streamOf(sections: readonly Section[]): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const writer = new SectionWriter(async (...more) => void pieces.push(...more))
  await writer.begin()
  for (const section of sections) await writer.section(section)
  await writer.end()
  return Buffer.concat(pieces)
}

/** The same sections with one of them changed, left out, said twice or at another place. */
function rearranged(sections: readonly Section[], index: number, how: number, by: Change): Section[] {
  const all = [...sections]
  const at = index % all.length
  const one = all[at]!
  if (how === 0) all.splice(at, 1)
  else if (how === 1) all.splice(at, 0, one)
  else if (how === 2) all.push(...all.splice(at, 1))
  else all[at] = { ...one, contents: changed(Buffer.from(one.contents), by) }
  return all
}

/** A connection of the guest's with a device in network n0. */
function connectionSection(): Section {
  const saved = packConnection({
    ends: { guest: 0x0a00020f, guestPort: 5000, peer: 0x0a000209, peerPort: 7 },
    tcp: {
      ...{ state: 'established', initialSequence: 7, theirInitial: 8, theirScale: 7, scales: true, sacks: true },
      sender: {
        ...{
          acknowledged: 1,
          highest: 3,
          bufferEnd: 5,
          ends: false,
          window: 60_000,
          windowSaidAt: 1,
          windowSaidFor: 1,
        },
        mss: 1460,
      },
      receiver: { next: 9, edge: 32_777, ended: false },
    },
    ...{ guestEnded: false, toGuest: Buffer.from('some'), toPeer: Buffer.from('more') },
  })
  const contents = Buffer.concat([Buffer.of(0, 0, 2), Buffer.from('n0'), saved])
  return { name: 'connection', version: 1, contents, optional: true }
}

test(`${count} streams that were changed are refused in words, or loaded`, { timeout: 3_600_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-streams-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'stream')
  const image = join(folder, 'disk')
  await writeFile(image, Buffer.alloc(3 << 16, 'disk'))
  const options = { accel: 'none', memory: 2, paused: true, devices: ['virtio-rng-pci'] } as const
  const drives = [{ file: image, format: 'raw', if: 'none', id: 'disk' }]
  await using source = await startMachine({ ...options, drives })
  await source.machine.board.ready
  for (const page of [3, 100, 200])
    await source.machine.board.writePhysical(page * 4096, Buffer.alloc(4096, `page ${page}`))
  await source.qmp.execute('block-dirty-bitmap-add', { node: 'disk', name: 'bits' })
  await source.qmp.execute('human-monitor-command', { 'command-line': 'qemu-io disk "write 64k 4k"' })
  const capabilities = [{ capability: 'dirty-bitmaps', state: true }] as const
  await source.qmp.execute('migrate-set-capabilities', { capabilities: [...capabilities] })
  await source.qmp.execute('migrate', { uri: `file:${path}`, blk: true })
  while ((await source.qmp.execute('query-migrate')).status !== 'completed') await new Promise(setImmediate)
  const whole = await sectionsOf(await readFile(path))
  const sections = [...whole.slice(0, -2), connectionSection(), ...whole.slice(-2)]
  const stream = await streamOf(sections)
  await using target = await startMachine(options)
  const { board } = target.machine
  await board.ready
  let put = 0
  const disks: MigratedDisks = {
    handOver: async () => undefined,
    takeBack: async () => undefined,
    leave: async () => [],
    arrive: async (described) =>
      described.map(({ byteLength }) => ({
        async put({ offset, length, bytes }) {
          assert.ok(length > 0 && offset >= 0 && offset + length <= byteLength && (bytes?.length ?? length) === length)
          put++
        },
        flush: async () => undefined,
        [Symbol.asyncDispose]: async () => undefined,
      })),
  }
  const networks = new NetSet({
    openDevice: async () => ({ connection: () => new PassThrough(), close: () => undefined }),
  })
  t.after(() => networks.close())
  await networks.add({ type: 'user', id: 'n0', guestfwd: [{ str: 'tcp:10.0.2.9:7-null' }] })
  const { tcp } = networks.users()[0]!.user
  const connections = new TravellingConnections(networks)
  const copy = join(folder, 'copy')
  await writeFile(copy, Buffer.alloc(3 << 16))
  await using there = new DriveSet()
  const { node } = await there.add(driveFromOptions({ id: 'disk', if: 'none', file: copy, format: 'raw' }))
  const taken = async (bytes: Buffer): Promise<string> => {
    using bitmaps = new BitmapsThatCome(
      { arrive: (place) => new ArrivingNode(there, place) },
      { mapping: () => undefined, complain: () => undefined },
    )
    return await takeMachine(
      {
        ...{ answers: false, read: readerOf(bytes), write: async () => undefined },
        ...{ finish: async () => undefined, destroy: async () => undefined },
      },
      { board, disks, uuid: undefined, bitmaps, connections },
    )
  }
  let [loaded, refused, came, joined] = [0, 0, 0, 0]
  await fc.assert(
    fc.asyncProperty(fc.boolean(), change, fc.nat(20), fc.nat(8), async (framed, by, index, how) => {
      const bytes = framed ? await streamOf(rearranged(sections, index, how, by)) : changed(stream, by)
      await taken(bytes).then(
        () => loaded++,
        (error: unknown) => {
          const kinds = [MigrationError, BoardError, BlockError]
          assert.ok(
            kinds.some((kind) => error instanceof kind),
            String((error as Error).stack),
          )
          refused++
        },
      )
      if ((loaded + refused) % 64 === 0) await new Promise(setImmediate) // what waits for a turn keeps its memory until then
      for (const { connection } of tcp.list()) {
        joined++
        connection.abort()
      }
      for (const bitmap of [...node!.bitmaps]) {
        came++
        node!.bitmaps.drop(bitmap)
      }
    }),
    { numRuns: count, seed },
  )
  t.diagnostic(`${loaded} loaded, ${refused} refused`)
  assert.ok(loaded > 0 && refused > 0 && put > 0 && came > 0 && joined > 0)
  assert.equal(await taken(stream), 'prelaunch')
  assert.deepEqual(await board.readPhysical(100 * 4096, 8), Uint8Array.from(Buffer.from('page 100')))
})
