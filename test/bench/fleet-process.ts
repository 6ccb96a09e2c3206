/**
 * A process with many machines: `node fleet-process.js KIND COUNT FOLDER`. Prints what they took to start, then waits for a line on
 * standard input, asks all for their status, prints what that took, and ends when standard input does.
 *
 * KIND is `none` (machines that never execute) or `grub` (machines that run until GRUB shows its menu).
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connectQmp, type RunningMachine, startMachine } from '../../src/index.ts'

const [kind, count, folder] = [process.argv[2], Number(process.argv[3]), process.argv[4]!]
const rescueCd = '/usr/lib/grub-rescue/grub-rescue-cdrom.iso'
/** How many are started at once: enough to keep a processor busy. */
const atOnce = 16

const machines: RunningMachine[] = []
const lines = createInterface({ input: process.stdin })
const begin = performance.now()
const ids = Array.from({ length: count }, (_, index) => index)
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let id = ids.shift(); id !== undefined; id = ids.shift()) machines.push(await start(id))
  }),
)
console.log(JSON.stringify({ seconds: (performance.now() - begin) / 1000 }))
await once(lines, 'line')
const asked = performance.now()
const states = await Promise.all(machines.map(async ({ qmp }) => (await qmp.execute('query-status')).status))
console.log(
  JSON.stringify({
    seconds: (performance.now() - asked) / 1000,
    running: states.filter((s) => s === 'running').length,
  }),
)
await once(lines, 'close')
process.exit(0)

async function start(id: number): Promise<RunningMachine> {
  if (kind === 'none') return startMachine({ accel: 'none', memory: 1 })
  const socket = join(folder, `${process.pid}.${id}`)
  const vm = await startMachine({ cdrom: rescueCd, memory: 32, nics: [], qmp: `unix:${socket},server=on,wait=off` })
  await vm.screen.waitFor('GNU GRUB', { timeoutMs: 600_000 })
  await using client = await connectQmp(socket)
  await client.execute('query-status')
  return vm
}
