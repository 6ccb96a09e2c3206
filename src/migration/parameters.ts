import { type BitmapMapping, checkMapping } from './bitmap-mapping.ts'
import { MigrationError } from './migration-error.ts'

/** What limits migrations; names, units and defaults are those of QAPI's MigrationParameters (QEMU 7.2). */
export interface MigrationParameters {
  readonly announceInitial: number
  readonly announceMax: number
  readonly announceRounds: number
  readonly announceStep: number
  readonly compressLevel: number
  readonly compressThreads: number
  readonly compressWaitThread: boolean
  readonly decompressThreads: number
  readonly throttleTriggerThreshold: number
  readonly cpuThrottleInitial: number
  readonly cpuThrottleIncrement: number
  readonly cpuThrottleTailslow: boolean
  readonly tlsCreds: string
  readonly tlsHostname: string
  readonly tlsAuthz: string
  /** Bytes a second; 0 for no limit. */
  readonly maxBandwidth: number | bigint
  /** How long the guest may stand still, in milliseconds. */
  readonly downtimeLimit: number
  readonly xCheckpointDelay: number
  readonly blockIncremental: boolean
  readonly multifdChannels: number
  readonly xbzrleCacheSize: number | bigint
  readonly maxPostcopyBandwidth: number | bigint
  readonly maxCpuThrottle: number
  readonly multifdCompression: 'none' | 'zlib' | 'zstd'
  readonly multifdZlibLevel: number
  readonly multifdZstdLevel: number
  /** Undefined until it is set: all bitmaps go, by their own names. */
  readonly blockBitmapMapping?: BitmapMapping
}

export type ParameterName = keyof MigrationParameters

export const defaultParameters: MigrationParameters = {
  announceInitial: 50,
  announceMax: 550,
  announceRounds: 5,
  announceStep: 100,
  compressLevel: 1,
  compressThreads: 8,
  compressWaitThread: true,
  decompressThreads: 2,
  throttleTriggerThreshold: 50,
  cpuThrottleInitial: 20,
  cpuThrottleIncrement: 10,
  cpuThrottleTailslow: false,
  tlsCreds: '',
  tlsHostname: '',
  tlsAuthz: '',
  maxBandwidth: 128 << 20,
  downtimeLimit: 300,
  xCheckpointDelay: 20000,
  blockIncremental: false,
  multifdChannels: 2,
  xbzrleCacheSize: 64 << 20,
  maxPostcopyBandwidth: 0,
  maxCpuThrottle: 99,
  multifdCompression: 'none',
  multifdZlibLevel: 1,
  multifdZstdLevel: 1,
}

const page = 4096n
const percent = 'an integer in the range of 1 to 99'

/** In the order in which QEMU checks: whether a value will do, and what is expected where it does not. */
const rules: readonly {
  readonly name: ParameterName
  readonly expects: string
  readonly fits: (value: number | bigint, all: MigrationParameters) => boolean
}[] = [
  { name: 'compressLevel', expects: 'a value between 0 and 9', fits: (value) => value <= 9 },
  { name: 'compressThreads', expects: 'a value between 1 and 255', fits: (value) => value >= 1 },
  { name: 'decompressThreads', expects: 'a value between 1 and 255', fits: (value) => value >= 1 },
  {
    name: 'throttleTriggerThreshold',
    expects: 'an integer in the range of 1 to 100',
    fits: (value) => value >= 1 && value <= 100,
  },
  { name: 'cpuThrottleInitial', expects: percent, fits: (value) => value >= 1 && value <= 99 },
  { name: 'cpuThrottleIncrement', expects: percent, fits: (value) => value >= 1 && value <= 99 },
  {
    name: 'maxBandwidth',
    expects: 'an integer in the range of 0 to 18446744073709551615 bytes/second',
    fits: () => true,
  },
  {
    name: 'downtimeLimit',
    expects: 'an integer in the range of 0 to (2000 * 1000) ms',
    fits: (value) => value <= 2_000_000,
  },
  { name: 'multifdChannels', expects: 'a value between 1 and 255', fits: (value) => value >= 1 },
  {
    name: 'xbzrleCacheSize',
    expects: 'a power of two no less than the target page size',
    fits: (value) => BigInt(value) >= page && (BigInt(value) & (BigInt(value) - 1n)) === 0n,
  },
  {
    name: 'maxCpuThrottle',
    expects: 'an integer in the range of cpu_throttle_initial to 99',
    fits: (value, { cpuThrottleInitial }) => value >= cpuThrottleInitial && value <= 99,
  },
  { name: 'announceInitial', expects: 'a value between 0 and 100000', fits: (value) => value <= 100_000 },
  { name: 'announceMax', expects: 'a value between 0 and 100000', fits: (value) => value <= 100_000 },
  { name: 'announceRounds', expects: 'a value between 0 and 1000', fits: (value) => value <= 1000 },
  { name: 'announceStep', expects: 'a value between 0 and 10000', fits: (value) => value >= 1 && value <= 10_000 },
]

/**
 * The parameters with some changed.
 *
 * @throws {MigrationError} `request`, if a value is out of its range; in QEMU's words
 */
export function changedParameters(
  before: MigrationParameters,
  changes: Partial<MigrationParameters>,
): MigrationParameters {
  const all = { ...before, ...changes }
  for (const { name, expects, fits } of rules) {
    const value = changes[name]
    if ((typeof value === 'number' || typeof value === 'bigint') && !(value >= 0 && fits(value, all))) {
      const spelt = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      throw new MigrationError('request', `Parameter '${spelt}' expects ${expects}`)
    }
  }
  if (changes.blockBitmapMapping !== undefined) checkMapping(changes.blockBitmapMapping)
  const numbers = Object.entries(all).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? narrowed(value) : value,
  ])
  return Object.fromEntries(numbers) as unknown as MigrationParameters
}

/** As a number, where that is exact. */
function narrowed(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}
