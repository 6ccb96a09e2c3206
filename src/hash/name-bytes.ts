const encoder = new TextEncoder()

/** A member name as QEMU holds it: modified UTF-8, in which NUL is written as C0 80. */
export function nameBytes(name: string): Uint8Array {
  const bytes = encoder.encode(name)
  if (!name.includes('\0')) return bytes
  const modified: number[] = []
  for (const byte of bytes) {
    if (byte === 0) modified.push(0xc0, 0x80)
    else modified.push(byte)
  }
  return Uint8Array.from(modified)
}
