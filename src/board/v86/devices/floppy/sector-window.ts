import { type RemoteDisk, sectorBytes } from '../../thread/remote-disk.ts'

/** Reads the sectors of a transfer, many at once; and writes those that follow each other in one piece. */
export class SectorWindow {
  readonly #disk: RemoteDisk
  #first = 0
  #bytes: Uint8Array = new Uint8Array(0)
  readonly #pending: Uint8Array[] = []
  #pendingAt = 0

  constructor(disk: RemoteDisk) {
    this.#disk = disk
  }

  /** A sector; more of them are read ahead if more are wanted. @throws if the disk fails */
  async read(sector: number, wanted: number): Promise<Uint8Array> {
    await this.flush()
    const at = (sector - this.#first) * sectorBytes
    if (at >= 0 && at + sectorBytes <= this.#bytes.length) return this.#bytes.slice(at, at + sectorBytes)
    this.#bytes = await this.#disk.read(sector * sectorBytes, Math.max(1, wanted) * sectorBytes)
    this.#first = sector
    return this.#bytes.slice(0, sectorBytes)
  }

  /** Takes a sector that is to be written. @throws if the disk fails to write one before */
  async write(sector: number, bytes: Uint8Array): Promise<void> {
    if (sector !== this.#pendingAt + this.#pending.length) await this.flush()
    if (this.#pending.length === 0) this.#pendingAt = sector
    this.#pending.push(bytes)
  }

  /** Settles when everything that was to be written is. @throws if the disk fails */
  async flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const bytes = Buffer.concat(this.#pending.splice(0))
    this.#bytes = new Uint8Array(0)
    await this.#disk.write(this.#pendingAt * sectorBytes, bytes)
  }
}
