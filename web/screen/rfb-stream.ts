/** Bytes from a server, as many as are wanted at a time. */
export class ByteSource {
  #chunks: Uint8Array[] = []
  #length = 0
  #ended: Error | undefined
  #wake: (() => void) | undefined

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    this.#wake?.()
  }

  end(reason: Error): void {
    this.#ended ??= reason
    this.#wake?.()
  }

  /** @throws the reason of the end, if it comes before */
  async read(count: number): Promise<Uint8Array> {
    while (this.#length < count) {
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; ) {
      const first = this.#chunks[0]!
      const part = first.subarray(0, count - at)
      bytes.set(part, at)
      at += part.length
      if (part.length === first.length) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(part.length)
    }
    this.#length -= count
    return bytes
  }

  async view(count: number): Promise<DataView> {
    return new DataView((await this.read(count)).buffer)
  }
}

/** A compressed stream that goes on through a whole connection. */
export class Inflater {
  readonly #out = new ByteSource()
  readonly #writer: WritableStreamDefaultWriter<BufferSource>

  constructor() {
    const { readable, writable } = new DecompressionStream('deflate')
    this.#writer = writable.getWriter()
    void this.#pump(readable.getReader())
  }

  /** The next bytes of what was compressed. */
  async read(compressed: Uint8Array<ArrayBuffer>, count: number): Promise<Uint8Array> {
    this.#writer.write(compressed).catch((error: Error) => this.#out.end(error))
    return this.#out.read(count)
  }

  async #pump(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        this.#out.push(value)
      }
    } catch (error) {
      this.#out.end(error as Error)
    }
  }
}
