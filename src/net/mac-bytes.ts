/** The six bytes of an address that has been understood already. */
export function parseMacBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16))
}
