/** A machine goes to another one: by every way, with its disks, and whatever goes wrong. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { RunningMachine } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { testCredentials } from '../tls/credentials.ts'
import { ended, folder, runState, started } from './migrating-machines.ts'

const pattern = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7 + (index >> 8))
const place = 3 << 20

/** Lets a machine's migrations go through TLS. @param name - who may come, as a pattern */
async function secure(
  { qmp }: RunningMachine,
  { dir, endpoint, name }: { dir: string; endpoint: 'client' | 'server'; name?: string },
): Promise<void> {
  const words = { 'sanity-check': false, dir, endpoint }
  await qmp.execute('object-add', { 'qom-type': 'tls-creds-x509', id: 'tls0', ...words } as never)
  const rules = [{ match: name, policy: 'allow', format: 'glob' }]
  if (name !== undefined) await qmp.execute('object-add', { 'qom-type': 'authz-list', id: 'who', rules } as never)
  await qmp.execute('migrate-set-parameters', {
    'tls-creds': 'tls0',
    ...(name !== undefined && { 'tls-authz': 'who' }),
  })
}

async function send(from: RunningMachine, to: RunningMachine, uri: string): Promise<void> {
  await from.machine.board.writePhysical(place, pattern)
  await from.qmp.execute('migrate', { uri })
  assert.equal(await ended(from), 'completed')
  assert.equal(await ended(to), 'completed')
  assert.equal(await runState(from), 'postmigrate')
  assert.equal(await runState(to), 'running')
  assert.deepEqual(await to.machine.board.readPhysical(place, pattern.length), pattern)
}

describe('a migration', () => {
  it('goes over a unix socket', async (t) => {
    const uri = `unix:${join(await folder(t), 'socket')}`
    const to = await started(t, { incoming: uri })
    await send(await started(t, {}), to, uri)
  })

  it('goes over TCP, to the port that the system has chosen', async (t) => {
    const to = await started(t, { incoming: 'tcp:127.0.0.1:0' })
    const [address] = (await to.qmp.execute('query-migrate'))['socket-address'] ?? []
    assert.ok(address?.type === 'inet')
    await send(await started(t, {}), to, `tcp:127.0.0.1:${address.port}`)
  })

  it('goes into a file, by itself or through a command, and is taken out of it later', async (t) => {
    const directory = await folder(t)
    for (const [out, back] of [
      [`file:${directory}/plain`, `file:${directory}/plain`],
      [`exec:gzip -1 > ${directory}/packed`, `exec:gzip -d < ${directory}/packed`],
    ] as const) {
      const from = await started(t, {})
      await from.machine.board.writePhysical(place, pattern)
      await from.qmp.execute('migrate', { uri: out })
      assert.equal(await ended(from), 'completed')
      const to = await started(t, { incoming: 'defer' })
      assert.equal(await runState(to), 'inmigrate')
      await to.qmp.execute('migrate-incoming', { uri: back })
      const capabilities = [{ capability: 'events', state: true }] as const // whoever waits may still say that
      await to.qmp.execute('migrate-set-capabilities', { capabilities: [...capabilities] })
      assert.equal(await ended(to), 'completed')
      assert.deepEqual(await to.machine.board.readPhysical(place, pattern.length), pattern)
      assert.equal(await runState(to), 'running')
    }
  })

  it('is active when something comes out of a command, and not before', async (t) => {
    const fifo = join(await folder(t), 'fifo')
    execFileSync('mkfifo', [fifo])
    const to = await started(t, { incoming: `exec:cat ${fifo}` })
    while ((await to.qmp.execute('query-migrate')).status === undefined);
    assert.equal((await to.qmp.execute('query-migrate')).status, 'setup')
    await to.qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
    const events = to.qmp.events({ names: ['MIGRATION'] })
    await send(await started(t, {}), to, `exec:cat > ${fifo}`)
    const told: string[] = []
    for await (const { data } of events) if (told.push(data.status) === 2) break
    assert.deepEqual(told, ['active', 'completed'])
  })

  it('waits for ever for a command that says nothing', async (t) => {
    const path = join(await folder(t), 'done')
    const to = await started(t, { incoming: `exec:touch ${path}` })
    while (!existsSync(path)) await to.qmp.execute('query-status')
    for (let asked = 0; asked < 100; asked++) assert.equal(await runState(to), 'inmigrate')
    assert.equal((await to.qmp.execute('query-migrate')).status, 'setup')
  })

  it('keeps a machine standing still that did, and one that is to', async (t) => {
    const uri = `file:${join(await folder(t), 'state')}`
    const from = await started(t, {})
    await from.qmp.execute('stop')
    await from.qmp.execute('migrate', { uri })
    assert.equal(await ended(from), 'completed')
    const to = await started(t, { incoming: uri })
    await ended(to)
    assert.equal(await runState(to), 'paused')
    const again = await started(t, {})
    await again.qmp.execute('migrate', { uri })
    await ended(again)
    const waiting = await started(t, { incoming: uri, paused: true })
    await ended(waiting)
    assert.equal(await runState(waiting), 'paused')
  })

  it('is refused by another machine, whose reason the source tells, and where the guest goes on', async (t) => {
    const uri = `unix:${join(await folder(t), 'socket')}`
    const to = await started(t, { incoming: uri, memory: 32 })
    const from = await started(t, {})
    await from.qmp.execute('migrate', { uri })
    assert.equal(await ended(from), 'failed')
    const { 'error-desc': why } = await from.qmp.execute('query-migrate')
    assert.match(why ?? '', /^the stream is of another machine: its ramBytes is 16777216, this one's is 33554432$/)
    assert.equal(await runState(from), 'running')
    assert.equal((await to.machine.ended).status, 1)
  })

  it('does not go in the clear where it is to be encrypted', async (t) => {
    const path = join(await folder(t), 'socket')
    const received: unknown[] = []
    const peer = createServer((socket) => socket.on('data', (chunk) => void received.push(chunk)))
    await new Promise<void>((resolve) => peer.listen(path, resolve))
    t.after(() => peer.close())
    const from = await started(t, {})
    await from.qmp.execute('migrate-set-parameters', { 'tls-creds': 'tls0' })
    await from.qmp.execute('migrate', { uri: `unix:${path}` })
    assert.equal(await ended(from), 'failed')
    const { 'error-desc': why } = await from.qmp.execute('query-migrate')
    assert.equal(why, "No TLS credentials with id 'tls0'")
    assert.deepEqual(received, [])
    assert.equal(await runState(from), 'running')
  })

  it('goes neither into files nor through commands in the clear where it is to be encrypted', {
    skip: missingProgram('openssl'),
  }, async (t) => {
    const directory = await folder(t)
    const made = await testCredentials()
    t.after(() => made[Symbol.asyncDispose]())
    const path = join(directory, 'stream')
    const from = await started(t, {})
    const reason = async (uri: string): Promise<string | undefined> => {
      await from.qmp.execute('migrate', { uri })
      assert.equal(await ended(from), 'failed')
      return (await from.qmp.execute('query-migrate'))['error-desc']
    }
    await from.qmp.execute('migrate-set-parameters', { 'tls-creds': 'tls0' })
    assert.equal(await reason(`exec:cat > ${path}`), "No TLS credentials with id 'tls0'")
    await secure(from, { dir: made.client, endpoint: 'client' })
    assert.equal(await reason(`file:${path}`), 'TLS needs a socket or a command, which can answer')
    assert.ok(await reason(`exec:head -c 100 > ${path}`)) // the peer says nothing and ends
    assert.ok(!(await readFile(path)).includes('QEVM'))
    await from.qmp.execute('migrate', { uri: `exec:cat > ${path}` }) // it never says anything
    await from.qmp.execute('migrate_cancel')
    assert.equal(await ended(from), 'cancelled')
    assert.equal(await runState(from), 'running')
  })

  it('goes through TLS over a command that brings answers', {
    skip: missingProgram('openssl') || missingProgram('socat'),
  }, async (t) => {
    const socket = join(await folder(t), 'socket')
    const made = await testCredentials()
    t.after(() => made[Symbol.asyncDispose]())
    const to = await started(t, { incoming: 'defer' })
    await secure(to, { dir: made.server, endpoint: 'server' })
    const from = await started(t, {})
    await secure(from, { dir: made.client, endpoint: 'client' })
    await from.qmp.execute('migrate-set-parameters', { 'tls-hostname': 'localhost' })
    const listening = to.qmp.execute('migrate-incoming', { uri: `exec:socat -t 30 - UNIX-LISTEN:${socket}` })
    await listening
    while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 5))
    await send(from, to, `exec:socat -t 30 - UNIX-CONNECT:${socket}`)
  })

  it('goes through TLS, to who is trusted', { skip: missingProgram('openssl') }, async (t) => {
    const made = await testCredentials()
    t.after(() => made[Symbol.asyncDispose]())
    const to = await started(t, { incoming: 'defer' })
    await secure(to, { dir: made.server, endpoint: 'server', name: '*CN=client1' })
    await to.qmp.execute('migrate-incoming', { uri: 'tcp:127.0.0.1:0' })
    const { 'socket-address': [listening] = [] } = await to.qmp.execute('query-migrate')
    assert.ok(listening?.type === 'inet')
    const uri = `tcp:localhost:${listening.port}`
    // Whoever is not to be trusted is sent away, and the door stays open.
    const plain = await started(t, {})
    await plain.qmp.execute('migrate', { uri })
    assert.equal(await ended(plain), 'failed')
    const stranger = await started(t, {})
    await secure(stranger, { dir: made.stranger, endpoint: 'client' })
    await stranger.qmp.execute('migrate', { uri })
    assert.equal(await ended(stranger), 'failed')
    const from = await started(t, {})
    await secure(from, { dir: made.client, endpoint: 'client' })
    await send(from, to, uri)
  })

  it('fails where nobody says that everything has come, wherever the peer hangs up', async (t) => {
    const path = join(await folder(t), 'socket')
    for (const patience of [0, 1, 20, 100, 100_000, Number.POSITIVE_INFINITY]) {
      // A peer that takes so many bytes, or all, and says nothing.
      const peer = createServer((socket) => {
        let taken = 0
        socket.on('error', () => undefined)
        socket.on('data', (chunk) => {
          taken += chunk.length
          if (taken >= patience || chunk.includes('run-state')) socket.destroy()
        })
        if (patience === 0) socket.destroy()
      })
      await new Promise<void>((resolve) => peer.listen(path, resolve))
      const from = await started(t, {})
      await from.machine.board.writePhysical(place, pattern)
      await from.qmp.execute('migrate', { uri: `unix:${path}` })
      assert.equal(await ended(from), 'failed', `${patience} bytes`)
      assert.equal(await runState(from), 'running')
      await from.close()
      await new Promise((resolve) => peer.close(resolve))
    }
  })

  it('fails whenever the command that takes it ends too early', async (t) => {
    const from = await started(t, {})
    await from.machine.board.writePhysical(place, new Uint8Array(4 << 20).fill(7)) // more than waits in any pipe
    for (const command of ['false', 'true', 'exec 0<&-; exit 3', 'false', 'true', 'false']) {
      await from.qmp.execute('migrate', { uri: `exec:${command}` })
      assert.equal(await ended(from), 'failed', command)
      const { 'error-desc': why } = await from.qmp.execute('query-migrate')
      assert.equal(why, 'Unable to write to command: Broken pipe')
      assert.equal(await runState(from), 'running')
    }
  })

  it('is not loaded if a byte is missing or another, and the process ends with 1', async (t) => {
    const path = join(await folder(t), 'state')
    const from = await started(t, {})
    await from.machine.board.writePhysical(place, pattern)
    await from.qmp.execute('migrate', { uri: `file:${path}` })
    assert.equal(await ended(from), 'completed')
    const whole = await readFile(path)
    for (const at of [0, 5, 20, 60, 1000, whole.length >> 1, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, at))
      assert.equal((await (await started(t, { incoming: `file:${path}` })).machine.ended).status, 1, `${at} bytes`)
      const spoilt = Buffer.from(whole)
      spoilt[at]! ^= 0x10
      await writeFile(path, spoilt)
      assert.equal((await (await started(t, { incoming: `file:${path}` })).machine.ended).status, 1, `byte ${at}`)
    }
  })

  it('hands the images over: what was written is there, and only one side has them', {
    skip: missingProgram('qemu-img'),
  }, async (t) => {
    const directory = await folder(t)
    const image = join(directory, 'disk.qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M'])
    const uri = `unix:${join(directory, 'socket')}`
    const drives = [{ file: image, format: 'qcow2', if: 'ide', id: 'disk' }]
    const from = await started(t, { drives })
    const to = await started(t, { drives, incoming: uri })
    for (let cluster = 0; cluster < 40; cluster++) await from.io(`write -P ${cluster + 1} ${cluster * 97}k 64k`)
    await send(from, to, uri)
    for (let cluster = 0; cluster < 39; cluster++)
      assert.match(await to.io(`read -P ${cluster + 1} ${cluster * 97}k 64k`), /^read 65536/, `${cluster}`)
    await to.io('write -P 77 5M 128k')
    assert.match(await from.io('write -P 1 5M 64k'), /failed|Permission|No user/, 'the source has them no more')
    await assert.rejects(from.qmp.execute('cont'), /lock/)
    assert.equal(await runState(from), 'postmigrate')
    await to.close()
    await from.qmp.execute('cont') // the other side is gone: it may have them again
    await from.close()
    assert.match(`${execFileSync('qemu-img', ['check', image])}`, /No errors/)
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'read -P 77 5M 128k', '-c', 'read -P 40 3783k 64k', image])
  })

  it('fails while a backup has still to be written, and the guest and the backup go on', async (t) => {
    const directory = await folder(t)
    const [disk, target] = ['disk', 'target'].map((name) => join(directory, name))
    for (const path of [disk!, target!]) await writeFile(path, Buffer.alloc(1 << 20, path === disk ? 7 : 0))
    const from = await started(t, { drives: [{ file: disk!, format: 'raw', if: 'ide', id: 'd0' }] })
    const { qmp } = from
    await qmp.execute('blockdev-add', { driver: 'file', 'node-name': 'target', filename: target! })
    await qmp.execute('blockdev-backup', { device: 'd0', target: 'target', sync: 'full', speed: 1, 'job-id': 'b' })
    await qmp.execute('job-pause', { id: 'b' })
    const uri = `file:${join(directory, 'state')}`
    await qmp.execute('migrate', { uri })
    assert.equal(await ended(from), 'failed')
    const why = "Job 'b' (backup) has still to write to its image"
    assert.equal((await qmp.execute('query-migrate'))['error-desc'], why)
    assert.equal(await runState(from), 'running')
    await qmp.execute('block-job-set-speed', { device: 'b', speed: 0 })
    await qmp.execute('job-resume', { id: 'b' })
    while ((await qmp.execute('query-block-jobs')).length > 0);
    assert.deepEqual(await readFile(target!), await readFile(disk!))
    await qmp.execute('migrate', { uri })
    assert.equal(await ended(from), 'completed')
  })

  it('that is cancelled, or fails, leaves images and guest where they were', {
    skip: missingProgram('qemu-img'),
  }, async (t) => {
    const directory = await folder(t)
    const image = join(directory, 'disk.qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M'])
    const from = await started(t, { drives: [{ file: image, format: 'qcow2', if: 'ide', id: 'disk' }] })
    const { qmp } = from
    await qmp.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'pause-before-switchover', state: true }],
    })
    await qmp.execute('migrate', { uri: 'exec:cat > /dev/null' })
    while ((await qmp.execute('query-migrate')).status !== 'pre-switchover');
    await qmp.execute('migrate_cancel')
    assert.equal(await ended(from), 'cancelled')
    assert.equal(await runState(from), 'running')
    // A command that does not take the end: the images had been handed over.
    await qmp.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'pause-before-switchover', state: false }],
    })
    await qmp.execute('migrate', { uri: 'exec:cat > /dev/null; exit 3' })
    assert.equal(await ended(from), 'failed')
    assert.equal((await qmp.execute('query-migrate'))['error-desc'], 'The command has ended with exit status 3')
    assert.equal(await runState(from), 'running')
    assert.match(await from.io('write -P 5 0 64k'), /^wrote 65536/)
    await from.close()
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'read -P 5 0 64k', image])
  })

  it('keeps its state of devices in a file, and takes it from there', async (t) => {
    const file = join(await folder(t), 'devices')
    const vm = await started(t, {})
    await vm.qmp.execute('xen-save-devices-state', { filename: file })
    assert.equal(await runState(vm), 'running')
    await assert.rejects(vm.qmp.execute('xen-load-devices-state', { filename: file }), /while vm is running/)
    await vm.qmp.execute('stop')
    await vm.qmp.execute('xen-load-devices-state', { filename: file })
    await writeFile(file, 'QEVM')
    await assert.rejects(vm.qmp.execute('xen-load-devices-state', { filename: file }), /ends too early/)
  })
})
