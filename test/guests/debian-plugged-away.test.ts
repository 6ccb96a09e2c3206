/** A guest with devices that were plugged in goes on in another process, with what it had asked of them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connectQmp } from '../../src/index.ts'
import { DebianGuest, debianOptions } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'

const program = fileURLToPath(new URL('../../../bin/vmon.js', import.meta.url))
const devices = {
  disk: { driver: 'virtio-blk-pci', id: 'disk', drive: 'hot', addr: '8' },
  random: { driver: 'virtio-rng-pci', id: 'random', addr: '9' },
  mouse: { driver: 'virtio-mouse-pci', id: 'mouse', addr: 'a' },
} as const

const optionOf = (words: Readonly<Record<string, string>>): string =>
  Object.entries(words)
    .map(([name, value]) => `${name}=${value}`)
    .join()

/** Waits until there is something of that name in a folder. */
async function appears(folder: string, name: string): Promise<void> {
  for await (const { filename } of watch(folder)) if (filename === name) return
}

/** Who has made a socket listens soon. */
async function connected(path: string): ReturnType<typeof connectQmp> {
  for (;;) {
    try {
      return await connectQmp(path)
    } catch (error) {
      if (!String(error).includes('refused')) throw error
    }
  }
}

describe('Linux with three devices that were plugged in', { skip: noDebianGuest, timeout: 600_000 }, () => {
  it('goes on in a fresh process, in the middle of what it reads and writes', async (t: TestContext) => {
    await using guest = await DebianGuest.atPrompt()
    const { folder, disk, vm } = guest
    const image = join(folder, 'hot.img')
    await writeFile(image, Buffer.alloc(8 << 20))
    await vm.qmp.execute('blockdev-add', { driver: 'file', 'node-name': 'hot', filename: image })
    for (const device of Object.values(devices)) await vm.qmp.execute('device_add', device)
    const input = 'grep -q "Virtio Mouse" /proc/bus/input/devices'
    await guest.run(`until [ -b /dev/vda ] && [ -c /dev/hwrng ] && ${input}; do usleep 10000; done`)
    await guest.run('dd if=/dev/urandom of=/tmp/sample bs=64k count=32 2>/dev/null')
    // What is written comes back, or there is a word: again and again, also while the machine is saved.
    await guest.run(
      '(n=0; while [ ! -e /tmp/enough ]; do dd if=/tmp/sample of=/dev/vda bs=64k conv=fsync 2>/dev/null && echo 1 >/proc/sys/vm/drop_caches && dd if=/dev/vda bs=64k count=32 2>/dev/null | cmp - /tmp/sample || echo wrong >>/tmp/wrong; n=$((n+1)); echo $n >/tmp/rounds; done) &',
    )
    await guest.run('until [ -s /tmp/rounds ]; do usleep 10000; done')
    await vm.qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] })
    const saved = vm.qmp.waitForEvent('MIGRATION', ({ data }) => ['completed', 'failed'].includes(data.status))
    const state = join(folder, 'state')
    await vm.qmp.execute('migrate', { uri: `exec:cat >${state}` })
    assert.equal((await saved).data.status, 'completed')
    await vm.close()

    const [serial, qmpPath] = [join(folder, 'serial-2'), join(folder, 'qmp-2')]
    const own = await debianOptions({ disk, serial })
    const monitored = appears(folder, 'qmp-2') // the serial port listens before
    const child = spawn(
      process.execPath,
      [
        ...[program, '-m', String(own.memory), '-kernel', own.kernel, '-initrd', own.initrd, '-append', own.append],
        ...[
          '-drive',
          `file=${disk},format=raw,if=ide,index=0`,
          '-serial',
          own.serial,
          '-display',
          'none',
          '-qmp',
          `unix:${qmpPath},server=on,wait=off`,
        ],
        ...own.devices.flatMap((device) => ['-device', device]),
        ...['-blockdev', `file,node-name=hot,filename=${image}`],
        ...Object.values(devices).flatMap((device) => ['-device', optionOf(device)]),
        ...['-incoming', `exec:cat ${state}`],
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
    const over = once(child, 'exit')
    t.after(async () => {
      child.kill()
      await over
    })
    await monitored
    await using qmp = await connected(qmpPath)
    while ((await qmp.execute('query-status')).status !== 'running');
    const shell = await SerialShell.connect(serial)
    t.after(() => shell.close())
    const rounds = Number(await shell.run('cat /tmp/rounds'))
    await shell.run(`until [ $(cat /tmp/rounds) -gt ${rounds + 1} ]; do usleep 10000; done; touch /tmp/enough; wait`)
    assert.match(await shell.run('cat /tmp/wrong'), /No such file/)
    const [one, other] = (await shell.run('for i in 1 2; do head -c 16 /dev/hwrng | md5sum; done')).split('\n')
    assert.notEqual(one, other)
    const described = await shell.run('cat /proc/bus/input/devices')
    const handlers = described.split(/\r?\n\r?\n/).find((device) => device.includes('Virtio Mouse'))
    shell.type(`helper events /dev/input/${/\bevent\d+/.exec(handlers ?? '')![0]}\n`)
    await shell.until(/listening/)
    await qmp.execute('input-send-event', { events: [{ type: 'rel', data: { axis: 'y', value: 9 } }] })
    await shell.until(/^2 1 9\r?$/m)
    shell.type('\x03')
    await shell.run('true')
    for (const id of Object.keys(devices)) {
      const gone = qmp.waitForEvent('DEVICE_DELETED', ({ data }) => data.device === id)
      await qmp.execute('device_del', { id })
      await gone
    }
    assert.match(await shell.run('ls /dev/vda'), /No such file/)
  })
})
