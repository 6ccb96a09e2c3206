import type { Board } from '../board/index.ts'

/** How much is looked through at once. */
const chunkBytes = 1 << 20
const addressSpaceBytes = 2 ** 32

/** Whose addresses are meant: those of the bus, or those of the CPU, through its page tables as they are now. */
export type AddressSpace = 'physical' | 'virtual'

export interface MemorySearch {
  /** First address to look at; 0 if absent. */
  readonly from?: number
  /** The address behind the last one; the end of RAM if absent. */
  readonly to?: number
  readonly signal?: AbortSignal
}

/** The guest's memory, for programs that look into a machine. While the guest runs, what is found may be gone already. */
export class MachineMemory {
  readonly #board: Board

  constructor(board: Board) {
    this.#board = board
  }

  /** Size of RAM. */
  get bytes(): number {
    return this.#board.ramBytes
  }

  /**
   * Reads; where nothing answers on the bus, zeros.
   *
   * @throws {BoardError} kind `address`, if a virtual address is not mapped
   * @throws {RangeError} if the range is not within 4 GiB
   */
  async read(address: number, length: number, space: AddressSpace = 'physical'): Promise<Uint8Array> {
    checkRange(address, length)
    return space === 'physical' ? this.#board.readPhysical(address, length) : this.#board.readVirtual(address, length)
  }

  /**
   * Writes RAM: the guest finds it with its next instruction, also if it is code.
   *
   * @throws {BoardError} kind `address`, if a part of the range is not RAM, or a virtual address not mapped
   * @throws {RangeError} if the range is not within 4 GiB
   */
  async write(address: number, bytes: Uint8Array, space: AddressSpace = 'physical'): Promise<void> {
    checkRange(address, bytes.length)
    return space === 'physical' ? this.#board.writePhysical(address, bytes) : this.#board.writeVirtual(address, bytes)
  }

  /**
   * Finds every place in RAM where these bytes are, or this text in ASCII; places may overlap.
   *
   * @throws the signal's reason, when it is aborted
   */
  async *search(pattern: Uint8Array | string, search: MemorySearch = {}): AsyncGenerator<number, void, undefined> {
    const { from = 0, to = this.bytes, signal } = search
    const wanted = typeof pattern === 'string' ? Buffer.from(pattern, 'latin1') : pattern
    if (wanted.length === 0) throw new RangeError('nothing to search for')
    const end = Math.min(to, this.bytes)
    for (let start = from; start + wanted.length <= end; start += chunkBytes) {
      signal?.throwIfAborted()
      const length = Math.min(chunkBytes + wanted.length - 1, end - start)
      const bytes = await this.#board.readPhysical(start, length)
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = chunk.indexOf(wanted); at >= 0; at = chunk.indexOf(wanted, at + 1)) yield start + at
    }
  }
}

function checkRange(address: number, length: number): void {
  const [from, count] = [address, length].map((value) => (Number.isSafeInteger(value) && value >= 0 ? value : NaN))
  if (!(from! + count! <= addressSpaceBytes))
    throw new RangeError(`${length} bytes at ${address} are not within 4 GiB of addresses`)
}
