import type { Duplex } from '../../transport/index.ts'
import type { NetEnd, NetLine } from '../net-end.ts'
import { FrameReader, framed } from '../socket/frame-stream.ts'

/** Bytes for the other side that may wait; then the card waits. */
const mostWaiting = 256 * 1024

/** Frames by a stream of any kind; while nobody is there, they are lost. */
export class DuplexEnd implements NetEnd {
  readonly #line: NetLine
  #stream: Duplex | undefined
  #frames: Buffer[] = []
  #paused = false

  constructor(line: NetLine) {
    this.#line = line
  }

  /** Speaks with another program from now on; `gone` is told when it has left, or spoke no sense. */
  use(stream: Duplex, gone: () => void): void {
    this.#stream = stream
    this.#paused = false
    const reader = new FrameReader()
    stream.start({
      data: (bytes) => {
        const frames = reader.take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        if (frames === undefined) {
          stream.destroy()
          return
        }
        this.#frames.push(...frames)
        this.resume()
      },
      drain: () => this.#line.ready(),
      end: () => stream.destroy(),
    })
    void stream.closed.then(() => {
      if (this.#stream !== stream) return
      this.#stream = undefined
      this.#line.ready()
      gone()
    })
  }

  receive(frame: Uint8Array): boolean {
    const stream = this.#stream
    if (stream === undefined) {
      this.#line.lost?.('received')
      return true
    }
    if (stream.buffered > mostWaiting) return false
    stream.write(framed(frame))
    return true
  }

  resume(): void {
    let sent = 0
    while (sent < this.#frames.length && this.#line.send(this.#frames[sent]!)) sent++
    this.#frames.splice(0, sent)
    // Who sends faster than the card takes waits.
    const full = this.#frames.length > 0
    if (full === this.#paused || this.#stream === undefined) return
    this.#paused = full
    if (full) this.#stream.pause()
    else this.#stream.resume()
  }

  close(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.destroy()
  }
}
