/** What is left of a guest's disk when the process that has it is killed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { qemuImg } from '../../src/block/formats/qcow2/image-fixture.ts'
import { createDisk } from '../../src/block/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { DebianGuest, diskBytes } from './debian-guest.ts'
import { noDebianGuest } from './debian-initrd.ts'
import { SerialShell } from './serial-shell.ts'

const runGuest = fileURLToPath(new URL('./run-guest.js', import.meta.url))
/** More by the environment: `VMON_GUEST_KILLS=50`. */
const kills = Number(process.env['VMON_GUEST_KILLS'] ?? 2)

/** What the guest writes: places of 64 KiB, one after the other, each full of its own number, and flushed. */
const placeBytes = 65536
const places = diskBytes / placeBytes
const placeOf = (number: number): number => ((number * 37) % places) * placeBytes
const load = (first: number): string =>
  `number=${first}; while :; do yes $number | dd of=/dev/sda bs=4096 count=${placeBytes / 4096} iflag=fullblock` +
  ` seek=$((number * 37 % ${places} * ${placeBytes / 4096})) conv=notrunc,fsync 2>/dev/null;` +
  ' echo "flushed $number"; number=$((number + 1)); done\n'

/** Lets a guest write, and kills it behind so many flushes. @returns the number of the last that it has told of */
async function killed(
  state: string,
  disk: string,
  { first, flushes, turns }: Record<'first' | 'flushes' | 'turns', number>,
) {
  const serial = `${disk}.serial`
  const child = spawn(process.execPath, [runGuest, state, disk, serial], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    const shell = await SerialShell.connect(serial)
    shell.type(load(first))
    await shell.until(new RegExp(`^flushed ${first + flushes - 1}\\r?$`, 'm'))
    for (let left = turns; left > 0; left--) await turn()
    const said = await shell.until(/./)
    shell.close()
    return Math.max(...[...said.matchAll(/^flushed (\d+)\r?$/gm)].map(([, number]) => Number(number)))
  } finally {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}

const skip = noDebianGuest || missingProgram('qemu-img')

describe('a qcow2 image whose guest is killed while it writes', { skip, timeout: 300_000 + kills * 30_000 }, () => {
  it('is sound, and has all that the guest has flushed', async () => {
    await using guest = await DebianGuest.atPrompt()
    const [state, disk] = [join(guest.folder, 'state'), join(guest.folder, 'disk.qcow2')]
    await guest.vm.qmp.execute('stop')
    await guest.vm.machine.save(state)
    await createDisk(disk, { format: 'qcow2', size: diskBytes, options: { cluster_size: 4096 } })
    let first = 1
    for (let round = 0; round < kills; round++) {
      const last = await killed(state, disk, { first, flushes: 3 + ((round * 5) % 13), turns: (round * 7919) % 4001 })
      const { code, out } = await qemuImg('check', '-f', 'qcow2', disk)
      assert.ok(code === 0 || code === 3, out) // 3: leaks alone
      await qemuImg('convert', '-f', 'qcow2', '-O', 'raw', disk, `${disk}.raw`)
      const bytes = await readFile(`${disk}.raw`)
      for (let number = Math.max(1, last - places + 2); number <= last; number++) {
        const wanted = Buffer.alloc(placeBytes, `${number}\n`)
        const found = bytes.subarray(placeOf(number), placeOf(number) + placeBytes)
        assert.ok(wanted.equals(found), `round ${round}: what was written and flushed as ${number} is not there`)
      }
      first = last + 1
    }
  })
})
