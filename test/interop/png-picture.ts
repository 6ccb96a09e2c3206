import { inflateSync } from 'node:zlib'
import type { PpmPicture } from './ppm-picture.ts'

/** Reads a PNG file of 8 bits a channel, with or without transparency (which is left out), not interlaced. */
export function parsePng(file: Buffer): PpmPicture {
  let [width, height, channels] = [0, 0, 0]
  const data: Buffer[] = []
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    const type = file.toString('latin1', at + 4, at + 8)
    const body = file.subarray(at + 8, at + 8 + file.readUInt32BE(at))
    if (type === 'IDAT') data.push(body)
    if (type !== 'IHDR') continue
    width = body.readUInt32BE(0)
    height = body.readUInt32BE(4)
    const [depth, colour] = [body[8], body[9]]
    if (depth !== 8 || (colour !== 2 && colour !== 6)) throw new Error(`a PNG file of depth ${depth}, colour ${colour}`)
    channels = colour === 2 ? 3 : 4
  }
  const lines = inflateSync(Buffer.concat(data))
  const lineBytes = width * channels
  const rgb = new Uint8Array(width * height * 3)
  let above = new Uint8Array(lineBytes)
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (lineBytes + 1)]!
    const line = Uint8Array.from(lines.subarray(y * (lineBytes + 1) + 1, (y + 1) * (lineBytes + 1)))
    for (let index = 0; index < lineBytes; index++) {
      const left = index < channels ? 0 : line[index - channels]!
      const corner = index < channels ? 0 : above[index - channels]!
      line[index] = line[index]! + predicted(filter, left, above[index]!, corner)
    }
    for (let x = 0; x < width; x++) rgb.set(line.subarray(x * channels, x * channels + 3), (y * width + x) * 3)
    above = line
  }
  return { width, height, rgb }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0
  if (filter === 1) return left
  if (filter === 2) return above
  if (filter === 3) return (left + above) >> 1
  const estimate = left + above - corner
  const [a, b, c] = [left, above, corner].map((each) => Math.abs(estimate - each)) as [number, number, number]
  if (a <= b && a <= c) return left
  return b <= c ? above : corner
}
