import { promisify } from 'node:util'
import { crc32 } from '../hash/index.ts'
import type { Picture } from './console.ts'

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const bytesPerPixel = 3

/**
 * A picture as a PNG file: 8 bits a channel, RGB, not interlaced (PNG specification, 2nd edition).
 *
 * The compression runs in Node's thread pool, so that a large picture does not keep the monitor waiting.
 */
export async function encodePng({ width, height, rgb }: Picture): Promise<Uint8Array> {
  const { deflate } = await import('node:zlib')
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8 // bits a channel
  header[9] = 2 // colour type: RGB
  const rowBytes = width * bytesPerPixel
  // Each row begins with its filter's number; 0 is "none".
  const rows = Buffer.alloc((rowBytes + 1) * height)
  for (let y = 0; y < height; y++) rows.set(rgb.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1)
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', await promisify(deflate)(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Length, type, data, and the CRC of type and data. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(body, 4)
  framed.writeUInt32BE(crc32(body), framed.length - 4)
  return framed
}
