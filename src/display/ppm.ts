import type { Picture } from './console.ts'

/** A picture as a binary PPM file (Netpbm P6), with the header that QEMU writes. */
export function encodePpm({ width, height, rgb }: Picture): Uint8Array {
  return Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), rgb])
}
