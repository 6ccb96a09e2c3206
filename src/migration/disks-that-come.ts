import { MigrationError } from './migration-error.ts'
import { type DiskDescription, unpackDiskPart, unpackDisks } from './stream/disk-section.ts'
import type { Section } from './stream/framing.ts'
import type { ArrivingDisk, MigratedDisks } from './surroundings.ts'

/** Puts the contents of disks that are in a stream into the machine's own disks. */
export class DisksThatCome implements AsyncDisposable {
  readonly #disks: Pick<MigratedDisks, 'arrive'>
  #described: readonly DiskDescription[] | undefined
  #arriving: ArrivingDisk[] = []

  constructor(disks: Pick<MigratedDisks, 'arrive'>) {
    this.#disks = disks
  }

  /**
   * @returns whether the section is about disks
   * @throws {MigrationError | BlockError} if it is spoilt, or the disks of this machine cannot take it
   */
  async take({ name, contents }: Section): Promise<boolean> {
    if (name === 'disks') {
      if (this.#described !== undefined) throw new MigrationError('stream', 'the stream names its disks twice')
      this.#described = unpackDisks(contents)
      this.#arriving = [...(await this.#disks.arrive(this.#described))]
      return true
    }
    if (name !== 'disk') return false
    const part = unpackDiskPart(contents, this.#described ?? [])
    await this.#arriving[part.disk]?.put(part)
    return true
  }

  /** Brings everything to the storage. */
  async flush(): Promise<void> {
    for (const disk of this.#arriving) await disk.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const disk of this.#arriving.splice(0)) await disk[Symbol.asyncDispose]()
  }
}
