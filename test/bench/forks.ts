/** What forks cost: one after the other, and ten at once, of a machine that has used 60 of its 256 MiB. QEMU has none. */
import { type ForkedMachine, startMachine } from '../../src/index.ts'
import { atMost, median, printRows } from './report.ts'

const mebibyte = 1 << 20
const [memory, used] = [256, 60]

export async function benchForks(): Promise<void> {
  await using vm = await startMachine({ memory, nics: ['none'] })
  await vm.screen.waitFor('No bootable device', { timeoutMs: 120_000 })
  const contents = new Uint8Array(mebibyte).fill(0x5a)
  for (let at = 0; at < used; at++) await vm.memory.write((16 + at) * mebibyte, contents)
  const forks: ForkedMachine[] = []
  const times: number[] = []
  const processor: number[] = []
  for (let turn = 0; turn < 10; turn++) {
    const [begin, before] = [performance.now(), process.cpuUsage()]
    forks.push(await vm.fork())
    times.push(performance.now() - begin)
    const { user, system } = process.cpuUsage(before)
    processor.push((user + system) / 1000)
  }
  await Promise.all(forks.splice(0).map((fork) => fork.close()))
  const [begin, resident] = [performance.now(), process.memoryUsage().rss]
  forks.push(...(await Promise.all(Array.from({ length: 10 }, () => vm.fork()))))
  const atOnce = performance.now() - begin
  const each = (process.memoryUsage().rss - resident) / mebibyte / forks.length
  await Promise.all(forks.map((fork) => fork.close()))
  printRows('Forks', 'none', [
    { name: `a fork, ${memory} MiB`, unit: 'ms', ours: median(times), target: atMost(150, ' ms') },
    { name: 'its processor time', unit: 'ms', ours: median(processor) },
    { name: 'ten at once', unit: 'ms', ours: atOnce, target: atMost(1000, ' ms') },
    { name: 'memory of each', unit: 'MiB', ours: each },
  ])
}
