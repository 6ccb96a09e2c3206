import { mergeOptionLists, OptionError, type OptionKinds, type OptionList } from '../../keyval/index.ts'

/** What `-rtc` takes. */
export const rtcKinds: OptionKinds = { base: 'string', clock: 'string', driftfix: 'string' }

const datetime = /^\s*([+-]?\d+)-(\d+)-(\d+)(?:T(\d+):(\d+):(\d+))?/

/** Whether the guest's clock stands still while the guest does: `clock=vm`. */
export function rtcStopsOf(lists: readonly OptionList[]): boolean {
  return mergeOptionLists(lists).get('clock') === 'vm'
}

/**
 * The guest clock at its start, in milliseconds since the epoch; undefined for the host's, in UTC.
 *
 * @param now - the host's clock
 * @param warn - hears of what has no effect here
 * @throws {OptionError} if a value is none of QEMU's
 */
export function rtcBaseOf(lists: readonly OptionList[], now: number, warn: (text: string) => void): number | undefined {
  const list = mergeOptionLists(lists)
  const base = baseOf(list.get('base') ?? 'utc', now)
  const clock = list.get('clock')
  if (clock !== undefined && !['host', 'rt', 'vm'].includes(clock))
    throw new OptionError(`invalid option value '${clock}'`)
  const driftfix = list.get('driftfix')
  if (driftfix === 'slew') warn('-rtc driftfix=slew has no effect: no ticks are made up for')
  else if (driftfix !== undefined && driftfix !== 'none') throw new OptionError(`invalid option value '${driftfix}'`)
  return base
}

function baseOf(text: string, now: number): number | undefined {
  if (text === 'utc') return undefined
  if (text === 'localtime') return now - new Date(now).getTimezoneOffset() * 60_000
  const match = datetime.exec(text)
  if (match === null)
    throw new OptionError("invalid datetime format\nvalid formats: '2006-06-17T16:01:21' or '2006-06-17'")
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0))
  return Date.UTC(year, month - 1, day, hours, minutes, seconds)
}
