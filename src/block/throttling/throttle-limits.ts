import { BlockError } from '../block-error.ts'
import type { OptionBag } from '../open/option-bag.ts'

/** What can be limited, in the order in which it is checked. */
export const throttleKinds = ['bps-total', 'bps-read', 'bps-write', 'iops-total', 'iops-read', 'iops-write'] as const

export type ThrottleKind = (typeof throttleKinds)[number]

export interface ThrottleLimit {
  /** Units a second; 0 for no limit. */
  readonly rate: number
  /** Units a second during a burst; 0 for no bursts. */
  readonly burst: number
  /** How many seconds a burst may last. */
  readonly burstSeconds: number
}

export interface ThrottleLimits extends Readonly<Record<ThrottleKind, ThrottleLimit>> {
  /** A request of more bytes counts as several operations; 0: each counts as one. */
  readonly iopsSize: number | bigint
}

const largestRate = 1e15

/** Whether anything is limited at all. */
export function limitsAnything(limits: ThrottleLimits): boolean {
  return throttleKinds.some((kind) => limits[kind].rate > 0)
}

/** @throws {BlockError} kind `invalid`, in QEMU's words and order, if such limits cannot be */
export function checkThrottleLimits(limits: ThrottleLimits): void {
  const clash = (unit: 'bps' | 'iops', what: 'rate' | 'burst'): boolean =>
    limits[`${unit}-total`][what] !== 0 && (limits[`${unit}-read`][what] !== 0 || limits[`${unit}-write`][what] !== 0)
  if (clash('bps', 'rate') || clash('iops', 'rate') || clash('bps', 'burst') || clash('iops', 'burst')) {
    throw invalid('bps/iops/max total values and read/write values cannot be used at the same time')
  }
  if (
    limits.iopsSize !== 0 &&
    !(['iops-total', 'iops-read', 'iops-write'] as const).some((kind) => limits[kind].rate)
  ) {
    throw invalid('iops size requires an iops value to be set')
  }
  for (const kind of throttleKinds) checkLimit(limits[kind])
}

function checkLimit({ rate, burst, burstSeconds }: ThrottleLimit): void {
  if (rate < 0 || burst < 0 || rate > largestRate || burst > largestRate) {
    throw invalid(`bps/iops/max values must be within [0, ${largestRate}]`)
  }
  if (burstSeconds === 0) throw invalid('the burst length cannot be 0')
  if (burstSeconds !== 1 && burst === 0) throw invalid('burst length set without burst rate')
  if (burst !== 0 && (burstSeconds < 0 || burstSeconds > largestRate / burst)) {
    throw invalid('burst length too high for this burst rate')
  }
  if (burst !== 0 && rate === 0) throw invalid('bps_max/iops_max require corresponding bps/iops values')
  if (burst !== 0 && burst < rate) throw invalid('bps_max/iops_max cannot be lower than bps/iops')
}

/**
 * Takes limits as `-drive` has them.
 *
 * @param prefix - of their names: `throttling.`
 * @throws {BlockError} kind `invalid`
 */
export function takeThrottleLimits(options: OptionBag, prefix: string): ThrottleLimits {
  const limit = (kind: ThrottleKind): ThrottleLimit => ({
    rate: options.takeInteger(`${prefix}${kind}`) ?? 0,
    burst: options.takeInteger(`${prefix}${kind}-max`) ?? 0,
    burstSeconds: options.takeInteger(`${prefix}${kind}-max-length`) ?? 1,
  })
  const limits = {
    ...(Object.fromEntries(throttleKinds.map((kind) => [kind, limit(kind)])) as Record<ThrottleKind, ThrottleLimit>),
    iopsSize: options.takeInteger(`${prefix}iops-size`) ?? 0,
  }
  checkThrottleLimits(limits)
  return limits
}

function invalid(text: string): BlockError {
  return new BlockError('invalid', text)
}
