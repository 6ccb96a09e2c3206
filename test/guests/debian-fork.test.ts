/** A Linux that works is forked again and again: each goes on with what it had, and with a disk of its own. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { ForkedMachine, RunningMachine } from '../../src/index.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

/** How many forks there are. */
const count = Number(process.env['VMON_FORKS'] ?? 3)

/** Types a command at a fork's shell and returns what it writes. */
async function run({ serial }: RunningMachine, command: string): Promise<string> {
  const [line] = serial
  await line!.write(`echo be''gin; ${command}; echo e''nd\n`)
  const [, said] = await line!.waitFor(/begin\r\n([\s\S]*?)end\r\n/, { timeoutMs: 60_000 })
  return said!.replaceAll('\r', '').trim()
}

const cards = ['ib700', 'pvpanic', 'e1000,netdev=n0,id=nic0,addr=3']

describe('Linux that is forked', { skip: noDebianGuest, timeout: 600_000 }, () => {
  it('goes on in each fork with its memory, and writes a disk of its own', async (t) => {
    await using guest = await DebianGuest.atPrompt()
    const { vm, folder } = guest
    await guest.run('dd if=/dev/urandom of=/tmp/sample bs=64k count=40 2>/dev/null; cp /tmp/sample /dev/sda; sync')
    const sum = await guest.run('md5sum < /tmp/sample')
    const forks: ForkedMachine[] = []
    t.after(async () => {
      await Promise.all(forks.map((fork) => fork.close()))
    })
    for (let number = 1; number <= count; number++) {
      const start = performance.now()
      forks.push(await vm.fork({ folder: join(folder, 'forks') }))
      t.diagnostic(`fork ${number}: ${Math.round(performance.now() - start)} ms`)
    }
    const start = performance.now()
    forks.push(...(await Promise.all([1, 2].map(() => vm.fork({ folder: join(folder, 'forks') })))))
    t.diagnostic(`two at once: ${Math.round(performance.now() - start)} ms`)
    const write = (number: number): string =>
      `echo ${number} > /tmp/own; yes ${number} | dd of=/dev/sda bs=4k count=8 seek=1000 conv=notrunc 2>/dev/null; sync`
    await guest.run(write(0))
    await Promise.all(forks.map((fork, index) => run(fork, write(index + 1))))
    const look =
      'cat /tmp/own; dd if=/dev/sda bs=4k skip=1000 count=1 2>/dev/null | head -n 1; md5sum < /tmp/sample; dd if=/dev/sda bs=64k count=40 2>/dev/null | md5sum'
    assert.equal(await guest.run(look), `0\n0\n${sum}\n${sum}`)
    for (const [index, fork] of forks.entries())
      assert.equal(await run(fork, look), `${index + 1}\n${index + 1}\n${sum}\n${sum}`)
  })

  it('knows that it is a fork: its generation is another, and its random numbers and its address are its own', async () => {
    const guid = '324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87'
    const netdevs = ['user,id=n0']
    await using guest = await DebianGuest.atPrompt({ netdevs, devices: [...cards, `vmgenid,guid=${guid}`] })
    const { vm } = guest
    assert.match(await guest.run('cat /sys/bus/acpi/devices/QEMUVGID:00/path'), /VGEN/)
    const reseeded = 'dmesg | grep -c "reseeded due to virtual machine fork"'
    assert.equal(await guest.run(reseeded), '0')
    const mac = '52:54:00:ab:cd:ef'
    await using fork = await vm.fork({ folder: join(guest.folder, 'forks'), macs: { n0: mac }, rtcBase: '2031-02-03' })
    assert.equal(await run(fork, `while [ $(${reseeded}) = 0 ]; do sleep 0.1; done; ${reseeded}`), '1')
    assert.equal(await guest.run(reseeded), '0')
    assert.equal((await vm.qmp.execute('query-vm-generation-id')).guid, guid)
    assert.notEqual((await fork.qmp.execute('query-vm-generation-id')).guid, guid)
    assert.match(await run(fork, 'cat /proc/driver/rtc'), /rtc_date\s*: 2031-02-03/)
    const address = 'cat /sys/class/net/eth0/address'
    assert.equal(await run(fork, address), await guest.run(address))
    const again =
      'echo 0000:00:03.0 > /sys/bus/pci/drivers/e1000/unbind; echo 0000:00:03.0 > /sys/bus/pci/drivers/e1000/bind'
    assert.equal(await run(fork, `${again}; ${address}`), mac)
  })
})
