import type { Snapshot } from '../../block/index.ts'
import { sizeText } from './numbers.ts'

/** Snapshots for people: a line of titles, and one for each. */
export function snapshotTable(snapshots: readonly Snapshot[]): string[] {
  const titles = row('ID'.padEnd(10) + 'TAG'.padEnd(17), 'VM SIZE', 'DATE', 'VM CLOCK', 'ICOUNT')
  return [
    titles,
    ...snapshots.map(({ id, name, vmStateSize, date, vmClockNanoseconds, instructionCount }) =>
      row(
        `${id.padEnd(9)} ${name.padEnd(16)} `,
        sizeText(vmStateSize),
        dateText(date.seconds),
        clockText(vmClockNanoseconds),
        instructionCount === undefined ? '' : String(instructionCount),
      ),
    ),
  ]
}

function row(start: string, size: string, date: string, clock: string, count: string): string {
  return start + size.padStart(8) + date.padStart(20) + clock.padStart(13) + count.padStart(11)
}

function dateText(seconds: number): string {
  const date = new Date(seconds * 1000)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
  return `${day.map(twoDigits).join('-')} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}`
}

function clockText(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds / 1_000_000_000n)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const thousandths = Number((nanoseconds / 1_000_000n) % 1000n)
  return `${parts.map(twoDigits).join(':')}.${String(thousandths).padStart(3, '0')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
