/** An empty method for a general purpose event, in ACPI's machine language: `Method (\_GPE._L05) {}`. */
const emptyMethod = (event: number): Buffer => Buffer.from(`\x14\x06_L0${event.toString(16).toUpperCase()}\0`, 'latin1')

/**
 * Renames the empty method that SeaBIOS's own ACPI tables have for a general purpose event, so that another table can
 * have one: an event has a single method. The name keeps its bytes in another order, so checksums hold.
 *
 * @param image - changed in place
 * @returns where the image has changed; undefined if it has no such method
 */
export function freeGeneralEvent(image: Uint8Array, event: number): { offset: number; bytes: Uint8Array } | undefined {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  const method = emptyMethod(event)
  const at = bytes.indexOf(method)
  if (at < 0 || bytes.indexOf(method, at + 1) >= 0) return undefined
  const offset = at + 2
  bytes.write('L_', offset, 'latin1')
  return { offset, bytes: bytes.subarray(offset, offset + 2) }
}
