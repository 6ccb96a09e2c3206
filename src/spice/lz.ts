/** Longest run of pixels as they are, behind one byte that counts them. */
const longestLiterals = 32
/** From here on, a distance takes two bytes more; those reach so far. */
const nearDistance = 8191
const farDistance = nearDistance + 0xffff
/** Matches of fewer pixels are not looked for. */
const leastMatch = 3
const hashBits = 12
const headerBytes = 28
const rgb32 = 8

/** What compressed pixels can need at most, without the header. */
function mostBytes(pixels: number): number {
  return 3 * pixels + Math.ceil(pixels / longestLiterals) + 16
}

/**
 * Pixels as an image of SPICE's LZ (LZ_RGB, 32 bits a pixel): runs of pixels as they are, in three bytes each, and of
 * pixels that stood before.
 *
 * @param pixels - 0xRRGGBB, in rows from the top
 */
export function compressLz(width: number, height: number, pixels: Uint32Array): Uint8Array {
  const out = new Uint8Array(headerBytes + mostBytes(pixels.length))
  const header = new DataView(out.buffer)
  const fields = [0x20205a4c, 0x00010001, rgb32, width, height, 4 * width, 1]
  for (const [index, field] of fields.entries()) header.setUint32(4 * index, field)
  return out.subarray(0, compress(pixels, out, headerBytes))
}

function compress(pixels: Uint32Array, out: Uint8Array, start: number): number {
  const lastAt = new Int32Array(1 << hashBits).fill(-1)
  const count = pixels.length
  let at = start
  let literals = 0
  let counter = 0
  let i = 0
  while (i < count) {
    let length = 0
    let distance = 0
    if (i > 0 && pixels[i] === pixels[i - 1]) {
      length = matchLength(pixels, i - 1, i)
      distance = 1
    }
    if (length < longestLiterals && i + leastMatch <= count) {
      const hash = hashAt(pixels, i)
      const candidate = lastAt[hash]!
      lastAt[hash] = i
      if (candidate >= 0 && i - candidate <= farDistance) {
        const found = matchLength(pixels, candidate, i)
        if (found > length) {
          length = found
          distance = i - candidate
        }
      }
    }
    if (length >= leastMatch || (length > 1 && distance === 1)) {
      at = writeMatch(out, at, length, distance - 1)
      i += length
      literals = 0
      continue
    }
    if (literals === 0) counter = at++
    const pixel = pixels[i]!
    out[at++] = pixel & 0xff
    out[at++] = (pixel >> 8) & 0xff
    out[at++] = (pixel >> 16) & 0xff
    out[counter] = literals++
    if (literals === longestLiterals) literals = 0
    i++
  }
  return at
}

/** @param distance - less one */
function writeMatch(out: Uint8Array, start: number, length: number, distance: number): number {
  let at = start
  const high = distance < nearDistance ? distance >> 8 : 31
  if (length < 7) out[at++] = (length << 5) | high
  else {
    out[at++] = (7 << 5) | high
    let rest = length - 7
    for (; rest >= 255; rest -= 255) out[at++] = 255
    out[at++] = rest
  }
  if (distance < nearDistance) out[at++] = distance & 0xff
  else {
    const far = distance - nearDistance
    out[at++] = 255
    out[at++] = far >> 8
    out[at++] = far & 0xff
  }
  return at
}

function matchLength(pixels: Uint32Array, from: number, to: number): number {
  let length = 0
  while (to + length < pixels.length && pixels[from + length] === pixels[to + length]) length++
  return length
}

function hashAt(pixels: Uint32Array, i: number): number {
  const mixed =
    Math.imul(pixels[i]!, 0x9e3779b1) ^ Math.imul(pixels[i + 1]!, 0x85ebca6b) ^ Math.imul(pixels[i + 2]!, 0xc2b2ae35)
  return mixed >>> (32 - hashBits)
}
