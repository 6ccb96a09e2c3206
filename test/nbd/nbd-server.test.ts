import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { clientFlags, clientOption, commands, options, type Request, requestHeader } from '../../src/nbd/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { run, scratch } from './nbd-programs.ts'
import { ownServer } from './own-server.ts'
import { RawNbdClient } from './raw-nbd-client.ts'

const megabyte = 2 ** 20

function request(command: number, words: Partial<Request> = {}): Request {
  return { command, flags: 0, cookie: 1n, offset: 0, length: 512, ...words }
}

describe('a server of exports', { timeout: 300_000 }, () => {
  it('bounds what a client costs that asks ten thousand times and reads nothing, and serves others meanwhile', async () => {
    await using files = await scratch()
    await using server = await ownServer(files.path('s'), { driver: 'null-co', size: 64 * megabyte })
    await using deaf = await RawNbdClient.connect(files.path('s'))
    await deaf.choose('disk', { structured: false })
    deaf.deafen()
    const before = process.memoryUsage().rss
    const large = requestHeader(request(commands.read, { length: megabyte }))
    deaf.send(Buffer.concat(Array.from({ length: 10_000 }, () => large)))
    await using other = await RawNbdClient.connect(files.path('s'))
    await other.choose('disk')
    for (let asked = 0; asked < 200; asked++) {
      assert.equal((await other.ask(request(commands.read, { length: 4096 }))).at(-1)?.kind, 'data')
    }
    const grown = process.memoryUsage().rss - before
    assert.ok(grown < 200 * megabyte, `${Math.round(grown / megabyte)} MiB`)
    assert.deepEqual(server.complaints, [])
  })

  it('answers what a client has asked before it ended its side', async () => {
    await using files = await scratch()
    await using server = await ownServer(files.path('s'), {
      driver: 'null-co',
      size: megabyte,
      'latency-ns': 1_000_000,
    })
    await using client = await RawNbdClient.connect(files.path('s'))
    await client.choose('disk', { structured: false })
    for (let cookie = 0; cookie < 100; cookie++) {
      client.send(requestHeader(request(commands.read, { cookie: BigInt(cookie) })))
    }
    client.end()
    assert.equal((await client.readToEnd()).byteLength, 100 * (16 + 512))
    assert.deepEqual(server.complaints, [])
  })

  it('says why it sends a client away', async () => {
    await using files = await scratch()
    await using server = await ownServer(files.path('s'), { driver: 'null-co', size: megabyte }, { writable: true })
    const sent: readonly (readonly [chosen: boolean, bytes: Uint8Array])[] = [
      [false, Buffer.alloc(0)],
      [false, clientFlags(3)],
      [false, Buffer.concat([clientFlags(3), clientOption(options.list).subarray(0, 10)])],
      [false, clientFlags(8)],
      [true, Buffer.alloc(28, 1)],
      [true, requestHeader(request(commands.write, { length: 33554433 }))],
      [true, requestHeader(request(commands.write)).subarray(0, 20)],
    ]
    for (const [chosen, bytes] of sent) {
      await using client = await RawNbdClient.connect(files.path('s'))
      if (chosen) await client.choose('disk')
      client.send(bytes)
      client.end()
      await client.readToEnd()
    }
    assert.deepEqual(server.complaints, [
      'option negotiation failed: Failed to read flags: Unexpected end-of-file before all data were read',
      'option negotiation failed: Failed to read opts magic: Unexpected end-of-file before all data were read',
      'option negotiation failed: Failed to read opts magic: Unexpected end-of-file before all data were read',
      'option negotiation failed: Unknown client flags 0x8 received',
      'Disconnect client, due to: invalid magic (got 0x1010101)',
      'Disconnect client, due to: Request handling failed in intermediate state',
      'Disconnect client, due to: Unexpected end-of-file before all bytes were read',
    ])
  })

  it('lets no more clients in than it is to, and the next one when one has gone', async () => {
    await using files = await scratch()
    await using _server = await ownServer(files.path('s'), { driver: 'null-co' }, { maxConnections: 1 })
    const first = await RawNbdClient.connect(files.path('s'))
    let second: RawNbdClient | undefined
    const coming = RawNbdClient.connect(files.path('s')).then((client) => {
      second = client
    })
    await first.choose('disk')
    assert.equal((await first.ask(request(commands.read))).at(-1)?.kind, 'data')
    assert.equal(second, undefined)
    await first[Symbol.asyncDispose]()
    await coming
    await second![Symbol.asyncDispose]()
  })

  it('keeps an export that is used, and ends it by force', async () => {
    await using files = await scratch()
    await using server = await ownServer(files.path('s'), { driver: 'null-co' })
    await using client = await RawNbdClient.connect(files.path('s'))
    await client.choose('disk')
    await assert.rejects(server.exports.remove('disk'), { message: "export 'disk' still in use" })
    await server.exports.remove('disk', 'hard')
    assert.deepEqual(server.deleted, ['disk'])
    assert.equal((await client.readToEnd()).byteLength, 0)
    await assert.rejects(server.exports.remove('disk'), { message: "Export 'disk' is not found" })
  })

  it('reports what a disk cannot do, and goes on', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 7))
    const node = { driver: 'blkdebug', 'image.driver': 'file', 'image.filename': files.path('disk') }
    const rules = Object.fromEntries(
      ['ENOSPC', 'EIO'].flatMap((_, index) => [
        [`inject-error.${index}.event`, 'none'],
        [`inject-error.${index}.iotype`, ['write', 'flush'][index]!],
        [`inject-error.${index}.errno`, [28, 5][index]!],
      ]),
    )
    await using _server = await ownServer(files.path('s'), { ...node, ...rules }, { writable: true })
    await using client = await RawNbdClient.connect(files.path('s'))
    await client.choose('disk')
    const part = { cookie: 1n, done: true }
    assert.deepEqual(await client.ask(request(commands.write), Buffer.alloc(512)), [
      { kind: 'error', ...part, error: 28, message: 'writing to file failed' },
    ])
    assert.deepEqual(await client.ask(request(commands.flush, { length: 0 })), [
      { kind: 'error', ...part, error: 5, message: 'flush failed' },
    ])
    assert.equal((await client.ask(request(commands.read))).at(-1)?.kind, 'data')
  })

  it('makes nobody wait for a client that haggles for ever', async () => {
    await using files = await scratch()
    await using server = await ownServer(files.path('s'), { driver: 'null-co' })
    await using slow = await RawNbdClient.connect(files.path('s'))
    slow.send(clientFlags(3).subarray(0, 2))
    await server.exports.stop()
    assert.equal((await slow.readToEnd()).byteLength, 0)
  })

  it('serves the tools of libnbd', { skip: missingProgram('nbdinfo', 'nbdcopy') }, async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    await truncate(files.path('disk'), 3 * megabyte)
    const node = { driver: 'raw', 'file.driver': 'file', 'file.filename': files.path('disk') }
    await using server = await ownServer(files.path('s'), node, {
      writable: true,
      description: 'one',
      allocationDepth: true,
    })
    const uri = `nbd+unix:///disk?socket=${files.path('s')}`
    const info = JSON.parse((await run(['nbdinfo', '--json', uri])).out)
    const [{ contexts, description, ...more }] = info.exports
    assert.deepEqual(
      { protocol: info.protocol, tls: info.TLS, structured: info.structured },
      { protocol: 'newstyle-fixed', tls: false, structured: true },
    )
    assert.deepEqual(
      [contexts, description, more['export-size']],
      [['base:allocation', 'qemu:allocation-depth'], 'one', 3 * megabyte],
    )
    assert.deepEqual(JSON.parse((await run(['nbdinfo', '--map', '--json', uri])).out), [
      { offset: 0, length: megabyte, type: 0, description: 'data' },
      { offset: megabyte, length: 2 * megabyte, type: 3, description: 'hole,zero' },
    ])
    assert.equal((await run(['nbdinfo', '--list', uri])).status, 0)
    assert.deepEqual(await run(['nbdcopy', uri, files.path('copy')]), { status: 0, out: '', errors: '' })
    assert.equal((await run(['cmp', files.path('disk'), files.path('copy')])).status, 0)
    await writeFile(files.path('new'), Buffer.alloc(3 * megabyte, 'other'))
    assert.equal((await run(['nbdcopy', '--flush', files.path('new'), uri])).status, 0)
    assert.equal((await run(['cmp', files.path('disk'), files.path('new')])).status, 0)
    assert.deepEqual(server.complaints, [])
  })
})
