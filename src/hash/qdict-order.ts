import { nameBytes } from './name-bytes.ts'

const buckets = 512
const seed = 0x238f13af

/** The bucket of a QDict, 0 to 511, that a member name falls into. */
export function qdictBucket(name: string): number {
  let value = Math.imul(seed, name.length) >>> 0
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code === 0 || code >= 0x80) return bucketOf(hash(nameBytes(name)))
    value = (value + (code << ((i * 5) % 24))) >>> 0
  }
  return bucketOf(value)
}

function hash(bytes: Uint8Array): number {
  let value = Math.imul(seed, bytes.length) >>> 0
  for (let i = 0; i < bytes.length; i++) value = (value + (bytes[i]! << ((i * 5) % 24))) >>> 0
  return value
}

function bucketOf(value: number): number {
  return ((Math.imul(1103515243, value) + 12345) >>> 0) % buckets
}

/**
 * Sorts member names, given in the order of their insertion, into the order in which a QDict walks them: by bucket,
 * within a bucket the latest first.
 */
export function qdictOrder(names: readonly string[]): string[] {
  const entries = names.map((name, index) => ({ name, index, bucket: qdictBucket(name) }))
  entries.sort((a, b) => a.bucket - b.bucket || b.index - a.index)
  return entries.map(({ name }) => name)
}
