import type { RateLimit } from './rate-limit.ts'
import type { MigrationStatistics } from './statistics.ts'
import type { MachineWriter } from './stream/machine-writer.ts'
import type { LeavingDisk } from './surroundings.ts'

/** Bytes of a disk in a section. */
const largestPart = 1 << 20

interface Parts {
  readonly writer: MachineWriter
  readonly limit: RateLimit
  readonly statistics: MigrationStatistics
  readonly signal: AbortSignal
  /** @throws if nothing more is to be sent */
  readonly checkWanted: () => void
}

/** Sends the contents of disks: once from the beginning to the end, then what has changed, as often as is asked for. */
export class DisksOnTheWay implements AsyncDisposable {
  readonly #disks: readonly LeavingDisk[]
  readonly #parts: Parts

  /** @param disks - that are its own from now on */
  constructor(disks: readonly LeavingDisk[], parts: Parts) {
    this.#disks = disks
    this.#parts = parts
    const totalBytes = disks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    parts.statistics.disks = {
      totalBytes,
      get passedBytes() {
        return disks.reduce((sum, { passedBytes }) => sum + passedBytes, 0)
      },
    }
  }

  /** Bytes that are to be sent, as far as is known. */
  get unsentBytes(): number {
    return this.#disks.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0)
  }

  /** Sends everything once. */
  async begin(): Promise<void> {
    await this.#parts.writer.disks(this.#disks)
    for (const [index, disk] of this.#disks.entries())
      while (disk.passedBytes < disk.byteLength && (await this.#sendPart(index, disk, true)) > 0);
  }

  /**
   * Sends what has changed.
   *
   * @param limited - within the limits of the stream, and no more than there is now; otherwise all, of disks that nobody
   *   writes any more
   */
  async sendChanges(limited: boolean): Promise<void> {
    for (const [index, disk] of this.#disks.entries()) {
      let rest = limited ? disk.unsentBytes : Number.POSITIVE_INFINITY
      while (rest > 0) {
        const sent = await this.#sendPart(index, disk, limited)
        rest = sent === 0 ? 0 : rest - sent
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const disk of this.#disks) await disk[Symbol.asyncDispose]()
  }

  /** @returns bytes of the disk that have been sent; 0 if there is nothing for the moment */
  async #sendPart(index: number, disk: LeavingDisk, limited: boolean): Promise<number> {
    const { writer, limit, signal, checkWanted } = this.#parts
    checkWanted()
    const part = await disk.next(limited ? Math.min(largestPart, limit.portion) : largestPart)
    if (part === undefined) return 0
    const sent = await writer.diskPart(index, part)
    if (limited) await limit.spend(sent, signal)
    return part.length
  }
}
