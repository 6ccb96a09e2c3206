import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { connectQmp } from './connect-qmp.ts'
import { startMachine } from './start-machine.ts'

const options = { accel: 'none', memory: 16 } as const

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vmon-fork-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

describe('a fork', () => {
  it('has the memory of the machine, and then its own', async () => {
    await using first = await startMachine({ ...options, name: 'first' })
    await first.machine.board.writePhysical(0x500000, Uint8Array.of(1, 2, 3))
    await using second = await first.fork({ name: 'second', uuid: '11111111-2222-3333-4444-555555555555' })
    assert.deepEqual(second.images, [])
    await first.machine.board.writePhysical(0x500000, Uint8Array.of(7))
    await second.machine.board.writePhysical(0x500001, Uint8Array.of(8))
    assert.deepEqual(await first.machine.board.readPhysical(0x500000, 3), Uint8Array.of(7, 2, 3))
    assert.deepEqual(await second.machine.board.readPhysical(0x500000, 3), Uint8Array.of(1, 8, 3))
    assert.equal((await second.qmp.execute('query-name')).name, 'second')
    assert.equal((await second.qmp.execute('query-uuid')).UUID, '11111111-2222-3333-4444-555555555555')
    for (const { qmp } of [first, second]) assert.equal((await qmp.execute('query-status')).status, 'running')
  })

  it('stands still where the machine does, or where that was asked for, and outlives it', async () => {
    const first = await startMachine(options)
    await using waiting = await first.fork({ paused: true })
    assert.equal((await waiting.qmp.execute('query-status')).status, 'prelaunch')
    await first.qmp.execute('stop')
    await using second = await first.fork()
    assert.notEqual((await second.qmp.execute('query-status')).status, 'running')
    await first.close()
    await second.qmp.execute('cont')
    assert.equal((await second.qmp.execute('query-status')).status, 'running')
  })

  it('goes on from the same images, and no two write one', async (t) => {
    const directory = await folder(t)
    const [disk, other] = [join(directory, 'disk.img'), join(directory, 'other.img')]
    for (const path of [disk, other]) {
      await writeFile(path, 'what was there')
      await truncate(path, 1 << 20)
    }
    const said: string[] = []
    const print = (text: string): void => void said.push(text)
    await using first = await startMachine({ ...options, hda: disk, cdrom: other }, { print })
    await assert.rejects(first.fork(), { message: /no folder was given/ })
    const forks = await Promise.all([1, 2, 3].map(() => first.fork({ folder: directory })))
    const backed = new Set(forks.flatMap(({ images }) => images.map(({ backing }) => backing)))
    assert.deepEqual([...backed], [disk], 'one moment')
    const io = async (index: number, line: string): Promise<string> => {
      said.length = 0
      const { qmp } = [first, ...forks][index]!
      await qmp.execute('human-monitor-command', { 'command-line': `qemu-io ide0-hd0 "${line}"` })
      return said.join('')
    }
    for (const index of [0, 1, 2, 3]) await io(index, `write -P ${index + 1} 4k 4k`)
    for (const index of [0, 1, 2, 3]) {
      for (const line of [`read -P ${index + 1} 4k 4k`, 'read -P 119 0 1']) {
        const text = await io(index, line) // 119 is the 'w' that was there
        assert.match(text, /^read \d+\/\d+ bytes/)
      }
    }
    await Promise.all(forks.map((fork) => fork.close()))
    assert.ok(
      (await readFile(disk)).subarray(14).every((byte) => byte === 0),
      'nobody has written it since',
    )
  })

  it('has the nodes that devices use by their names', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, '')
    await truncate(disk, 1 << 20)
    await using first = await startMachine({
      ...options,
      blockdevs: [
        { driver: 'file', filename: disk, 'node-name': 'storage' },
        { driver: 'raw', file: 'storage', 'node-name': 'disk' },
      ],
      devices: ['virtio-blk-pci,drive=disk,id=v'],
    })
    await using second = await first.fork({ folder: directory })
    await using third = await first.fork({ folder: directory })
    for (const { qmp } of [second, third]) {
      const [found] = (await qmp.execute('query-block')).filter(({ qdev }) => qdev?.includes('/v/'))
      assert.equal(found?.inserted?.['node-name'], 'disk')
      assert.equal(found?.inserted?.drv, 'qcow2')
    }
    assert.equal(third.images[0]?.backing, second.images[0]?.own)
  })

  it('is refused where two machines cannot have what one has, which leaves it as it was', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, '')
    await truncate(disk, 1 << 20)
    await using first = await startMachine({
      ...options,
      hda: disk,
      netdevs: ['socket,id=n0,udp=127.0.0.1:9,localaddr=127.0.0.1:0'],
    })
    await assert.rejects(first.fork({ folder: directory }), {
      message: /back end 'n0' of its network leads to one of them/,
    })
    assert.deepEqual(await readdir(directory), ['disk.img'])
    await assert.rejects(first.fork({ folder: directory, uuid: 'x' }), { name: 'ConfigError' })
    assert.equal((await first.qmp.execute('query-status')).status, 'running')
  })

  it('is made by a command, too, and then ends with the machine', async (t) => {
    const directory = await folder(t)
    const socket = join(directory, 'second.sock')
    const first = await startMachine({ ...options, serial: 'null' })
    await first.qmp.execute('__org.vmon_fork', { qmp: `unix:${socket},server=on,wait=off`, name: 'second' })
    await assert.rejects(
      first.qmp.execute('__org.vmon_fork', { qmp: `unix:${directory}/no/such,server=on,wait=off` }),
      {
        errorClass: 'GenericError',
        message: /No such file or directory/,
      },
    )
    const client = await connectQmp(`unix:${socket}`)
    assert.equal((await client.execute('query-name')).name, 'second')
    await client.execute('chardev-change', { id: 'serial0', backend: { type: 'ringbuf', data: { size: 4096 } } })
    const ended = client.event('SHUTDOWN', { timeoutMs: 30_000 }).catch((error: Error) => error.name)
    await first.close()
    await ended
    await assert.rejects(client.execute('query-status'))
  })
})
