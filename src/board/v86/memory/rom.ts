import type { MemoryResponder } from '../../bus/device-bus.ts'

/** A ROM: writing has no effect, behind its end all bits are set. */
export function romResponder(image: Uint8Array): MemoryResponder {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const read8 = (offset: number): number => image[offset] ?? 0xff
  const ignore = (): void => undefined
  const read32 = (offset: number): number =>
    offset + 4 <= image.length
      ? view.getInt32(offset, true)
      : read8(offset) | (read8(offset + 1) << 8) | (read8(offset + 2) << 16) | (read8(offset + 3) << 24)
  return { read8, write8: ignore, read32, write32: ignore }
}
