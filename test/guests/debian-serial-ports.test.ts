/** Ports of virtio-serial in Linux: channels, a console, and QEMU's guest agent on one of them. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingFile } from '../oracle/peers.ts'
import { filesOf, writeArchiveCd } from './archive-cd.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SocketPeer } from './socket-peer.ts'

const agent = '/usr/local/lib/vmon-peers/guest-agent-686'
const noAgent = missingFile(join(agent, 'complete'), 'qemu-guest-agent for i386')
const timeout = 900_000
/** More than all buffers on the way hold. */
const manyBytes = 1_500_000

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
const appeared = (path: string): string => `until [ -c ${path} ]; do sleep 0.1; done`

/** What the next event carries. */
async function data<T extends { readonly data?: object }>(events: AsyncIterator<T>): Promise<Record<string, unknown>> {
  return { ...(await events.next()).value?.data }
}

/** Adds a port that a unix socket is behind. @returns who is at the other end of it */
async function addPort({ vm, folder }: DebianGuest, id: string, device: Readonly<Record<string, unknown>>) {
  const path = join(folder, `${id}.sock`)
  const addr = { type: 'unix', data: { path } } as const
  await vm.qmp.execute('chardev-add', { id, backend: { type: 'socket', data: { addr, server: true, wait: false } } })
  await vm.qmp.execute('device_add', { driver: 'virtserialport', id, chardev: id, ...device })
  return () => SocketPeer.connect(path)
}

describe('ports of virtio-serial in Linux', { skip: noDebianGuest, timeout }, () => {
  it('come, carry bytes both ways, hold back, and go; the guest’s console is one', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const changes = qmp.events({ names: ['VSERPORT_CHANGE'] })[Symbol.asyncIterator]()
    const gone = qmp.events({ names: ['DEVICE_DELETED'] })[Symbol.asyncIterator]()
    await qmp.execute('device_add', { driver: 'virtio-serial-pci', id: 's' })
    const join = await addPort(guest, 'p', { name: 'org.test.0' })
    await guest.run(appeared('/dev/vport0p1'))
    assert.equal(await guest.run('cat /sys/class/virtio-ports/vport0p1/name'), 'org.test.0')

    const peer = await join()
    const listens = async (): Promise<boolean | undefined> =>
      (await qmp.execute('query-chardev')).find(({ label }) => label === 'p')?.['frontend-open']
    assert.equal(await listens(), false)
    await guest.run('(read line; echo got:$line) </dev/vport0p1 >/tmp/got & sleep 0')
    assert.deepEqual(await data(changes), { id: 'p', open: true })
    assert.equal(await listens(), true)
    peer.send('hello\n')
    assert.equal((await guest.run('wait; cat /tmp/got')).split('\n')[0], 'got:hello')
    assert.deepEqual(await data(changes), { id: 'p', open: false })

    await guest.run(`head -c ${manyBytes} /dev/urandom >/tmp/many; cat /tmp/many >/dev/vport0p1 & sleep 0`)
    const read = await peer.bytes(manyBytes)
    assert.equal((await guest.run('wait >/dev/null; md5sum </tmp/many')).split(' ')[0], md5(read))
    const sent = randomBytes(manyBytes)
    peer.send(sent)
    const sum = await guest.run(`head -c ${manyBytes} </dev/vport0p1 | md5sum`)
    assert.equal(sum.split(' ')[0], md5(sent))

    await qmp.execute('chardev-add', { id: 'con', backend: { type: 'ringbuf', data: {} } })
    await qmp.execute('device_add', { driver: 'virtconsole', id: 'con', chardev: 'con' })
    await guest.run(`${appeared('/dev/hvc0')}; echo shown >/dev/hvc0`)
    // The guest's console writes by and by, after `echo` has ended.
    let shown = ''
    while (!shown.endsWith('\n')) shown += await qmp.execute('ringbuf-read', { device: 'con', size: 100 })
    assert.equal(shown.trim(), 'shown')

    await qmp.execute('device_del', { id: 'p' })
    assert.deepEqual(await data(gone), { device: 'p', path: '/machine/peripheral/p' })
    await guest.run('while [ -c /dev/vport0p1 ]; do sleep 0.1; done')
    await qmp.execute('chardev-remove', { id: 'p' })
    await qmp.execute('device_del', { id: 's' })
    for (const path of ['con', 's/virtio-backend', 's'])
      assert.equal((await data(gone)).path, `/machine/peripheral/${path}`)
    assert.match(await guest.run('ls /dev/hvc0; echo alive'), /alive/)
    peer.close()
  })

  it('QEMU’s guest agent answers, runs programs, reads files and shuts the guest down', { skip: noAgent }, async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const changes = qmp.events({ names: ['VSERPORT_CHANGE'] })[Symbol.asyncIterator]()
    await qmp.execute('device_add', { driver: 'virtio-serial-pci', id: 's' })
    const connect = await addPort(guest, 'agent', { name: 'org.qemu.guest_agent.0' })
    const cd = join(guest.folder, 'agent.iso')
    await writeArchiveCd(cd, await filesOf(agent))
    await qmp.execute('blockdev-change-medium', { device: 'ide1-cd0', filename: cd, format: 'raw' })
    await guest.run(
      'mkdir /tmp/ga; until cd /tmp/ga && cpio -id </dev/sr0 2>/dev/null && [ -s qemu-ga ]; do :; done; cd /',
    )
    const peer = await connect()
    await guest.run(appeared('/dev/vport0p1'))
    const run = '/tmp/ga/ld-linux.so.2 --library-path /tmp/ga /tmp/ga/qemu-ga -t /tmp -f /tmp/ga.pid'
    await guest.run(`${run} -d -m virtio-serial -p /dev/vport0p1 >/tmp/ga.log 2>&1`)
    assert.deepEqual(await data(changes), { id: 'agent', open: true })
    const ask = async (execute: string, arguments_: object = {}): Promise<any> => {
      peer.send(`${JSON.stringify({ execute, arguments: arguments_ })}\n`)
      const answer = JSON.parse(await peer.line())
      assert.ok('return' in answer, JSON.stringify(answer))
      return answer.return
    }
    assert.equal(await ask('guest-sync', { id: 4711 }), 4711)
    assert.deepEqual(await ask('guest-ping'), {})
    assert.match((await ask('guest-info')).version, /^7\.2\./)
    const { pid } = await ask('guest-exec', { path: '/bin/echo', arg: ['from inside'], 'capture-output': true })
    let status = await ask('guest-exec-status', { pid })
    while (!status.exited) status = await ask('guest-exec-status', { pid })
    assert.deepEqual([status.exitcode, Buffer.from(status['out-data'], 'base64').toString()], [0, 'from inside\n'])
    await guest.run('echo written in the guest >/tmp/file')
    const handle = await ask('guest-file-open', { path: '/tmp/file', mode: 'r' })
    const { 'buf-b64': text } = await ask('guest-file-read', { handle })
    assert.equal(Buffer.from(text, 'base64').toString(), 'written in the guest\n')
    await ask('guest-file-close', { handle })
    await guest.run('kill $(cat /tmp/ga.pid)')
    assert.deepEqual(await data(changes), { id: 'agent', open: false })

    await guest.run(`${run} -d -m virtio-serial -p /dev/vport0p1 >>/tmp/ga.log 2>&1`)
    assert.deepEqual(await data(changes), { id: 'agent', open: true })
    assert.equal(await ask('guest-sync', { id: 4712 }), 4712)
    await guest.run('mkdir -p /sbin; ln -s /bin/shutdown /sbin/; printf "#!/bin/sh\nexec poweroff -f\n" >/bin/shutdown')
    await guest.run('chmod +x /bin/shutdown')
    await qmp.execute('set-action', { shutdown: 'pause' })
    const over = qmp.event('SHUTDOWN')
    peer.send(`${JSON.stringify({ execute: 'guest-shutdown' })}\n`) // is not answered: the agent goes with the guest
    assert.deepEqual((await over).data, { guest: true, reason: 'guest-shutdown' })
    assert.equal((await qmp.execute('query-status')).status, 'shutdown')
    peer.close()
    await writeFile(cd, '')
  })
})
