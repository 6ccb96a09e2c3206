import type { MediumShape } from '../wire.ts'

/** Asks the host for blocks of a medium. */
export interface BlockPort {
  read(medium: number, offset: number, length: number): Promise<Uint8Array>
  /** Reads what no guest has asked for. */
  peek(medium: number, offset: number, length: number): Promise<Uint8Array>
  write(medium: number, offset: number, data: Uint8Array): Promise<void>
  flush(medium: number): Promise<void>
  discard(medium: number, offset: number, length: number): Promise<void>
}

export const sectorBytes = 512

/** A medium whose bytes are with the host, as the controllers of the board see it. */
export class RemoteDisk {
  byteLength: number
  readonly readOnly: boolean
  readonly #id: number
  readonly #port: BlockPort

  constructor({ id, byteLength, readOnly }: MediumShape, port: BlockPort) {
    this.#id = id
    this.byteLength = byteLength
    this.readOnly = readOnly
    this.#port = port
  }

  /** How many sectors of 512 bytes there are. */
  get sectors(): number {
    return Math.ceil(this.byteLength / sectorBytes)
  }

  /** What is behind the end reads as zeros. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const inside = Math.max(0, Math.min(length, this.byteLength - offset))
    if (inside === length) return this.#port.read(this.#id, offset, length)
    const bytes = new Uint8Array(length)
    if (inside > 0) bytes.set(await this.#port.read(this.#id, offset, inside))
    return bytes
  }

  /** The first sector, of which the guest knows nothing: that counts as no request of its own. */
  async firstSector(): Promise<Uint8Array> {
    const bytes = new Uint8Array(sectorBytes)
    const inside = Math.min(sectorBytes, this.byteLength)
    if (inside > 0) bytes.set(await this.#port.peek(this.#id, 0, inside))
    return bytes
  }

  /** @throws {RangeError} if some of it lies behind the end */
  async write(offset: number, data: Uint8Array): Promise<void> {
    if (offset + data.length > this.byteLength) throw new RangeError('outside of the disk')
    await this.#port.write(this.#id, offset, data.slice())
  }

  flush(): Promise<void> {
    return this.#port.flush(this.#id)
  }

  /** Says that nobody needs these bytes any more. */
  discard(offset: number, length: number): Promise<void> {
    return this.#port.discard(this.#id, offset, length)
  }
}
