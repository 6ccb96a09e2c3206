/** A MAC address as text; six bytes in hexadecimal, with colons or dashes between them. Undefined for anything else. */
export function parseMac(text: string): Uint8Array | undefined {
  const match = /^([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})$/i
  const parts = match.exec(text)
  return parts === null ? undefined : Uint8Array.from(parts.slice(1), (part) => Number.parseInt(part, 16))
}
