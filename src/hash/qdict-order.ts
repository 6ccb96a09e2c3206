const buckets = 512
const encoder = new TextEncoder()

/** Names whose bucket is remembered; bounded, because names come from the wire. */
const remembered = new Map<string, number>()
const rememberLimit = 4096

/** The bucket of a QDict, 0 to 511, that a member name falls into. */
export function qdictBucket(name: string): number {
  let bucket = remembered.get(name)
  if (bucket === undefined) {
    bucket = hash(encoder.encode(name)) % buckets
    if (name.length <= 64 && remembered.size < rememberLimit) remembered.set(name, bucket)
  }
  return bucket
}

function hash(bytes: Uint8Array): number {
  let value = Math.imul(0x238f13af, bytes.length) >>> 0
  for (let i = 0; i < bytes.length; i++) value = (value + (bytes[i]! << ((i * 5) % 24))) >>> 0
  return (Math.imul(1103515243, value) + 12345) >>> 0
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
