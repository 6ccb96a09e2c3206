/** A Linux that works is kept inside its disk's image, goes back to where it was, and does not notice. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { DebianGuest, debianOptions, withQcow2 } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'

/** How often the guest is kept. */
const rounds = Number(process.env['VMON_SNAPSHOT_ROUNDS'] ?? 3)

async function hmp({ qmp }: RunningMachine, line: string): Promise<string> {
  return qmp.execute('human-monitor-command', { 'command-line': line })
}

/** What the loop has counted; the memory and the disk that it writes are sound. */
async function counted(shell: SerialShell): Promise<number> {
  const same =
    'echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/sda bs=64k count=40 2>/dev/null | cmp - /tmp/sample && echo same'
  const words = await shell.run(`cat /tmp/count; cat /tmp/wrong 2>/dev/null; ${same}`)
  assert.match(words, /^\d+\nsame$/)
  return Number.parseInt(words, 10)
}

/** The last number that is on the disk. */
async function onDisk(shell: SerialShell): Promise<number> {
  return Number.parseInt(
    await shell.run(
      'echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/sda bs=512 skip=20000 count=1 2>/dev/null | head -1',
    ),
    10,
  )
}

describe('Linux inside its image', { skip: noDebianGuest || missingProgram('qemu-img'), timeout: 600_000 }, () => {
  it('goes back to where it was, with memory and disk, here and in another process', async (t) => {
    await using guest = await DebianGuest.atPrompt({}, { qcow2: true })
    const { vm, shell, disk, folder } = guest
    await guest.run('dd if=/dev/urandom of=/tmp/sample bs=64k count=40 2>/dev/null; cp /tmp/sample /dev/sda; sync')
    // The disk never has a larger number than memory, nor one that is much smaller.
    await guest.run(
      '(n=0; while cmp -s /tmp/sample /tmp/copy || [ $n = 0 ]; do cp /tmp/sample /tmp/copy; n=$((n+1)); echo $n > /tmp/next; mv /tmp/next /tmp/count; echo $n | dd of=/dev/sda bs=512 seek=20000 conv=notrunc 2>/dev/null; sync; done; echo wrong > /tmp/wrong) &',
    )
    await guest.run('until [ -s /tmp/count ]; do sleep 1; done')
    const counts: number[] = []
    for (let round = 1; round <= rounds; round++) {
      counts.push(await counted(shell))
      const begin = performance.now()
      assert.equal(await hmp(vm, `savevm s${round}`), '')
      t.diagnostic(`savevm ${round}: ${Math.round(performance.now() - begin)} ms`)
      assert.equal((await vm.qmp.execute('query-status')).status, 'running')
    }
    const now = await counted(shell)
    assert.ok(now > counts.at(-1)!, `${now} after ${counts}`)
    const listed = execFileSync('qemu-img', ['snapshot', '-lU', disk], { encoding: 'utf8' })
    assert.equal(listed.match(/^\d+ +s\d+ +[\d.]+ MiB /gm)?.length, rounds, listed)
    for (const round of [1, rounds]) {
      const begin = performance.now()
      assert.equal(await hmp(vm, `loadvm s${round}`), '')
      t.diagnostic(`loadvm ${round}: ${Math.round(performance.now() - begin)} ms`)
      const number = await onDisk(shell)
      const count = await counted(shell)
      assert.ok(count >= counts[round - 1]!, `${count}, but it was kept at ${counts[round - 1]}`)
      assert.ok(number >= counts[round - 1]! - 1, `${number} on the disk, but it was kept at ${counts[round - 1]}`)
    }
    await vm.close()
    const serial = join(folder, 'other')
    await using other = await startMachine({ ...withQcow2(await debianOptions({ disk, serial })), loadvm: 's1' })
    const there = await SerialShell.connect(serial)
    try {
      const count = await counted(there)
      assert.ok(count >= counts[0]!, `${count} after ${counts[0]}`)
      assert.equal(await hmp(other, 'delvm s1'), '')
    } finally {
      there.close()
    }
    await other.close()
    execFileSync('qemu-img', ['check', '-q', disk])
  })
})
