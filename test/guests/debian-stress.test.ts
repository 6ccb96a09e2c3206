/**
 * stress-ng inside Debian's Linux, which checks what it calculates, what memory keeps, and how processes come and go.
 *
 * VMON_STRESS=5 lets each method of `--cpu` and each other part run for that many seconds; the suite runs all methods in
 * a row, a little of each, and the one of which v86 makes the longest code.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingFile } from '../oracle/peers.ts'
import { filesOf, writeArchiveCd } from './archive-cd.ts'
import { DebianGuest } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'

const folder = '/usr/local/lib/vmon-peers/stress-ng-686'
const seconds = Number(process.env['VMON_STRESS'] ?? 0)
const skip = noDebianGuest || missingFile(join(folder, 'complete'), 'stress-ng for i386')

/** What is run always: the arguments, and how much of it without VMON_STRESS. */
const parts: readonly (readonly [arguments_: string, few: string])[] = [
  ['--cpu 1 --cpu-method ackermann', '--cpu-ops 1'],
  ['--cpu 1 --cpu-method all', '--cpu-ops 40'],
  ['--vm 1 --vm-bytes 4m --vm-method all', '--vm-ops 200'],
  ['--fork 1', '--fork-ops 20'],
  ['--switch 1', '--switch-ops 500'],
]

describe('stress-ng finds nothing wrong', { skip, timeout: 300_000 + seconds * 150_000 }, () => {
  it('with the processor, memory, processes and switches between them', async (t) => {
    await using guest = await DebianGuest.atPrompt()
    const cd = join(guest.folder, 'stress.iso')
    await writeArchiveCd(cd, await filesOf(folder))
    await guest.vm.qmp.execute('blockdev-change-medium', { device: 'ide1-cd0', filename: cd, format: 'raw' })
    await guest.run(
      'mkdir /tmp/stress; until cd /tmp/stress && cpio -id </dev/sr0 2>/dev/null && [ -s stress-ng ]; do :; done',
    )
    const run = (words: string): Promise<string> =>
      guest.run(`./ld-linux.so.2 --library-path . ./stress-ng --temp-path /tmp --verify ${words} 2>&1; echo status $?`)
    const methods = seconds === 0 ? [] : await methodsOfCpu(guest)
    const runs = [
      ...parts.map(([words, few]) => `${words} ${seconds === 0 ? few : `-t ${seconds}`}`),
      ...methods.map((method) => `--cpu 1 --cpu-method ${method} -t ${seconds}`),
    ]
    for (const words of runs) {
      const said = await run(words)
      assert.match(said, /status 0$/, `${words}: ${said}`)
      assert.doesNotMatch(said, /fail:|error:/, words)
      t.diagnostic(`${words}: ${/completed in ([\d.]+s)/.exec(said)?.[1]}`)
    }
    assert.equal((await guest.vm.qmp.execute('query-status')).status, 'running')
  })
})

/** The names that `--cpu-method` takes. */
async function methodsOfCpu(guest: DebianGuest): Promise<string[]> {
  const said = await guest.run('./ld-linux.so.2 --library-path . ./stress-ng --cpu 1 --cpu-method which 2>&1')
  const methods = said
    .replace(/^[^:]*:/s, '')
    .trim()
    .split(/\s+/)
  assert.ok(methods.length > 50, said)
  return methods
}
