import type { SnapshotInfo } from '../graph/node-info.ts'
import { sizeText } from './size-text.ts'

/** Snapshots for people: a line of titles, and one for each. */
export function snapshotTable(snapshots: readonly SnapshotInfo[]): string[] {
  const titles = row('ID'.padEnd(10) + 'TAG'.padEnd(17), 'VM SIZE', 'DATE', 'VM CLOCK', 'ICOUNT')
  return [
    titles,
    ...snapshots.map((snapshot) =>
      row(
        `${snapshot.id.padEnd(9)} ${snapshot.name.padEnd(16)} `,
        sizeText(snapshot['vm-state-size']),
        dateText(snapshot['date-sec']),
        clockText(snapshot['vm-clock-sec'], snapshot['vm-clock-nsec']),
        snapshot.icount === undefined ? '' : String(snapshot.icount),
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

function clockText(seconds: number, nanoseconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${parts.map(twoDigits).join(':')}.${String(Math.floor(nanoseconds / 1_000_000)).padStart(3, '0')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
