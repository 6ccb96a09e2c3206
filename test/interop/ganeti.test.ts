/** What Ganeti's KVM hypervisor asks of the program that it is told to start: a small imitation of it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { connectQmp } from '../../src/index.ts'
import { qemu, vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'

const run = promisify(execFile)
const prompt = '(qemu) '
const uuid = '5ae1a2c0-7d35-4f3c-9f0e-3a2b1c0d9e8f'

/** One command through socat: what the human monitor says until it asks for the next. */
async function told(path: string, command: string): Promise<string> {
  const monitor = connect(path)
  try {
    const banner = await untilPrompt(monitor)
    monitor.write(`${command}\n`)
    return banner + (await untilPrompt(monitor))
  } finally {
    monitor.destroy()
  }
}

async function untilPrompt(monitor: Socket): Promise<string> {
  let text = ''
  for await (const chunk of monitor.iterator({ destroyOnReturn: false })) {
    text += chunk
    if (text.endsWith(prompt)) break
  }
  return text
}

for (const { name, command, skip } of [vmon, qemu]) {
  describe(`Ganeti's KVM hypervisor with ${name}`, { skip }, () => {
    it('reads help, versions, machines and devices', async () => {
      const [program, ...words] = command as [string, ...string[]]
      const says = async (...more: readonly string[]) => (await run(program, [...words, ...more])).stdout
      const help = await says('--help')
      for (const option of ['qmp', 'netdev', 'display', 'machine', 'uuid', 'smp', 'chroot', 'runas'])
        assert.match(help, new RegExp(`^-${option}\\b`, 'm'))
      assert.match(help.split('\n')[0]!, /\b\d+\.\d+(\.\d+)?\b/)
      assert.equal(/^(\S+).*\(default\)/m.exec(await says('-machine', '?'))?.[1], 'pc-i440fx-7.2')
      const devices = await says('-device', '?')
      for (const device of ['virtio-blk-pci', 'virtio-net-pci', 'virtio-balloon-pci'])
        assert.match(devices, new RegExp(`^name "${device}"`, 'm'))
    })

    it('starts an instance in the background, asks it, and ends it', async (t) => {
      await using parent = await Server.start(
        [
          ...command,
          ...['-name', 'instance', '-m', '128', '-smp', '1', '-pidfile', 'pid', '-device', 'virtio-balloon'],
          ...['-daemonize', '-machine', 'pc-i440fx-7.2', '-monitor', 'unix:monitor,server,nowait'],
          ...['-serial', 'unix:serial,server,nowait'],
          ...['-qmp', 'unix:qmp,server,nowait', '-qmp', 'unix:kvmd,server,nowait', '-S', '-uuid', uuid],
          ...['-boot', 'c', '-device', 'virtio-blk-pci,drive=hotdisk,id=disk,addr=0xd', '-vnc', 'unix:vnc'],
          ...['-drive', 'file=disk.img,format=raw,if=none,aio=threads,id=hotdisk,cache=none'],
        ],
        ['truncate -s 1M disk.img'],
      )
      assert.equal((await parent.ended()).status, 0)
      const pid = Number(await readFile(parent.path('pid'), 'utf8'))
      t.after(() => {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {} // it has ended
      })
      const ask = (text: string): Promise<string> => told(parent.path('monitor'), text)
      assert.match(await ask('info version'), /^QEMU \d+\.\d+(\.\d+)? .*monitor/m)
      assert.equal(Number.isInteger(Number(/thread_id=(\d+)/.exec(await ask('info cpus'))?.[1])), true)
      await ask('balloon 64')
      await using client = await connectQmp(parent.path('qmp'))
      assert.deepEqual(await client.execute('query-status'), { status: 'prelaunch', singlestep: false, running: false })
      assert.equal((await client.execute('query-uuid')).UUID, uuid)
      const functions = (await client.execute('query-pci'))[0]!.devices.map(({ qdev_id }) => qdev_id)
      assert.ok(functions.includes('disk'))
      await client.execute('netdev_add', { type: 'user', id: 'hotnic' })
      await client.execute('device_add', { driver: 'virtio-net-pci', id: 'nic', netdev: 'hotnic', addr: '0xe' })
      await ask('cont')
      assert.equal((await client.execute('query-status')).running, true)
      const pressed = client.waitForEvent('POWERDOWN', () => true)
      await ask('system_powerdown')
      await pressed
      const over = client.waitForEvent('SHUTDOWN', () => true)
      const monitor = connect(parent.path('monitor'))
      monitor.write('quit\n')
      await over
      monitor.destroy()
    })
  })
}
