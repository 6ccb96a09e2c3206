/** A Linux that works is sent to another machine and back, and does not notice. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type RunningMachine, startMachine } from '../../src/index.ts'
import { DebianGuest, debianOptions } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'

/** How often the guest changes sides. */
const journeys = Number(process.env['VMON_JOURNEYS'] ?? 4)

async function ended({ qmp }: RunningMachine): Promise<string> {
  for (;;) {
    const { status } = await qmp.execute('query-migrate')
    if (status === 'completed' || status === 'failed' || status === 'cancelled') return status
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('Linux on its way', { skip: noDebianGuest, timeout: 600_000 }, () => {
  it('goes on counting, keeps its memory, writes its disk and reads it', async (t: TestContext) => {
    await using guest = await DebianGuest.atPrompt()
    const { folder, disk } = guest
    // Checksums of memory and disk, again and again: a wrong byte ends the loop with a word.
    await guest.run('dd if=/dev/urandom of=/tmp/sample bs=64k count=40 2>/dev/null; cp /tmp/sample /dev/sda; sync')
    await guest.run(
      '(n=0; while cmp -s /tmp/sample /tmp/copy || [ $n = 0 ]; do cp /tmp/sample /tmp/copy; n=$((n+1)); echo $n > /tmp/count; echo $n | dd of=/dev/sda bs=512 seek=20000 conv=notrunc 2>/dev/null; sync; done; echo wrong > /tmp/wrong) &',
    )
    let [vm, shell]: [RunningMachine, SerialShell] = [guest.vm, guest.shell]
    const closing: (() => Promise<void>)[] = []
    t.after(async () => {
      for (const close of closing) await close()
    })
    let counted = 0
    for (let journey = 1; journey <= journeys; journey++) {
      const way = join(folder, `way-${journey}`)
      const serial = join(folder, `serial-${journey}`)
      const uri = journey % 2 === 0 ? `unix:${way}` : 'tcp:127.0.0.1:0'
      const next = await startMachine({ ...(await debianOptions({ disk, serial })), incoming: uri })
      closing.push(() => next.close())
      const [address] = (await next.qmp.execute('query-migrate'))['socket-address'] ?? []
      const to = address?.type === 'inet' ? `tcp:127.0.0.1:${address.port}` : uri
      await vm.qmp.execute('migrate', { uri: to })
      assert.equal(await ended(vm), 'completed', (await vm.qmp.execute('query-migrate'))['error-desc'])
      assert.equal(await ended(next), 'completed')
      const { downtime, 'total-time': total, ram } = await vm.qmp.execute('query-migrate')
      t.diagnostic(
        `journey ${journey}: ${total} ms, of these ${downtime} ms still, ${ram?.['dirty-sync-count']} passes`,
      )
      await vm.close()
      const there = await SerialShell.connect(serial)
      closing.push(async () => there.close())
      const same = 'dd if=/dev/sda bs=64k count=40 2>/dev/null | cmp - /tmp/sample && echo same'
      const words = await there.run(`cat /tmp/count; cat /tmp/wrong 2>/dev/null; ${same}`)
      assert.match(words, /^\d+\nsame$/)
      const count = Number.parseInt(words, 10)
      assert.ok(count > counted, `${count} after ${counted}`)
      counted = count
      ;[vm, shell] = [next, there]
    }
    assert.doesNotMatch(await shell.run('dmesg | tail -5; ls /tmp'), /wrong/)
  })
})
