import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { connectQmp } from './connect-qmp.ts'
import { folder, options, write } from './forked-machines.ts'
import { type RunningMachine, startMachine } from './start-machine.ts'

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

  it('has a generation of its own, and addresses and a clock that are given anew', async () => {
    await using first = await startMachine({
      ...options,
      netdevs: ['user,id=n0', 'user,id=n1'],
      devices: ['vmgenid,id=v', 'e1000,netdev=n0,mac=52:54:00:00:00:01', 'virtio-net-pci,netdev=n1,id=card'],
    })
    const generation = async ({ qmp }: Pick<RunningMachine, 'qmp'>) =>
      (await qmp.execute('query-vm-generation-id')).guid
    const macs = { n0: '52:54:00:00:00:11', card: '52:54:00:00:00:12' }
    await using second = await first.fork({ macs, rtcBase: '2031-02-03' })
    assert.notEqual(await generation(second), await generation(first))
    const mac = { path: '/machine/peripheral/card', property: 'mac' }
    assert.equal(await second.qmp.execute('qom-get', mac), macs.card)
    const text = await second.qmp.execute('human-monitor-command', { 'command-line': 'info network' })
    assert.match(text, /macaddr=52:54:00:00:00:11/)
    for (const [wrong, message] of [
      [{ macs: { n2: macs.n0 } }, /there is no network card 'n2'/],
      [{ macs: { n0: 'x' } }, /e1000\.mac.*'x'/],
      [{ macs: { n0: '53:54:00:00:00:02' } }, /NIC cannot have multicast MAC address/],
      [{ rtcBase: 'x' }, /^rtcBase x: invalid datetime format/],
    ] as const)
      await assert.rejects(first.fork(wrong), { message })
    const wrong = { qmp: 'unix:no/such,server=on,wait=off', macs: [{ card: 'n3', mac: macs.n0 }] }
    await assert.rejects(first.qmp.execute('__org.vmon_fork', wrong), { message: /there is no network card 'n3'/ })
  })

  it('of a fork goes on with the clock that this has', async () => {
    await using first = await startMachine({ memory: 16, paused: true })
    const clock = async ({ qmp }: Pick<RunningMachine, 'qmp'>) =>
      (await qmp.execute('qom-get', { path: '/machine', property: 'rtc-time' })) as { readonly tm_year: number }
    await using second = await first.fork({ rtcBase: '2031-02-03' })
    assert.equal((await clock(second)).tm_year, 131)
    for (const line of ['o/b 0x70 9', 'o/b 0x71 0x44'])
      await second.qmp.execute('human-monitor-command', { 'command-line': line })
    assert.equal((await clock(second)).tm_year, 144)
    await using third = await second.fork()
    assert.equal((await clock(third)).tm_year, 144)
    await using fourth = await third.fork({ rtcBase: '2035-02-03' })
    assert.equal((await clock(fourth)).tm_year, 135)
  })

  it('keeps no program from its end when it has ended', async (t) => {
    const path = join(await folder(t), 'program.mjs')
    const program = `
      import { startMachine } from ${JSON.stringify(new URL('start-machine.js', import.meta.url).href)}
      const first = await startMachine({ memory: 16, paused: true })
      const second = await first.fork()
      await second.close()
      await first.close()
      console.log('done')`
    await writeFile(path, program)
    const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 50_000 }) // spare threads wait for a minute
    assert.equal(stdout, 'done\n')
  })

  it('has threads make themselves ready meanwhile, and is followed by as many that wait as were ever made', async (t) => {
    await using first = await startMachine(options)
    const kept = t.mock.method(first.machine.board, 'keepSpares')
    const outcomes = await Promise.allSettled([first.fork(), first.fork({ uuid: 'x' }), first.fork()])
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') await outcome.value.close()
    assert.deepEqual(
      kept.mock.calls.map((call) => call.arguments),
      [[2], [2]],
    )
    await assert.rejects(first.fork({ qmp: 'unix:/no/such/folder,server=on,wait=off' }))
    assert.equal(kept.mock.callCount(), 3)
    kept.mock.resetCalls()
    await (await first.fork()).close()
    await Promise.all((await Promise.all([1, 2, 3].map(() => first.fork()))).map((fork) => fork.close()))
    assert.deepEqual(
      kept.mock.calls.map((call) => call.arguments),
      [[1], [1], [3], [3], [4]],
    )
  })

  it('is not served where the machine is', async (t) => {
    const socket = join(await folder(t), 'spice')
    await using first = await startMachine({ ...options, spice: `unix=on,addr=${socket},disable-ticketing=on` })
    await using second = await first.fork()
    assert.equal((await first.qmp.execute('query-spice')).enabled, true)
    assert.equal((await second.qmp.execute('query-spice')).enabled, false)
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

  it('leaves the machine as it was if it fails', async (t) => {
    const directory = await folder(t)
    const [disk, other] = [join(directory, 'disk.img'), join(directory, 'other.img')]
    for (const path of [disk, other]) await writeFile(path, Buffer.alloc(1 << 20, 'x'))
    await using first = await startMachine({
      ...options,
      hda: disk,
      blockdevs: [
        { driver: 'file', filename: other, 'node-name': 'storage' },
        { driver: 'raw', file: 'storage', 'node-name': 'other' },
      ],
      devices: ['virtio-blk-pci,drive=other,id=v'],
    })
    const all = async () => [
      (await first.qmp.execute('query-block')).map(({ inserted }) => inserted),
      (await first.qmp.execute('query-named-block-nodes')).map((node) => node['node-name']),
      await readdir(directory),
    ]
    const before = await all()
    const folders = join(directory, 'new')
    await assert.rejects(first.fork({ folder: join(folders, 'below') }), {
      message: /below': No such file or directory$/,
    })
    await assert.rejects(
      first.qmp.execute('__org.vmon_fork', { folder: folders, qmp: `unix:${directory}/no/such,server=on,wait=off` }),
      { message: /No such file or directory/ },
    )
    assert.deepEqual(await all(), before)
    await write(first, 7)
    assert.equal((await readFile(disk))[4096], 7)
    await using _second = await first.fork({ folder: folders })
  })

  it('is refused, with the images untouched, where devices came later', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, Buffer.alloc(1 << 20))
    await using first = await startMachine({ ...options, hda: disk })
    await first.qmp.execute('device_add', { driver: 'virtio-rng-pci', id: 'r' })
    await assert.rejects(first.fork({ folder: directory }), {
      message: "The machine cannot be forked: device '/machine/peripheral/r' was plugged in later",
    })
    assert.deepEqual(await readdir(directory), ['disk.img'])
    assert.equal((await first.qmp.execute('query-block'))[0]?.inserted?.file, disk)
  })

  it('does not fail for what was wrong in another one of the same moment', async (t) => {
    const directory = await folder(t)
    await writeFile(join(directory, 'disk.img'), Buffer.alloc(1 << 20))
    await using first = await startMachine({ ...options, hda: join(directory, 'disk.img') })
    const outcomes = await Promise.allSettled([
      first.fork({ folder: directory, uuid: 'x' }),
      first.fork(),
      first.fork({ folder: join(directory, 'disk.img', 'below') }),
      first.fork({ folder: directory, qmp: `unix:${directory}/no/such,server=on,wait=off` }),
      first.fork({ folder: directory }),
    ])
    const texts = outcomes.map((each) => (each.status === 'rejected' ? (each.reason as Error).message : 'made'))
    assert.match(texts[0]!, /failed to parse UUID string/)
    assert.match(texts[1]!, /no folder was given/)
    assert.match(texts[2]!, /Could not create '.*below': Not a directory/)
    assert.match(texts[3]!, /No such file or directory/)
    assert.equal(texts[4], 'made')
    const last = outcomes[4]!
    if (last.status === 'fulfilled') await last.value.close()
    assert.equal((await readdir(directory)).length, 3, 'the disk and an overlay for each of the two')
  })

  it('has nothing of what two machines would write or serve both', async (t) => {
    const directory = await folder(t)
    const [capture, log, forwarded] = ['capture', 'log', 'forwarded'].map((name) => join(directory, name))
    await using first = await startMachine({
      ...options,
      netdevs: [`user,id=n0,guestfwd=tcp:10.0.2.100:80-file:${forwarded}`],
      objects: [`filter-dump,id=f,netdev=n0,file=${capture}`],
      chardevs: [`ringbuf,id=ring,logfile=${log}`, 'null,id=both,mux=on'],
      serial: ['chardev:both', 'chardev:both'],
      display: 'web=127.0.0.1:0',
    })
    for (const path of [capture!, log!, forwarded!]) await appendFile(path, 'more')
    const before = await Promise.all([capture!, log!, forwarded!].map((path) => readFile(path)))
    await using second = await first.fork()
    assert.deepEqual(await Promise.all([capture!, log!, forwarded!].map((path) => readFile(path))), before)
    assert.equal(second.consolePage, undefined)
  })

  it('is made any number of times, and leaves nothing behind', async (t) => {
    const directory = await folder(t)
    await writeFile(join(directory, 'disk.img'), Buffer.alloc(1 << 20))
    await using first = await startMachine({
      ...options,
      blockdevs: [
        { driver: 'file', filename: join(directory, 'disk.img'), 'node-name': 'storage' },
        { driver: 'raw', file: 'storage', 'node-name': 'a-name-as-long-as-they-may-be.' },
      ],
      devices: ['virtio-blk-pci,drive=a-name-as-long-as-they-may-be.,id=v'],
    })
    for (let count = 0; count < 12; count++) await (await first.fork({ folder: directory })).close()
    const found = (await first.qmp.execute('query-block')).find(({ qdev }) => qdev?.includes('/v/'))
    assert.ok(found!.inserted!['node-name']!.length <= 31)
    await using plain = await startMachine(options)
    const held = async () =>
      [await readdir('/proc/self/fd'), await readdir('/proc/self/task')].map(({ length }) => length)
    await (await plain.fork()).close()
    const before = await held()
    for (let count = 0; count < 30; count++) await (await plain.fork()).close()
    assert.deepEqual(await held(), before)
  })

  it('ends with a machine that ends while it is made, and is refused from then on', async (t) => {
    const directory = await folder(t)
    for (let turns = 0; turns < 40; turns += 3) {
      const first = await startMachine(options)
      const socket = join(directory, `${turns}.sock`)
      const outcome = first.qmp
        .execute('__org.vmon_fork', { qmp: `unix:${socket},server=on,wait=off` })
        .catch(() => undefined)
      const other = first.fork().then(
        (fork) => fork,
        (error: Error) => error.message,
      )
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      await first.close()
      await outcome
      const fork = await other
      if (typeof fork === 'string') assert.match(fork, /it has ended/)
      else await fork.close()
      assert.deepEqual(await readdir(directory), [])
      await assert.rejects(first.fork(), { message: 'The machine cannot be forked: it has ended' })
    }
  })

  it('that waits for a client is given up when the machine ends, and what was written meanwhile is kept', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, Buffer.alloc(1 << 20))
    const first = await startMachine({ ...options, hda: disk })
    const fork = first.fork({ folder: directory, qmp: `unix:${directory}/a.sock,server=on` })
    const refused = assert.rejects(fork, { message: /it has ended/ })
    while (!(await readdir(directory)).includes('a.sock')) await new Promise(setImmediate)
    await write(first, 9)
    assert.equal((await readFile(disk))[4096], 0, 'it is in the overlay')
    await first.close()
    await refused
    assert.deepEqual(await readdir(directory), ['disk.img'])
    assert.equal((await readFile(disk))[4096], 9)
  })
})
