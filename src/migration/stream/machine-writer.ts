import type { MigrationStatistics } from '../statistics.ts'
import { type BitmapDescription, type BitmapPart, packBitmapPart, packBitmaps } from './bitmap-section.ts'
import { type DiskDescription, type DiskPart, packDiskPart, packDisks } from './disk-section.ts'
import { SectionWriter, type WriteBytes } from './framing.ts'
import { type MachineDescription, packDescription } from './machine-section.ts'
import { type Differences, type Pages, packPages, pageBytes } from './ram-section.ts'

/** RAM is looked at in pieces of this many bytes. */
const pieceBytes = 4 << 20

/** Writes the sections of a machine, and counts what it writes. */
export class MachineWriter {
  readonly #sections: SectionWriter
  readonly #statistics: MigrationStatistics
  /** What is written now counts as disks'. */
  #ofDisks = false

  constructor(write: WriteBytes, statistics: MigrationStatistics) {
    this.#statistics = statistics
    this.#sections = new SectionWriter((...pieces) => {
      const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
      if (this.#ofDisks) statistics.diskBytes += bytes
      else statistics.sent(bytes)
      return write(...pieces)
    })
  }

  async begin(description: MachineDescription): Promise<void> {
    await this.#sections.begin()
    await this.#sections.section({ name: 'machine', version: 1, contents: packDescription(description) })
  }

  /** Says which disks there are parts of. */
  disks(disks: readonly DiskDescription[]): Promise<void> {
    return this.#aboutDisks('disks', packDisks(disks))
  }

  /** Writes a part of a disk. @param disk - its number in the list @returns bytes of the section */
  async diskPart(disk: number, part: DiskPart): Promise<number> {
    const contents = packDiskPart(disk, part)
    await this.#aboutDisks('disk', contents)
    return contents.length
  }

  /** Says which dirty bitmaps there are parts of. */
  bitmaps(bitmaps: readonly BitmapDescription[]): Promise<void> {
    return this.#sections.section({ name: 'bitmaps', version: 1, contents: packBitmaps(bitmaps) })
  }

  /** Writes a part of a dirty bitmap. @param bitmap - its number in the list */
  bitmapPart(bitmap: number, part: BitmapPart): Promise<void> {
    return this.#sections.section({ name: 'bitmap', version: 1, contents: packBitmapPart(bitmap, part) })
  }

  /** Writes a connection of the guest's, without which it can do. @param passed - whether its socket goes along */
  connection(contents: Uint8Array, passed: boolean): Promise<void> {
    const whole = Buffer.concat([Buffer.of(passed ? 1 : 0), contents])
    return this.#sections.section({ name: 'connection', version: 1, contents: whole, optional: true })
  }

  /** Writes pages of RAM, or what has changed in those that a cache knows. @returns bytes of the section */
  async pages(pages: Pages, cache?: Differences): Promise<number> {
    const { contents, zeroPages, differences } = packPages(pages, cache)
    this.#statistics.zeroPages += zeroPages
    this.#statistics.normalPages += pages.addresses.length - zeroPages - differences
    await this.#sections.section({ name: 'ram', version: 1, contents })
    return contents.length
  }

  /** @param runState - in which the machine was before it was stopped for this */
  async end(devices: Uint8Array, runState: string): Promise<void> {
    await this.#sections.section({ name: 'devices', version: 1, contents: devices })
    const contents = Buffer.from(JSON.stringify({ state: runState }))
    await this.#sections.section({ name: 'run-state', version: 1, contents })
    await this.#sections.end()
  }

  async #aboutDisks(name: string, contents: Uint8Array): Promise<void> {
    this.#ofDisks = true
    try {
      await this.#sections.section({ name, version: 1, contents })
    } finally {
      this.#ofDisks = false
    }
  }
}

/** The pieces in which RAM is looked at, a millisecond each. */
export function* piecesOf(ramBytes: number): Generator<readonly [address: number, length: number]> {
  for (let address = 0; address < ramBytes; address += pieceBytes)
    yield [address, Math.min(pieceBytes, ramBytes - address)]
}

/** Pages in portions. @param most - how many there are in each */
export function* portionsOf({ addresses, bytes }: Pages, most: () => number): Generator<Pages> {
  for (let first = 0; first < addresses.length; ) {
    const end = first + most()
    yield {
      addresses: addresses.subarray(first, end),
      bytes: bytes.subarray(first * pageBytes, end * pageBytes),
    }
    first = end
  }
}
