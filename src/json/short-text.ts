const slots = 1024
const longest = 24
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Short texts that were read lately, each in the slot of its hash: names and words come again and again. */
const recent: (string | undefined)[] = new Array(slots).fill(undefined)

/** Bytes that are known to be ASCII, as text. */
export function asciiText(bytes: Uint8Array, from: number, to: number): string {
  const length = to - from
  if (length === 0) return ''
  if (length > longest) return decoder.decode(bytes.subarray(from, to))
  let hash = length
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0
  const slot = hash & (slots - 1)
  const known = recent[slot]
  if (known !== undefined && known.length === length && isWritten(known, bytes, from)) return known
  const text = decoder.decode(bytes.subarray(from, to))
  recent[slot] = text
  return text
}

function isWritten(text: string, bytes: Uint8Array, from: number): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[from + index]) return false
  }
  return true
}
