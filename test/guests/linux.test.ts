/** Debian's kernel on vmon, started by `-kernel` and `-initrd`, with a shell on its serial line. One boot for all. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pass } from 'node:timers/promises'
import { missingFile } from '../oracle/peers.ts'
import { debian, LinuxGuest } from './linux.ts'
import { longText, sendKeys } from './long-text.ts'

const timeout = 240_000
const banner = 'Linux version 6.1'
/** Where a 32-bit kernel sees the begin of RAM. */
const lowMemory = 0xc0000000
/** What the machine has of it. */
const ramBytes = 128 << 20
const megabyte = 1 << 20

describe('Linux', { skip: missingFile(debian.kernel, debian.package), timeout: 4 * timeout }, () => {
  let folder: string
  let linux: LinuxGuest

  before(
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'vmon-linux-'))
      linux = await LinuxGuest.start(folder)
      await linux.prompt()
    },
    { timeout },
  )
  after(async () => {
    await linux?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('boots to a shell that answers what is typed', { timeout }, async () => {
    assert.equal(await linux.run('echo hello-$((6*7))'), 'hello-42')
    await linux.run('mount -t proc proc /proc; mount -t sysfs sys /sys')
    assert.match(await linux.run('cat /proc/version'), /^Linux version 6\.1/)
  })

  it('finds the devices of the PC where QEMU has them', { timeout }, async () => {
    const devices = await linux.run('ls -1 /sys/bus/pci/devices')
    for (const slot of ['00:00.0', '00:01.0', '00:01.1', '00:01.3', '00:02.0']) {
      assert.ok(devices.includes(`0000:${slot}`), `${slot} is missing in ${devices}`)
    }
  })

  it('has its banner in memory, at the address that it uses and at the one that the bus uses', {
    timeout,
  }, async () => {
    const text = await linux.run('cat /proc/version')
    assert.ok(text.startsWith(banner), text)
    const [image, virtual, physical] = ['image', 'virtual', 'physical'].map((name) => join(folder, `${name}.bin`))
    await linux.vm.qmp.execute('pmemsave', { val: 0, size: ramBytes, filename: image! })
    const address = (await readFile(image!)).indexOf(text, megabyte) // the kernel unpacks itself to where it likes
    assert.ok(address > 0, 'the kernel has its banner')
    const size = 4096
    await linux.vm.qmp.execute('pmemsave', { val: address, size, filename: physical! })
    await linux.vm.qmp.execute('memsave', { val: lowMemory + address, size, filename: virtual! })
    const [seen, held] = await Promise.all([readFile(virtual!), readFile(physical!)])
    assert.equal(seen.length, size)
    assert.equal(seen.toString('latin1', 0, text.length), text)
    assert.deepEqual(held, seen)
  })

  it('reads no time that it has not lived through', { timeout }, async () => {
    const uptime = async (): Promise<number> => Number.parseFloat(await linux.run('cat /proc/uptime'))
    const { qmp } = linux.vm
    const begin = performance.now()
    const first = await uptime()
    await qmp.execute('stop')
    const stopped = performance.now()
    await pass(1500) // the time that must not count
    const going = performance.now()
    await qmp.execute('cont')
    const passed = (await uptime()) - first
    const outside = (stopped - begin + (performance.now() - going)) / 1000
    assert.ok(passed <= outside + 0.02, `${passed} s inside, ${outside} s outside`)
  })

  it('gets four hundred characters in order that send-key was given at once', { timeout }, async () => {
    await linux.run('mount -t devtmpfs dev /dev; (read -r line </dev/tty1; echo "$line" >/tmp/typed) &')
    await sendKeys(linux.vm.qmp, `${longText}\n`)
    assert.equal(await linux.run('wait; cat /tmp/typed'), longText)
  })

  it('boots again when it reboots', { timeout }, async () => {
    const reset = linux.vm.qmp.event('RESET')
    linux.type('echo b > /proc/sysrq-trigger\n')
    assert.deepEqual({ ...(await reset).data }, { guest: true, reason: 'guest-reset' })
    await linux.prompt()
    assert.equal(await linux.run('echo again-$((6*7))'), 'again-42')
  })

  it('ends the machine when it switches itself off', { timeout }, async () => {
    const shutdown = linux.vm.qmp.event('SHUTDOWN')
    linux.type('poweroff -f\n')
    assert.deepEqual({ ...(await shutdown).data }, { guest: true, reason: 'guest-shutdown' })
    assert.deepEqual(await linux.vm.machine.ended, { reason: 'guest-shutdown' })
  })
})
