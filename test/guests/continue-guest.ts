/**
 * Carries a saved Debian guest on for a while in a process of its own, and saves it again:
 *
 *     node continue-guest.js STATE DISK
 *
 * Prints what the guest's memory and disk tests have said, as JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMachine } from '../../src/index.ts'
import { debianOptions } from './debian-guest.ts'
import { SerialShell } from './serial-shell.ts'

const [state, disk] = process.argv.slice(2) as [string, string]
const folder = await mkdtemp(join(tmpdir(), 'vmon-continue-'))
try {
  const serial = join(folder, 'serial')
  await using vm = await startMachine(await debianOptions({ disk, serial }), { savedState: state })
  const shell = await SerialShell.connect(serial)
  const lines = Number(await shell.run('grep -c . /tmp/disk'))
  await shell.run(`while [ $(grep -c . /tmp/disk) -lt ${lines + 2} ]; do usleep 50000; done`)
  const found = { memory: (await shell.run('tail -n 1 /tmp/memory')).trim(), disk: await shell.run('cat /tmp/disk') }
  await vm.qmp.execute('stop')
  await vm.machine.save(state)
  shell.close()
  process.stdout.write(JSON.stringify(found))
} finally {
  await rm(folder, { recursive: true })
}
