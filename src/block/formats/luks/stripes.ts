import { createHash, randomFillSync } from 'node:crypto'

/**
 * Splits a key so that it is gone when any of its stripes is.
 *
 * @see LUKS On-Disk Format Specification 1.2.3, anti-forensic splitter
 */
export function splitStripes(key: Uint8Array, stripes: number, hash: string): Uint8Array {
  const size = key.byteLength
  const material = randomFillSync(new Uint8Array(size * stripes))
  const last = material.subarray(size * (stripes - 1))
  const sum = combine(material, size, stripes - 1, hash)
  for (let index = 0; index < size; index++) last[index] = sum[index]! ^ key[index]!
  return material
}

/** Puts a key together that was split. */
export function mergeStripes(material: Uint8Array, stripes: number, hash: string): Uint8Array {
  const size = material.byteLength / stripes
  const key = combine(material, size, stripes - 1, hash)
  for (let index = 0; index < size; index++) key[index]! ^= material[(stripes - 1) * size + index]!
  return key
}

/** Each stripe changes every bit of the sum of those before it. */
function combine(material: Uint8Array, size: number, stripes: number, hash: string): Uint8Array {
  let sum: Uint8Array = new Uint8Array(size)
  for (let stripe = 0; stripe < stripes; stripe++) {
    for (let index = 0; index < size; index++) sum[index]! ^= material[stripe * size + index]!
    sum = diffuse(sum, hash)
  }
  return sum
}

/** Hashes each part of the length of a hash together with its number. */
function diffuse(bytes: Uint8Array, hash: string): Uint8Array {
  const diffused = new Uint8Array(bytes.byteLength)
  const number = Buffer.alloc(4)
  const size = createHash(hash).digest().byteLength
  for (let at = 0, index = 0; at < bytes.byteLength; at += size, index++) {
    number.writeUInt32BE(index)
    const part = bytes.subarray(at, at + size)
    diffused.set(createHash(hash).update(number).update(part).digest().subarray(0, part.byteLength), at)
  }
  return diffused
}
