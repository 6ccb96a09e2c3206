import type { SerialShell } from '../guests/serial-shell.ts'
import { atLeast, median, type Row } from './report.ts'

const mebibytes = 48
const rounds = 5
const forget = 'echo 3 >/proc/sys/vm/drop_caches'

/** What dd does, through the guest's page cache and around it; `before` is not counted. */
const jobs: readonly { readonly name: string; readonly before: string; readonly dd: string }[] = [
  { name: 'dd from the disk, in Linux', before: forget, dd: 'if=/dev/sda of=/dev/null' },
  { name: '... around the page cache', before: forget, dd: 'if=/dev/sda of=/dev/null iflag=direct' },
  { name: 'dd to the disk, flushed', before: forget, dd: 'if=/dev/zero of=/dev/sda conv=fsync' },
  { name: '... around the page cache', before: forget, dd: 'if=/dev/zero of=/dev/sda oflag=direct' },
]

/** Lets a Linux guest read and write its disk. @returns MB a second for each job */
export async function guestDiskRates(shell: SerialShell): Promise<number[]> {
  const rates: number[] = []
  for (const { before, dd } of jobs) {
    const times: number[] = []
    for (let round = 0; round <= rounds; round++) {
      await shell.run(before)
      const begin = performance.now()
      await shell.run(`dd ${dd} bs=1M count=${mebibytes} 2>/dev/null`)
      if (round > 0) times.push(performance.now() - begin) // the first translates the guest's code
    }
    rates.push((mebibytes * 2 ** 20) / 1000 / median(times))
  }
  return rates
}

export const guestDiskRows = (ours: readonly number[], peer: readonly number[]): Row[] =>
  jobs.map(({ name }, index) => {
    return { name, unit: 'MB/s', ours: ours[index]!, peer: peer[index]!, target: atLeast(1) }
  })
