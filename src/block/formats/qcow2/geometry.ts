/** How an image of the format is divided: all numbers follow from its header. */
export interface Geometry {
  readonly clusterBits: number
  readonly clusterSize: number
  /** Bytes of an entry of an L2 table: 8, or 16 if clusters have subclusters. */
  readonly l2EntrySize: number
  /** Entries of an L2 table. */
  readonly l2Entries: number
  /** Guest bytes that an L2 table maps. */
  readonly l2Reach: number
  /** 32, or 1 for an image without them. */
  readonly subclusters: number
  readonly subclusterSize: number
  /** Bits of a reference count: 1, 2, 4, ... 64. */
  readonly refcountBits: number
  /** Reference counts in a block of them. */
  readonly refcountsPerBlock: number
  /** Tables are read and written in pieces of this many bytes. */
  readonly sliceSize: number
}

/** Pieces of tables: small enough that a random read costs little, large enough that a run of reads finds the next one. */
const largestSlice = 16384

/** How many subclusters a cluster has, in an image with extended L2 entries. */
export const subclustersOfCluster = 32

export function geometryOf(clusterBits: number, refcountOrder: number, extendedL2: boolean): Geometry {
  const clusterSize = 2 ** clusterBits
  const l2EntrySize = extendedL2 ? 16 : 8
  const subclusters = extendedL2 ? subclustersOfCluster : 1
  const refcountBits = 2 ** refcountOrder
  return {
    clusterBits,
    clusterSize,
    l2EntrySize,
    l2Entries: clusterSize / l2EntrySize,
    l2Reach: (clusterSize / l2EntrySize) * clusterSize,
    subclusters,
    subclusterSize: clusterSize / subclusters,
    refcountBits,
    refcountsPerBlock: (clusterSize * 8) / refcountBits,
    sliceSize: Math.min(clusterSize, largestSlice),
  }
}

/** Entries of the L1 table of an image of a size. */
export function l1EntriesFor(size: number, { l2Reach }: Geometry): number {
  return Math.ceil(size / l2Reach)
}
