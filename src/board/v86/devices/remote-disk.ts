import type { V86Disk } from '../v86-internals.ts'
import type { MediumShape } from '../wire.ts'

/** Asks the host for blocks of a medium. */
export interface BlockPort {
  read(medium: number, offset: number, length: number): Promise<Uint8Array>
  write(medium: number, offset: number, data: Uint8Array): Promise<void>
  flush(medium: number): Promise<void>
}

const sectorBytes = 512
/** No command moves more: 65,535 sectors of a CD. */
const mostBytes = 128 << 20

/** A disk in v86's shape whose bytes are with the host. */
export class RemoteDisk implements V86Disk {
  byteLength: number
  readonly readOnly: boolean
  onload?: (event: object) => void
  readonly #id: number
  readonly #port: BlockPort
  #firstSector: Uint8Array | undefined

  constructor({ id, byteLength, readOnly }: MediumShape, port: BlockPort) {
    this.#id = id
    this.byteLength = byteLength
    this.readOnly = readOnly
    this.#port = port
  }

  /** Reads what v86 wants to know at once: the first sector, for a hard disk's geometry. */
  async prepare(): Promise<void> {
    if (this.byteLength < sectorBytes) return
    this.#firstSector = await this.#port.read(this.#id, 0, sectorBytes).catch(() => undefined)
  }

  load(): void {
    this.onload?.({})
  }

  get(offset: number, length: number, done: (data: Uint8Array, error?: Error) => void): void {
    if (!(offset >= 0 && length >= 0 && length <= mostBytes)) {
      void Promise.resolve().then(() => done(new Uint8Array(0), outside()))
      return
    }
    const inside = Math.max(0, Math.min(length, this.byteLength - offset))
    const wanted = inside - (inside % sectorBytes)
    this.#port.read(this.#id, offset, wanted).then(
      (data) => done(wanted === length ? data : padded(data, length)),
      (error) => done(new Uint8Array(length), error),
    )
  }

  set(offset: number, data: Uint8Array, done: (error?: Error) => void): void {
    if (!(offset >= 0 && offset + data.length <= this.byteLength) || data.length % sectorBytes !== 0) {
      void Promise.resolve().then(() => done(outside()))
      return
    }
    this.#port.write(this.#id, offset, data.slice()).then(() => done(), done)
  }

  flush(done: (error?: Error) => void): void {
    this.#port.flush(this.#id).then(() => done(), done)
  }

  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void {
    this.get(offset, length, done)
  }

  get_from_cache(offset: number, length: number): Uint8Array | undefined {
    return offset === 0 && length === sectorBytes ? this.#firstSector : undefined
  }

  get_buffer(done: (buffer?: ArrayBuffer) => void): void {
    done()
  }

  get_state(): unknown {
    return []
  }

  set_state(): void {}
}

function padded(data: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(data)
  return bytes
}

/** The guest has asked its controller for what the disk does not have. */
function outside(): RangeError {
  return new RangeError('outside of the disk')
}
