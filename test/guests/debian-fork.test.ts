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
})
