import { printable } from '../printable.ts'
import type { Watched } from './machine-watch.ts'
import type { Job } from './sample.ts'

export interface Row {
  readonly address: string
  readonly watched: Watched
}

/** Numbers stand at the right of their columns, words at the left. */
const columns = [
  { title: 'NAME', width: 20, align: 'left' },
  { title: 'STATE', width: 14, align: 'left' },
  { title: 'CPU%', width: 6, align: 'right' },
  { title: 'READ/s', width: 8, align: 'right' },
  { title: 'WRITE/s', width: 8, align: 'right' },
  { title: 'RD/s', width: 6, align: 'right' },
  { title: 'WR/s', width: 6, align: 'right' },
  { title: 'NETIN/s', width: 8, align: 'right' },
  { title: 'NETOUT/s', width: 8, align: 'right' },
  { title: 'JOBS', width: 12, align: 'left' },
] as const

/** What stands above the machines: how many there are, and the titles of the columns. */
export function headLines(rows: readonly Row[]): readonly [string, string] {
  const count = (state: Watched['state']): number => rows.filter(({ watched }) => watched.state === state).length
  const running = rows.filter(({ watched }) => watched.state === 'known' && watched.sample.running).length
  const lost = count('lost') === 0 ? '' : `, ${count('lost')} out of reach`
  return [
    `${rows.length} ${rows.length === 1 ? 'machine' : 'machines'}: ${running} running${lost}`,
    cells(columns.map(({ title }) => title)),
  ]
}

/** A line for a machine. */
export function machineLine({ address, watched }: Row): string {
  if (watched.state === 'asked') return cells([address, '...'])
  if (watched.state === 'lost') return `${cell(address, 0)} ${printable(watched.reason)}`
  const { sample, rates } = watched
  const bytes = (rate: number | undefined): string => (rate === undefined ? '-' : byteText(rate))
  const number = (rate: number | undefined): string => (rate === undefined ? '-' : String(Math.round(rate)))
  return cells([
    sample.name ?? address,
    sample.status,
    rates?.cpu === undefined ? '-' : (rates.cpu * 100).toFixed(1),
    bytes(rates?.readBytesPerSecond),
    bytes(rates?.writtenBytesPerSecond),
    number(rates?.readsPerSecond),
    number(rates?.writesPerSecond),
    bytes(rates?.toGuestBytesPerSecond),
    bytes(rates?.fromGuestBytesPerSecond),
    jobsText(sample.jobs),
  ])
}

function cells(texts: readonly string[]): string {
  return texts
    .map((text, index) => cell(text, index))
    .join(' ')
    .trimEnd()
}

function cell(said: string, index: number): string {
  const { width, align } = columns[index]!
  const text = printable(said)
  const shown = text.length > width && index === 0 ? `…${text.slice(1 - width)}` : text
  return align === 'left' ? shown.padEnd(width) : shown.padStart(width)
}

function jobsText(jobs: readonly Job[] | undefined): string {
  if (jobs === undefined) return '-'
  return jobs
    .map(({ id, type, done }) => `${type} ${id}${done === undefined ? '' : ` ${Math.floor(done * 100)}%`}`)
    .join(', ')
}

const units = ['', 'K', 'M', 'G', 'T']

/** A number of bytes in three digits, by powers of 1024. */
function byteText(bytes: number): string {
  let power = 0
  let value = bytes
  while (value >= 1000 && power < units.length - 1) {
    value /= 1024
    power++
  }
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)}${units[power]}`
}
