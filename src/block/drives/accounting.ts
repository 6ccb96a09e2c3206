import { BlockError } from '../block-error.ts'
import type { OptionBag } from '../open/option-bag.ts'

/** What statistics of a drive count. */
export interface Accounting {
  /** A request that cannot be, behind the end of the disk say, counts as the last one. */
  readonly invalid: boolean
  /** A request that fails counts as the last one, and in the times. */
  readonly failed: boolean
  /** Lengths of the intervals that statistics are kept of, in seconds. */
  readonly intervals: readonly number[]
}

const longestInterval = 0xffff_ffff

/**
 * Takes what options of `-drive` say of statistics.
 *
 * @throws {BlockError} kind `invalid`, in QEMU's words
 */
export function takeAccounting(options: OptionBag): Accounting {
  const invalid = options.takeBoolean('stats-account-invalid') ?? true
  const failed = options.takeBoolean('stats-account-failed') ?? true
  const said = options.takeBelow('stats-intervals')
  const refused = (text: string): BlockError => new BlockError('invalid', text, { option: 'stats-intervals' })
  const intervals: number[] = []
  for (let text = said.takeString('0'); text !== undefined; text = said.takeString(String(intervals.length))) {
    // As strtoull() reads numbers, white space may come first.
    const seconds = /^[ \t-\r]*\+?[0-9]+$/.test(text) ? Number(text) : 0
    if (seconds === 0 || seconds > longestInterval) throw refused(`Invalid interval length: ${text}`)
    intervals.push(seconds)
  }
  const [left] = Object.keys(said.takeAll())
  if (left !== undefined && /^\d+\./.test(left)) throw refused('The specification of stats-intervals is invalid')
  if (left !== undefined) throw refused(`Invalid option stats-intervals.${left}`)
  return { invalid, failed, intervals }
}
