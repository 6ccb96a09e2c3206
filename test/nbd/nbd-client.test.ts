import assert from 'node:assert/strict'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { type BlockNode, NodeGraph, type OptionValues } from '../../src/block/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { run, runVmon, scratch, startServer } from './nbd-programs.ts'
import { ownServer } from './own-server.ts'

const megabyte = 2 ** 20
const shares = ['read', 'write', 'resize'] as const

interface Opened extends AsyncDisposable {
  readonly node: BlockNode
}

async function open(options: OptionValues, { writable = false } = {}): Promise<Opened> {
  const graph = new NodeGraph()
  const node = await graph.open({ options: { driver: 'nbd', ...options }, readOnly: !writable })
  const uses = writable ? (['read', 'write'] as const) : (['read'] as const)
  const hold = await node.attach({ description: 'test', access: { uses, shares } })
  return { node, [Symbol.asyncDispose]: () => hold.detach() }
}

const unix = (path: string): OptionValues => ({ 'server.type': 'unix', 'server.path': path })

describe('a node of a server', { timeout: 300_000 }, () => {
  it('reads and writes, makes zeroes, gives back and tells what is there', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    await truncate(files.path('disk'), 40 * megabyte)
    const node = { driver: 'raw', 'file.driver': 'file', 'file.filename': files.path('disk'), discard: 'unmap' }
    await using _server = await ownServer(files.path('s'), node, { writable: true })
    await using client = await open({ ...unix(files.path('s')), export: 'disk', discard: 'unmap' }, { writable: true })
    const { node: image } = client
    assert.equal(image.length, 40 * megabyte)
    assert.equal(image.filename, `nbd+unix:///disk?socket=${files.path('s')}`)
    assert.deepEqual(await image.read(1, 8), Buffer.from('atadatad'))
    assert.deepEqual(await image.status(0, 40 * megabyte), {
      length: megabyte,
      allocated: true,
      data: true,
      zero: false,
      offset: 0,
    })
    assert.deepEqual(await image.status(megabyte, megabyte), {
      length: megabyte,
      allocated: true,
      data: false,
      zero: true,
      offset: megabyte,
    })
    // More than one request takes.
    const large = Buffer.alloc(35 * megabyte, 'larger')
    await image.write(3 * megabyte, large)
    await image.flush()
    assert.ok(large.equals(await image.read(3 * megabyte, large.byteLength)))
    await image.writeZeroes(3 * megabyte, 4096)
    await image.discard(4 * megabyte, megabyte)
    const whole = await readFile(files.path('disk'))
    assert.ok(whole.subarray(4 * megabyte, 5 * megabyte).every((byte) => byte === 0))
    assert.ok(whole.subarray(3 * megabyte, 3 * megabyte + 4096).every((byte) => byte === 0))
    await assert.rejects(image.truncate(megabyte), /No user of node/)
  })

  it('is refused in the words of QEMU', async () => {
    await using files = await scratch()
    await using _server = await ownServer(files.path('s'), { driver: 'null-co' })
    const refused = (options: OptionValues, message: string, how?: { writable: boolean }): Promise<void> =>
      assert.rejects(open(options, how), { message })
    const there = unix(files.path('s'))
    await refused({}, 'NBD server address missing')
    await refused({ ...there, export: 'none' }, 'Requested export not available')
    await refused({ ...there, export: 'x'.repeat(4097) }, 'export name too long to send to server')
    await refused(
      { ...there, export: 'disk', 'x-dirty-bitmap': 'qemu:dirty-bitmap:b' },
      'requested x-dirty-bitmap qemu:dirty-bitmap:b not found',
    )
    await refused({ ...there, export: 'disk' }, 'NBD export is read-only', { writable: true })
    await refused({ ...there, path: 'x' }, "Cannot use 'server' and path/host/port at the same time")
    await refused({ path: 'x', host: 'y' }, 'path and host may not be used at the same time')
    await refused({ path: 'x', port: '1' }, 'port may not be used without host')
    await refused({ 'server.type': 'pipe' }, "Parameter 'server.type' does not accept value 'pipe'")
    await refused({ 'server.type': 'unix' }, "Parameter 'server.path' is missing")
    await refused({ ...there, 'tls-creds': 'tls0' }, "No TLS credentials with id 'tls0'")
  })

  it('shows which image of a chain holds what, if that is asked for', async () => {
    await using files = await scratch()
    await using _server = await ownServer(
      files.path('s'),
      { driver: 'null-co', size: megabyte, 'read-zeroes': true },
      { allocationDepth: true },
    )
    await using client = await open({
      ...unix(files.path('s')),
      export: 'disk',
      'x-dirty-bitmap': 'qemu:allocation-depth',
    })
    assert.deepEqual(await client.node.status(0, 512), {
      length: 512,
      allocated: true,
      data: false,
      zero: false,
      offset: 0,
    })
  })

  it('waits for a server that comes late, and for one that comes back', async () => {
    await using files = await scratch()
    const there = unix(files.path('s'))
    const opening = open({ ...there, export: 'disk', 'open-timeout': 200, 'reconnect-delay': 200 })
    const node = { driver: 'null-co', size: megabyte, 'latency-ns': 1_000_000 }
    const first = await ownServer(files.path('s'), node)
    await using client = await opening
    await client.node.read(0, 512)
    const reads = Array.from({ length: 40 }, (_, index) => client.node.read(512 * index, 512))
    await first[Symbol.asyncDispose]()
    await using _second = await ownServer(files.path('s'), node)
    assert.equal((await Promise.all(reads)).length, 40)
  })

  it('fails while its server is away, and goes on when it is back', async () => {
    await using files = await scratch()
    const first = await ownServer(files.path('s'), { driver: 'null-co' })
    await using client = await open({ ...unix(files.path('s')), export: 'disk' })
    await first[Symbol.asyncDispose]()
    await assert.rejects(client.node.read(0, 512), { message: 'Input/output error' })
    await using _second = await ownServer(files.path('s'), { driver: 'null-co' })
    assert.equal((await client.node.read(0, 512)).byteLength, 512)
  })

  const nbdkit = missingProgram('nbdkit')
  const servers: Readonly<Record<string, readonly string[]>> = {
    'of the old style': ['-o', 'memory', '1M'],
    'without structured replies': ['--no-sr', 'memory', '1M'],
    'that lets its client wait': ['--filter=delay', 'memory', '1M', 'rdelay=20ms', 'wdelay=20ms'],
    'of a size that is no number of sectors': ['--filter=truncate', 'memory', '1M', 'truncate=1048476'],
    'that takes whole blocks alone': [
      '--filter=blocksize-policy',
      'memory',
      '1M',
      'blocksize-minimum=4096',
      'blocksize-error-policy=error',
    ],
  }
  for (const [what, words] of Object.entries(servers)) {
    it(`uses a server ${what}`, { skip: nbdkit }, async () => {
      await using files = await scratch()
      await using _server = await startServer(['nbdkit', '-f', '-U', files.path('s'), ...words], files.path('s'))
      await using client = await open(unix(files.path('s')), { writable: true })
      await client.node.write(1000, Buffer.from('written'))
      assert.equal(Buffer.from(await client.node.read(999, 9)).toString(), '\0written\0')
      assert.equal(client.node.length, megabyte)
      assert.equal((await client.node.read(megabyte - 512, 512)).at(-1), 0)
    })
  }

  it('passes on what a server says of a request', { skip: nbdkit }, async () => {
    await using files = await scratch()
    const words = [
      '--filter=error',
      'memory',
      '1M',
      'error-pread=EIO',
      'error-pread-rate=100%',
      'error-pwrite=ENOSPC',
      'error-pwrite-rate=100%',
    ]
    await using _server = await startServer(['nbdkit', '-f', '-U', files.path('s'), ...words], files.path('s'))
    await using client = await open(unix(files.path('s')), { writable: true })
    await assert.rejects(client.node.read(0, 512), { kind: 'io', message: 'Input/output error' })
    await assert.rejects(client.node.write(0, Buffer.alloc(512)), {
      kind: 'no-space',
      message: 'No space left on device',
    })
  })
})

describe('vmon img and servers', { timeout: 300_000, skip: missingProgram('qemu-img', 'qemu-nbd') }, () => {
  it('says of images there what qemu-img says', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    await truncate(files.path('disk'), 3 * megabyte)
    const words = [
      'qemu-nbd',
      '-f',
      'raw',
      '-t',
      '-e',
      '0',
      '-r',
      '-x',
      'disk',
      '-k',
      files.path('s'),
      files.path('disk'),
    ]
    await using _server = await startServer(words, files.path('s'))
    const uri = `nbd+unix:///disk?socket=${files.path('s')}`
    const json = JSON.stringify({ driver: 'nbd', server: { type: 'unix', path: files.path('s') }, export: 'disk' })
    for (const asked of [
      ['info', uri],
      ['info', '--output=json', uri],
      ['info', `nbd:unix:${files.path('s')}:exportname=disk`],
      ['info', `json:${json}`],
      ['info', '--image-opts', `driver=nbd,server.type=unix,server.path=${files.path('s')},export=disk`],
      ['map', '--output=json', uri],
      ['map', uri],
      ['compare', uri, files.path('disk')],
      ['check', uri],
      ['measure', '-O', 'qcow2', uri],
      ['info', `nbd+unix:///none?socket=${files.path('s')}`],
      ['info', `nbd+unix:///disk?socket=${files.path('nowhere')}`],
      ['info', 'nbd+unix:///disk'],
      ['info', 'nbd+unix://host/disk?socket=s'],
      ['info', 'nbd://127.0.0.1:1/disk'],
      ['info', 'nbd:127.0.0.1'],
      ['info', 'nbd://127.0.0.1:1?socket=s'],
    ]) {
      const [ours, theirs] = await Promise.all([runVmon(['img', ...asked]), run(['qemu-img', ...asked])])
      assert.deepEqual({ ...ours, errors: ours.errors.replaceAll('vmon img', 'qemu-img') }, theirs, asked.join(' '))
    }
  })

  it('converts to and from servers of QEMU and ours', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    await truncate(files.path('disk'), 3 * megabyte)
    await writeFile(files.path('theirs'), '')
    await writeFile(files.path('ours'), '')
    for (const name of ['theirs', 'ours']) await truncate(files.path(name), 3 * megabyte)
    const words = ['qemu-nbd', '-f', 'raw', '-t', '-e', '0', '-k', files.path('ts'), files.path('theirs')]
    await using _theirs = await startServer(words, files.path('ts'))
    const node = { driver: 'raw', 'file.driver': 'file', 'file.filename': files.path('ours'), discard: 'unmap' }
    await using _ours = await ownServer(files.path('os'), node, { writable: true, name: '' })
    for (const [socket, target] of [
      ['ts', 'theirs'],
      ['os', 'ours'],
    ]) {
      const uri = `nbd+unix:///?socket=${files.path(socket!)}`
      const there = await runVmon(['img', 'convert', '-n', '-f', 'raw', '-O', 'raw', files.path('disk'), uri])
      assert.deepEqual(there, { status: 0, out: '', errors: '' })
      assert.ok((await readFile(files.path('disk'))).equals(await readFile(files.path(target!))))
      const back = await runVmon(['img', 'convert', '-f', 'raw', '-O', 'qcow2', uri, files.path(`${target}.qcow2`)])
      assert.deepEqual(back, { status: 0, out: '', errors: '' })
      const compared = await run(['qemu-img', 'compare', files.path('disk'), files.path(`${target}.qcow2`)])
      assert.equal(compared.out, 'Images are identical.\n')
      const written = await run(['qemu-io', '-f', 'raw', '-c', 'write -P 5 0 64k', '-c', 'read -P 5 0 64k', uri])
      assert.equal(written.status, 0, written.errors)
    }
  })
})
