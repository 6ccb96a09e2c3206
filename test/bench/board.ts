/** What the board costs, beside QEMU without KVM: a Linux that boots, is restored, and idles; machines that come and go. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { connectQmp, type RunningMachine, startMachine } from '../../src/index.ts'
import { DebianGuest, debianOptions, diskBytes } from '../guests/debian-guest.ts'
import { SerialShell } from '../guests/serial-shell.ts'
import { diskPath } from './disk-path.ts'
import { guestDiskRates, guestDiskRows } from './guest-disk.ts'
import { atMost, median, printRows, type Row } from './report.ts'

const idleSeconds = 15
const cycles = 500
const mebibyte = 1 << 20

export async function benchBoard(): Promise<void> {
  printRows('Board', 'qemu 7.2', [...(await linux()), ...(await diskPath()), ...(await comeAndGo())])
}

async function linux(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmon-bench-'))
  try {
    const disk = join(folder, 'disk.img')
    await writeFile(disk, '')
    await truncate(disk, diskBytes)
    const qemu = await qemuAtPrompt(folder, disk)
    const begin = performance.now()
    const residentBefore = process.memoryUsage().rss
    const serial = join(folder, 'serial')
    const options = await debianOptions({ disk, serial })
    await using vm = await startMachine(options)
    const shell = await SerialShell.connect(serial)
    await shell.prompt()
    const boot = (performance.now() - begin) / 1000
    await pass(10_000) // what the boot has left to do, and V8 to compile
    const before = process.cpuUsage()
    await pass(idleSeconds * 1000)
    const { user, system } = process.cpuUsage(before)
    const percent = (user + system) / 1e4 / idleSeconds
    const resident = (process.memoryUsage().rss - residentBefore) / mebibyte - options.memory
    const dump = median(await screenDumps(vm.qmp, folder))
    const rates = await guestDiskRates(shell)
    shell.close()
    return [
      { name: 'Linux, start to prompt', unit: 's', ours: boot, peer: qemu.boot },
      {
        name: 'Linux, restored at its prompt',
        unit: 's',
        ours: await restored(),
        peer: qemu.boot,
        target: atMost(0.2),
      },
      {
        name: 'Linux idle at its prompt',
        unit: '% of a core',
        ours: percent,
        peer: qemu.idlePercent,
        target: atMost(12, ' % of a core'),
      },
      {
        name: 'memory beside the guest',
        unit: 'MiB',
        ours: resident,
        peer: qemu.resident,
        target: atMost(120, ' MiB'),
      },
      { name: 'screendump, 720x400', unit: 'ms', ours: dump, peer: qemu.screenDump },
      ...guestDiskRows(rates, qemu.rates),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Seconds until a guest that has been booted before runs its first command. */
async function restored(): Promise<number> {
  await (await DebianGuest.atPrompt())[Symbol.asyncDispose]() // it has been booted now
  const begin = performance.now()
  await using guest = await DebianGuest.atPrompt()
  await guest.run('true')
  return (performance.now() - begin) / 1000
}

/** Milliseconds of each of a few screendumps. */
async function screenDumps(qmp: RunningMachine['qmp'], folder: string): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < 20; index++) {
    const begin = performance.now()
    await qmp.execute('screendump', { filename: join(folder, 'screen.ppm') })
    times.push(performance.now() - begin)
  }
  return times
}

/** The same guest in QEMU without KVM. */
async function qemuAtPrompt(folder: string, disk: string) {
  const [serial, monitor] = [join(folder, 'qemu-serial'), join(folder, 'qemu-qmp')]
  const { memory, kernel, initrd, append } = await debianOptions({ disk, serial })
  const listening = (path: string): string => `unix:${path},server=on,wait=off`
  const options = ['-accel', 'tcg', '-display', 'none', '-m', String(memory), '-kernel', kernel, '-initrd', initrd]
  options.push('-append', append, '-drive', `file=${disk},format=raw`)
  options.push('-serial', listening(serial), '-qmp', listening(monitor))
  const begin = performance.now()
  const qemu = spawn('qemu-system-i386', options, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(qemu, 'exit')
  try {
    const shell = await connectSoon(serial, qemu)
    await shell.prompt()
    const boot = (performance.now() - begin) / 1000
    await pass(3000)
    const before = cpuSeconds(qemu)
    await pass(5000)
    const idlePercent = ((cpuSeconds(qemu) - before) / 5) * 100
    await using qmp = await connectQmp(`unix:${monitor}`)
    const screenDump = median(await screenDumps(qmp, folder))
    const resident = residentMiB(qemu) - memory
    const rates = await guestDiskRates(shell)
    shell.close()
    return { boot, idlePercent, screenDump, resident, rates }
  } finally {
    qemu.kill('SIGTERM')
    await ended
  }
}

async function connectSoon(path: string, { exitCode }: ChildProcess): Promise<SerialShell> {
  for (;;) {
    try {
      return await SerialShell.connect(path)
    } catch (error) {
      if (exitCode !== null) throw error
      await pass(5)
    }
  }
}

const clockTicks = 100

function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / clockTicks
}

function residentMiB({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
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
