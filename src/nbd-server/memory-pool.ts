/** What is kept for the next request, in bytes: as much as a busy client uses. */
const mostKept = 16 * 2 ** 20
const smallest = 4096

/**
 * Memory for requests, used again and again: to have the system make and clear it costs more than to fill it. Its pieces
 * have sizes that are powers of two.
 */
export class MemoryPool {
  readonly #free = new Map<number, Uint8Array[]>()
  #kept = 0

  /** At least so many bytes; they hold anything. */
  take(length: number): Uint8Array {
    const size = Math.max(smallest, 2 ** Math.ceil(Math.log2(length)))
    const piece = this.#free.get(size)?.pop()
    if (piece === undefined) return Buffer.allocUnsafeSlow(size)
    this.#kept -= size
    return piece
  }

  /** Nobody uses a piece any more that `take()` has given. */
  give(piece: Uint8Array): void {
    const size = piece.byteLength
    if (this.#kept + size > mostKept) return
    this.#kept += size
    const others = this.#free.get(size)
    if (others === undefined) this.#free.set(size, [piece])
    else others.push(piece)
  }
}
