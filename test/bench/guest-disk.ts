import type { SerialShell } from '../guests/serial-shell.ts'
import { atLeast, type Row } from './report.ts'

/** MB a second, as dd in a guest sees them. */
export interface DiskRates {
  readonly read: number
  readonly write: number
}

const mebibytes = 48

/** Lets a Linux guest write its disk and read it back, both without what its page cache holds. */
export async function guestDiskRates(shell: SerialShell): Promise<DiskRates> {
  const write = await rate(shell, `dd if=/dev/zero of=/dev/sda bs=1M count=${mebibytes} conv=fsync`)
  await shell.run('echo 3 >/proc/sys/vm/drop_caches')
  return { write, read: await rate(shell, `dd if=/dev/sda of=/dev/null bs=1M count=${mebibytes}`) }
}

async function rate(shell: SerialShell, command: string): Promise<number> {
  const begin = performance.now()
  await shell.run(`${command} 2>/dev/null`)
  return (mebibytes * 2 ** 20) / 1000 / (performance.now() - begin)
}

export const guestDiskRows = (ours: DiskRates, peer: DiskRates): Row[] => [
  { name: 'dd from the disk, in Linux', unit: 'MB/s', ours: ours.read, peer: peer.read, target: atLeast(1) },
  { name: 'dd to the disk, flushed', unit: 'MB/s', ours: ours.write, peer: peer.write, target: atLeast(1) },
]
