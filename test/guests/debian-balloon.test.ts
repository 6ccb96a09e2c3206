/** Memory that Linux gives back, and random numbers that it gets. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const timeout = 900_000
const mebibyte = 2 ** 20
const options = { devices: ['virtio-balloon-pci,id=b', 'virtio-rng-pci'] }

/**
 * What the process holds of the guest's memory, in bytes: the only mapping so large. What the heaps hold besides comes
 * and goes with their garbage.
 */
async function heldBytes(): Promise<number> {
  const mappings = (await readFile('/proc/self/smaps', 'latin1')).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const bytes = (mapping: string, field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(mapping)?.[1]) * 1024
  const guests = mappings.filter((mapping) => / rw/.test(mapping) && bytes(mapping, 'Size') >= 128 * mebibyte)
  assert.equal(guests.length, 1)
  return bytes(guests[0]!, 'Rss')
}

describe('a guest with a balloon', { skip: noDebianGuest, timeout }, () => {
  it('gives memory back, which goes back to the host, and gets it again', async (t) => {
    await using guest = await DebianGuest.atPrompt(options)
    const { qmp } = guest.vm
    const total = async (): Promise<number> =>
      Number(/\d+/.exec(await guest.run('grep MemTotal /proc/meminfo'))![0]) * 1024
    const changes = qmp.events({ names: ['BALLOON_CHANGE'] })[Symbol.asyncIterator]()
    const reach = async (bytes: number): Promise<void> => {
      await qmp.execute('balloon', { value: bytes })
      while (((await changes.next()).value?.data as { actual?: number } | undefined)?.actual !== bytes);
      assert.equal((await qmp.execute('query-balloon')).actual, bytes)
    }
    assert.equal((await qmp.execute('query-balloon')).actual, 128 * mebibyte)
    // Memory that has been used, and is not any more.
    await guest.run(
      'mkdir -p /tmp/m; mount -t tmpfs m /tmp/m; dd if=/dev/zero of=/tmp/m/f bs=1M count=76 2>/dev/null; umount /tmp/m',
    )
    const [before, held] = [await total(), await heldBytes()]
    await reach(88 * mebibyte)
    const [after, heldAfter] = [await total(), await heldBytes()]
    t.diagnostic(
      `MemTotal ${before / mebibyte} to ${after / mebibyte} MiB, the process ${(held - heldAfter) / mebibyte}`,
    )
    assert.equal(before - after, 40 * mebibyte)
    assert.ok(held - heldAfter >= 0.8 * 40 * mebibyte, `${held} bytes became ${heldAfter}`)
    await reach(128 * mebibyte)
    assert.equal(await total(), before)
    assert.equal(await guest.run('head -c 30000000 /dev/zero | md5sum | cut -c1-4; echo alive'), '9e62\nalive')
  })

  it('says how much memory it uses, as often as it is asked', async () => {
    await using guest = await DebianGuest.atPrompt(options)
    const { qmp } = guest.vm
    const path = '/machine/peripheral/b'
    await qmp.execute('qom-set', { path, property: 'guest-stats-polling-interval', value: 1 })
    const stats = async () =>
      (await qmp.execute('qom-get', { path, property: 'guest-stats' })) as {
        'last-update': number
        stats: Record<string, number | bigint>
      }
    while ((await stats())['last-update'] === 0) await guest.run('true')
    const free = Number((await stats()).stats['stat-free-memory'])
    assert.ok(free > mebibyte && free < 128 * mebibyte, `${free} bytes are free`)
  })

  it('gets random numbers from the host', async () => {
    await using guest = await DebianGuest.atPrompt(options)
    assert.match(await guest.run('cat /sys/class/misc/hw_random/rng_current'), /^virtio_rng/)
    assert.match(await guest.run('head -c 5000 /dev/hwrng | wc -c'), /^5000/)
    const [one, other] = (await guest.run('for i in 1 2; do head -c 16 /dev/hwrng | md5sum; done')).split('\n')
    assert.notEqual(one, other)
  })
})
