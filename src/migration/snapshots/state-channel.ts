import type { ReadBytes, WriteBytes } from '../stream/framing.ts'

/** Where a machine's state is kept, in bytes from its beginning. */
export interface StateStore {
  write(offset: number, bytes: Uint8Array): Promise<void>
  readInto(offset: number, target: Uint8Array): Promise<void>
}

/** Images take and give whole clusters best. */
const pieceBytes = 1 << 20

/** Writes a stream to where states are kept, in large pieces. */
export class StateWriter {
  readonly #store: StateStore
  readonly #piece = new Uint8Array(pieceBytes)
  #filled = 0
  #written = 0

  constructor(store: StateStore) {
    this.#store = store
  }

  /** Bytes so far. */
  get length(): number {
    return this.#written + this.#filled
  }

  readonly write: WriteBytes = async (...pieces) => {
    for (const bytes of pieces) {
      for (let at = 0; at < bytes.length; ) {
        const some = bytes.subarray(at, at + pieceBytes - this.#filled)
        this.#piece.set(some, this.#filled)
        this.#filled += some.length
        at += some.length
        if (this.#filled === pieceBytes) await this.finish()
      }
    }
  }

  /** Writes what waits. */
  async finish(): Promise<void> {
    if (this.#filled === 0) return
    await this.#store.write(this.#written, this.#piece.subarray(0, this.#filled))
    this.#written += this.#filled
    this.#filled = 0
  }
}

/** Reads a stream from where a state of a length is kept. */
export function readerOf(store: StateStore, length: number): ReadBytes {
  let piece = Buffer.alloc(0)
  let next = 0
  return async (wanted) => {
    const bytes = Buffer.allocUnsafe(Math.min(wanted, piece.length + length - next))
    for (let filled = 0; filled < bytes.length; ) {
      if (piece.length === 0) {
        piece = Buffer.allocUnsafe(Math.min(pieceBytes, length - next))
        await store.readInto(next, piece)
        next += piece.length
      }
      const some = piece.subarray(0, bytes.length - filled)
      bytes.set(some, filled)
      filled += some.length
      piece = piece.subarray(some.length)
    }
    return bytes
  }
}
