/** The tree of objects, looked through while Linux works. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunningMachine } from '../../src/index.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 300_000
const rounds = 20
/** What goes on by itself. */
const clock = new Set(['/machine rtc-time', '/machine/unattached/device[10] date'])
/** Properties that say nothing, in QEMU as well. */
const unreadable = /\.legacy-i8042' is not readable$/

type Qmp = RunningMachine['qmp']

/** Every property of every object, by path and name. */
async function read(qmp: Qmp, path = '/'): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>()
  for (const { name: property, type } of await qmp.execute('qom-list', { path })) {
    const value = await qmp.execute('qom-get', { path, property }).catch((error: Error) => {
      assert.match(error.message, unreadable)
    })
    values.set(`${path} ${property}`, clock.has(`${path} ${property}`) ? undefined : value)
    if (!type.startsWith('child<')) continue
    for (const [inner, below] of await read(qmp, path === '/' ? `/${property}` : `${path}/${property}`))
      values.set(inner, below)
  }
  return values
}

describe('while Linux works', { skip: noDebianGuest, timeout }, () => {
  it('every property of every object can be read again and again, and nothing changes for the guest', async () => {
    await using guest = await DebianGuest.atPrompt()
    const { qmp } = guest.vm
    const sum = 'dd if=/dev/sda bs=64k 2>/dev/null | md5sum'
    const expected = await guest.run(sum)
    const before = await read(qmp)
    assert.ok(before.size > 300, `${before.size} properties`)
    const working = (async () => {
      for (let round = 0; round < 3; round++) assert.equal(await guest.run(sum), expected)
    })()
    for (let round = 0; round < rounds; round++) assert.deepEqual(await read(qmp), before)
    await working
    assert.equal(await guest.run('dmesg'), '', 'the kernel has noticed nothing')
    const date = await qmp.execute('qom-get', { path: '/machine', property: 'rtc-time' })
    const shown = await guest.run('cat /sys/class/rtc/rtc0/date')
    const { tm_year: year, tm_mon: month, tm_mday: day } = date as Record<string, number>
    assert.equal(shown, new Date(Date.UTC(1900 + year!, month!, day!)).toISOString().slice(0, 10))
  })
})
