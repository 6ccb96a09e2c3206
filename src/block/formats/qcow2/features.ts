/** Incompatible features: who does not know one must not open the image (qcow2 spec, "Header"). */
export const incompatible = {
  dirty: 1n << 0n,
  corrupt: 1n << 1n,
  dataFile: 1n << 2n,
  compressionType: 1n << 3n,
  extendedL2: 1n << 4n,
} as const

/** Compatible features: who does not know one may ignore it. */
export const compatible = { lazyRefcounts: 1n << 0n } as const

/** Autoclear features: who writes the image without knowing one clears its bit. */
export const autoclear = { bitmaps: 1n << 0n, rawData: 1n << 1n } as const

export const knownIncompatible = Object.values(incompatible).reduce((all, bit) => all | bit)

const types = { incompatible: 0, compatible: 1, autoclear: 2 } as const

/** A name that an image carries for one of its features, for readers that do not know it. */
export interface FeatureName {
  readonly type: number
  readonly bit: number
  readonly name: string
}

/** The names that a new image carries. */
export const featureNames: readonly FeatureName[] = [
  { type: types.incompatible, bit: 0, name: 'dirty bit' },
  { type: types.incompatible, bit: 1, name: 'corrupt bit' },
  { type: types.incompatible, bit: 2, name: 'external data file' },
  { type: types.incompatible, bit: 3, name: 'compression type' },
  { type: types.incompatible, bit: 4, name: 'extended L2 entries' },
  { type: types.compatible, bit: 0, name: 'lazy refcounts' },
  { type: types.autoclear, bit: 0, name: 'bitmaps' },
  { type: types.autoclear, bit: 1, name: 'raw external data' },
]

/** What is to be said of incompatible features that we do not know: their names, where the image has some. */
export function unknownFeatures(bits: bigint, names: readonly FeatureName[]): string {
  const texts: string[] = []
  let left = bits & ~knownIncompatible
  for (const { type, bit, name } of names) {
    if (type !== types.incompatible || bit > 63 || (left & (1n << BigInt(bit))) === 0n) continue
    texts.push(name)
    left &= ~(1n << BigInt(bit))
  }
  if (left !== 0n) texts.push(`Unknown incompatible feature: ${left.toString(16)}`)
  return texts.join(', ')
}
