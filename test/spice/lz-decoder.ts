/** What `compressLz()` has made, back as pixels 0xRRGGBB. @throws {Error} if it is no such image */
export function decompressLz(bytes: Uint8Array): { width: number; height: number; pixels: Uint32Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [name, version, type, width, height, stride, topDown] = Array.from({ length: 7 }, (_, at) =>
    view.getUint32(4 * at),
  ) as [number, number, number, number, number, number, number]
  if (name !== 0x20205a4c || version !== 0x10001 || type !== 8 || stride !== 4 * width || topDown !== 1)
    throw new Error('that is no image of 32 bits from the top')
  const pixels = new Uint32Array(width * height)
  let at = 28
  const next = (): number => {
    if (at >= bytes.length) throw new Error('the image ends too early')
    return bytes[at++]!
  }
  for (let to = 0; to < pixels.length; ) {
    const control = next()
    if (control < 32) {
      for (let left = control + 1; left > 0; left--) {
        const [blue, green, red] = [next(), next(), next()]
        pixels[to++] = (red << 16) | (green << 8) | blue
      }
      continue
    }
    let length = control >> 5
    if (length === 7) {
      let more = next()
      length += more
      while (more === 255) {
        more = next()
        length += more
      }
    }
    const low = next()
    let distance = ((control & 31) << 8) + low
    if (distance === 8191) distance += (next() << 8) + next()
    const from = to - distance - 1
    if (from < 0 || to + length > pixels.length) throw new Error('a run lies outside of the image')
    for (let each = 0; each < length; each++) pixels[to++] = pixels[from + each]!
  }
  if (at !== bytes.length) throw new Error('something follows the image')
  return { width, height, pixels }
}
