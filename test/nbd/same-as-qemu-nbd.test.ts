import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import {
  clientFlags,
  clientOption,
  commandFlags,
  commands,
  infoRequest,
  metaContextRequest,
  options,
  type ReplyPart,
  type Request,
} from '../../src/nbd/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { type RunningServer, scratch, startServer } from './nbd-programs.ts'
import { type OwnServer, ownServer } from './own-server.ts'
import { RawNbdClient } from './raw-nbd-client.ts'

/** How many conversations each property draws: `VMON_NBD_CASES=10000` for many. */
const runs = Number(process.env['VMON_NBD_CASES'] ?? 80)
const size = 256 * 1024
/** A client that waits for a server that never answers would wait for ever. */
const timeout = 240_000

describe('beside qemu-nbd', { skip: missingProgram('qemu-nbd'), timeout }, () => {
  let files: Awaited<ReturnType<typeof scratch>>
  let theirs: RunningServer
  let ours: OwnServer

  before(async () => {
    files = await scratch()
    const image = Buffer.alloc(size)
    image.fill('some data ', 0, 4096)
    image.fill('more data ', 65536, 131072)
    await writeFile(files.path('ours.raw'), image)
    await copyFile(files.path('ours.raw'), files.path('theirs.raw'))
    const words = ['-f', 'raw', '-x', 'disk', '-D', 'a disk', '-A', '-t', '-e', '0', '--discard=unmap']
    theirs = await startServer(
      ['qemu-nbd', ...words, '-k', files.path('theirs.sock'), files.path('theirs.raw')],
      files.path('theirs.sock'),
    )
    ours = await ownServer(
      files.path('ours.sock'),
      { driver: 'raw', 'file.driver': 'file', 'file.filename': files.path('ours.raw'), discard: 'unmap' },
      { writable: true, description: 'a disk', allocationDepth: true, maxConnections: 0 },
    )
  })

  after(async () => {
    await ours?.[Symbol.asyncDispose]()
    await theirs?.[Symbol.asyncDispose]()
    await files?.[Symbol.asyncDispose]()
  })

  it('any options get the same answers, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(haggling, async (bytes) => {
        const [one, other] = await Promise.all([haggle('ours.sock', bytes), haggle('theirs.sock', bytes)])
        assert.equal(one.toString('hex'), other.toString('hex'))
      }),
      { numRuns: runs },
    )
  })

  it('any requests that change nothing get the same replies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(looking, { maxLength: 12 }), fc.boolean(), async (asked, structured) => {
        const [one, other] = await converse(asked, structured)
        assert.deepEqual(one, other)
      }),
      { numRuns: runs },
    )
  })

  it('any requests get the same replies, and leave the same bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 12 }), fc.boolean(), async (asked, structured) => {
        const [one, other] = await converse(asked, structured)
        assert.deepEqual(one!.map(withoutHoles), other!.map(withoutHoles))
      }),
      { numRuns: runs },
    )
    assert.ok((await readFile(files.path('ours.raw'))).equals(await readFile(files.path('theirs.raw'))))
  })

  async function haggle(socket: string, bytes: Uint8Array): Promise<Buffer> {
    await using client = await RawNbdClient.connect(files.path(socket))
    client.send(bytes)
    return await client.readToEnd()
  }

  function converse(asked: readonly Asked[], structured: boolean): Promise<ReplyPart[][][]> {
    return Promise.all(['ours.sock', 'theirs.sock'].map((socket) => replies(socket, asked, structured)))
  }

  async function replies(socket: string, asked: readonly Asked[], structured: boolean): Promise<ReplyPart[][]> {
    await using client = await RawNbdClient.connect(files.path(socket))
    await client.choose('disk', { structured, queries: ['base:allocation', 'qemu:allocation-depth'] })
    const replies: ReplyPart[][] = []
    for (const { request, payload } of asked) {
      const parts = await client.ask(request, payload, structured)
      replies.push(parts)
      if (parts.at(-1)?.kind === 'broken') break
    }
    return replies
  }
})

/** A reply to a read as its bytes: which of them are a hole depends on when the system has written what. */
function withoutHoles(parts: readonly ReplyPart[]): unknown {
  if (!parts.every(({ kind }) => kind === 'data' || kind === 'hole')) return parts
  const bytes = parts.map((part) => {
    if (part.kind === 'data') return part.bytes
    return part.kind === 'hole' ? Buffer.alloc(part.length) : Buffer.alloc(0)
  })
  return Buffer.concat(bytes).toString('latin1')
}

const name = fc.constantFrom('disk', '', 'other', 'd\0sk', 'x'.repeat(90), 'ü', 'x'.repeat(4096), 'x'.repeat(4097))
const query = fc.constantFrom(
  'base:allocation',
  'base:',
  'qemu:',
  'qemu:allocation-depth',
  'qemu:dirty-bitmap:',
  'qemu:dirty-bitmap:b',
  'other:',
  '',
  'x'.repeat(5000),
)
const payload = fc.oneof(
  fc.constant(new Uint8Array(0)),
  fc.uint8Array({ maxLength: 24 }),
  fc.record({ name, wanted: fc.array(fc.nat(4), { maxLength: 5 }) }).map(infoRequest),
  fc.record({ name, queries: fc.array(query, { maxLength: 4 }) }).map(metaContextRequest),
)
const option = fc.constantFrom(...Object.values(options), options.info, options.listMetaContext, 4, 11, 0xffffffff)
const oneOption = fc
  .tuple(option, payload)
  // Who has agreed on an export is asked for requests, which is the other property.
  .filter(([option]) => option !== options.go && option !== options.exportName)
  .map(([option, payload]) => clientOption(option, payload))
const wrongChoice = fc.constantFrom(
  clientOption(options.go, infoRequest({ name: 'none', wanted: [] })),
  clientOption(options.exportName, Buffer.from('none')),
  clientOption(options.exportName, Buffer.alloc(5000)),
)

/** Ends with what makes a server close the connection. */
const haggling = fc
  .tuple(
    fc.constantFrom(3, 3, 3, 1, 2, 0, 4, 0x80000003),
    fc.array(fc.oneof({ arbitrary: oneOption, weight: 9 }, { arbitrary: wrongChoice, weight: 1 }), { maxLength: 6 }),
    fc.constantFrom(
      clientOption(options.abort),
      Buffer.alloc(16),
      clientOption(options.exportName, Buffer.from('none')),
    ),
  )
  .map(([flags, sent, last]) => Buffer.concat([clientFlags(flags), ...sent, last]))

interface Asked {
  readonly request: Request
  readonly payload?: Uint8Array
}

const offset = fc.oneof(
  fc.nat(size / 512).map((sector) => sector * 512),
  fc.nat(size),
  fc.constantFrom(size, size + 1, 2 ** 40, 2n ** 64n - 1n),
)
const length = fc.oneof(fc.constantFrom(0, 512, 4096, 65536), fc.nat(70_000))
const { read, write, flush, trim, cache, writeZeroes, blockStatus } = commands
const flags = fc.oneof(
  { arbitrary: fc.constant(0), weight: 4 },
  { arbitrary: fc.constantFrom(...Object.values(commandFlags), 64), weight: 2 },
)
const cookie = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const looking: fc.Arbitrary<Asked> = fc
  .record({ command: fc.constantFrom(read, read, flush, cache, blockStatus, 8, 99), flags, cookie, offset, length })
  .map((request) => ({ request }))
const request: fc.Arbitrary<Asked> = fc
  .record({ command: fc.constantFrom(read, write, flush, trim, writeZeroes), flags, cookie, offset, length })
  .map((request) =>
    request.command === write ? { request, payload: Buffer.alloc(request.length, `${request.offset}`) } : { request },
  )
