import type { MigrationStatistics } from '../statistics.ts'
import { SectionWriter, type WriteBytes } from './framing.ts'
import { type MachineDescription, packDescription } from './machine-section.ts'
import { type Differences, type Pages, packPages, pageBytes } from './ram-section.ts'

/** RAM is looked at in pieces of this many bytes. */
const pieceBytes = 4 << 20

/** Writes the sections of a machine, and counts what it writes. */
export class MachineWriter {
  readonly #sections: SectionWriter
  readonly #statistics: MigrationStatistics

  constructor(write: WriteBytes, statistics: MigrationStatistics) {
    this.#statistics = statistics
    this.#sections = new SectionWriter((...pieces) => {
      statistics.sent(pieces.reduce((sum, piece) => sum + piece.length, 0))
      return write(...pieces)
    })
  }

  async begin(description: MachineDescription): Promise<void> {
    await this.#sections.begin()
    await this.#sections.section({ name: 'machine', version: 1, contents: packDescription(description) })
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
