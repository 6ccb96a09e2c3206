/** The longest frame that is taken; who says that a longer one comes does not speak this language. */
const longestFrame = 69_632

/** Frames in a stream of bytes: each behind its length in four bytes, the highest first. */
export class FrameReader {
  #pieces: Buffer[] = []
  #length = 0

  /** Takes bytes. @returns the frames that are whole now; undefined if there is no sense in the stream */
  take(bytes: Buffer): Buffer[] | undefined {
    this.#pieces.push(bytes)
    this.#length += bytes.length
    const frames: Buffer[] = []
    for (;;) {
      const head = this.#peek(4)
      if (head === undefined) return frames
      const length = head.readUInt32BE(0)
      if (length > longestFrame) return undefined
      const whole = this.#peek(4 + length)
      if (whole === undefined) return frames
      frames.push(Buffer.from(whole.subarray(4, 4 + length)))
      this.#drop(4 + length)
    }
  }

  #peek(length: number): Buffer | undefined {
    if (this.#length < length) return undefined
    if (this.#pieces[0]!.length < length) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0]
  }

  #drop(length: number): void {
    const rest = this.#pieces[0]!.subarray(length)
    if (rest.length > 0) this.#pieces[0] = rest
    else this.#pieces.shift()
    this.#length -= length
  }
}

/** A frame as it stands in the stream. */
export function framed(frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 + frame.length)
  bytes.writeUInt32BE(frame.length, 0)
  bytes.set(frame, 4)
  return bytes
}
