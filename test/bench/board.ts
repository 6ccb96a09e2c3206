/** What the board costs: a Linux that idles at its prompt, and machines that come and go. */
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { startMachine } from '../../src/index.ts'
import { LinuxGuest } from '../guests/linux.ts'
import { atMost, printRows, type Row } from './report.ts'

const idleSeconds = 15
const cycles = 500

export async function benchBoard(): Promise<void> {
  printRows('Board', 'peer', [...(await linux()), ...(await comeAndGo())])
}

async function linux(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-bench-'))
  try {
    const begin = performance.now()
    await using guest = await LinuxGuest.start(folder)
    await guest.prompt()
    const boot = (performance.now() - begin) / 1000
    await pass(10_000) // what the boot has left to do, and V8 to compile
    const before = process.cpuUsage()
    await pass(idleSeconds * 1000)
    const { user, system } = process.cpuUsage(before)
    const percent = (user + system) / 1e4 / idleSeconds
    return [
      { name: 'Linux, start to prompt', unit: 's', ours: boot },
      { name: 'Linux idle at its prompt', unit: '% of a core', ours: percent, target: atMost(12, ' % of a core') },
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function comeAndGo(): Promise<Row[]> {
  const held = (): number => readdirSync('/proc/self/fd').length + readdirSync('/proc/self/task').length
  const cycle = async (): Promise<void> => {
    await using machine = await startMachine({ memory: '16M' })
    await machine.machine.board.ready
  }
  await cycle()
  const before = held()
  const begin = performance.now()
  for (let count = 0; count < cycles; count++) await cycle()
  return [
    { name: 'start and quit', unit: 'ms', ours: (performance.now() - begin) / cycles },
    { name: `descriptors and threads left by ${cycles}`, unit: '', ours: held() - before, target: atMost(0) },
  ]
}
