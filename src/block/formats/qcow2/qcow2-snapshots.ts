import { BlockError } from '../../block-error.ts'
import type { NewSnapshot, Snapshot, Snapshots } from '../../driver.ts'
import { l1EntriesFor } from './geometry.ts'
import type { Image } from './image.ts'
import { SharedTables } from './shared-tables.ts'
import { encodeSnapshots, type SnapshotEntry } from './snapshot-table.ts'

const mostSnapshots = 65536

export interface SnapshotsHost {
  readonly image: Image
  /** @throws {BlockError} kind `read-only` */
  checkWritable(): void
  /** Runs work while no request is under way, and the file has what memory has. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
}

/**
 * The internal snapshots of an image: L1 tables of their own, which share L2 tables and clusters with the active one.
 *
 * While counts and the flags in the tables change, they cannot agree at every moment: the image is marked as dirty, so
 * that whoever opens it after a crash counts anew. Version 2 has no such mark.
 */
export class Qcow2Snapshots implements Snapshots {
  readonly #host: SnapshotsHost
  readonly #shared: SharedTables

  constructor(host: SnapshotsHost) {
    this.#host = host
    this.#shared = new SharedTables(host.image)
  }

  get list(): readonly Snapshot[] {
    return this.#host.image.snapshots.entries.map(publicSnapshot)
  }

  create({ name, date = now(), vmClockNanoseconds = 0n }: NewSnapshot): Promise<Snapshot> {
    return this.#change(async (image) => {
      const { l1, snapshots, header } = image
      if (snapshots.entries.length >= mostSnapshots) throw new BlockError('invalid', 'There are too many snapshots')
      const bytes = unowned(l1.encode())
      await this.#shared.checkRoom(bytes)
      await this.#markDirty(image)
      const l1Offset = await this.#store(image, bytes)
      await this.#shared.add(bytes, 1)
      await this.#shared.markOwned()
      const entry: SnapshotEntry = {
        l1Offset,
        l1Size: l1.length,
        id: String(1 + snapshots.entries.reduce((largest, { id }) => Math.max(largest, Number(id) || 0), 0)),
        name,
        dateSeconds: date.seconds,
        dateNanoseconds: date.nanoseconds,
        vmClockNanoseconds,
        vmStateSize: 0,
        diskSize: header.size,
        instructionCount: undefined,
        unknownExtra: new Uint8Array(0),
      }
      await this.#replaceTable(image, [...snapshots.entries, entry])
      return publicSnapshot(entry)
    })
  }

  apply(id: string): Promise<void> {
    return this.#change(async (image) => {
      const { file, l1, geometry, header } = image
      const entry = this.#find(image, id)
      const size = Math.max(entry.l1Size, l1EntriesFor(entry.diskSize, geometry), 1)
      const bytes = new Uint8Array(size * 8)
      bytes.set(unowned(await file.read(entry.l1Offset, entry.l1Size * 8)))
      await this.#shared.checkRoom(bytes)
      await this.#markDirty(image)
      const old = { offset: l1.offset, bytes: l1.encode() }
      const l1Offset = await this.#store(image, bytes)
      await this.#shared.add(bytes, 1)
      await this.#settle(image)
      await image.changeHeader({
        l1Size: size,
        l1Offset,
        ...(entry.diskSize === header.size ? {} : { size: entry.diskSize }),
      })
      await file.flush()
      l1.replace(l1Offset, bytes)
      await this.#shared.add(old.bytes, -1)
      await this.#shared.drop(old.offset, old.bytes.byteLength)
      await this.#shared.markOwned()
    })
  }

  delete(id: string): Promise<void> {
    return this.#change(async (image) => {
      const { file, snapshots } = image
      const entry = this.#find(image, id)
      const bytes = await file.read(entry.l1Offset, entry.l1Size * 8)
      await this.#markDirty(image)
      await this.#replaceTable(
        image,
        snapshots.entries.filter((other) => other !== entry),
      )
      await this.#shared.add(bytes, -1)
      await this.#shared.drop(entry.l1Offset, bytes.byteLength)
      await this.#shared.markOwned()
    })
  }

  show(id: string): Promise<void> {
    return this.#host.exclusive(async () => {
      const { image } = this.#host
      const { l1Offset, l1Size } = this.#find(image, id)
      image.l1.replace(l1Offset, await image.file.read(l1Offset, l1Size * 8))
    })
  }

  #find({ snapshots }: Image, id: string): SnapshotEntry {
    const entry = snapshots.entries.find((snapshot) => snapshot.id === id)
    if (entry === undefined) throw new BlockError('missing', `There is no snapshot with id '${id}'`)
    return entry
  }

  #change<T>(work: (image: Image) => Promise<T>): Promise<T> {
    return this.#host.exclusive(async () => {
      const { image } = this.#host
      this.#host.checkWritable()
      if (image.externalData) {
        // Nothing in the data file can be shared: its clusters stand where the guest has them.
        throw new BlockError('unsupported', 'An image with a data file cannot have internal snapshots')
      }
      const result = await work(image)
      await this.#settle(image)
      if (!image.lazyRefcounts) await image.markClean()
      return result
    })
  }

  async #markDirty(image: Image): Promise<void> {
    if (image.header.version === 3) await image.markDirty()
  }

  async #settle({ writeback, file }: Image): Promise<void> {
    await writeback.settle()
    await file.flush()
  }

  /** Writes something to clusters of its own. @returns where it is */
  async #store(image: Image, bytes: Uint8Array): Promise<number> {
    const { clusterSize } = image.geometry
    const clusters = Math.max(1, Math.ceil(bytes.byteLength / clusterSize))
    const offset = (await image.allocate(clusters)) * clusterSize
    image.takeUntouched(offset, clusters * clusterSize)
    await image.file.write(offset, bytes, { grow: true })
    return offset
  }

  /** Lets the header name another table of snapshots. */
  async #replaceTable(image: Image, entries: readonly SnapshotEntry[]): Promise<void> {
    const { header, snapshots, file } = image
    const bytes = encodeSnapshots(entries)
    const old = { offset: header.snapshotsOffset, length: snapshots.tableLength }
    const offset = entries.length === 0 ? 0 : await this.#store(image, bytes)
    await this.#settle(image)
    await image.changeHeader({ snapshotCount: entries.length, snapshotsOffset: offset })
    await file.flush()
    image.snapshots = { entries, tableLength: bytes.byteLength }
    if (old.length > 0) await this.#shared.drop(old.offset, old.length)
  }
}

/** An L1 table whose entries are not the only ones. */
function unowned(l1: Uint8Array): Uint8Array {
  const bytes = l1.slice()
  for (let at = 0; at < bytes.byteLength; at += 8) bytes[at]! &= 0x7f
  return bytes
}

function publicSnapshot(entry: SnapshotEntry): Snapshot {
  const { id, name, vmClockNanoseconds, vmStateSize, diskSize, instructionCount } = entry
  const date = { seconds: entry.dateSeconds, nanoseconds: entry.dateNanoseconds }
  return { id, name, date, vmClockNanoseconds, vmStateSize, diskSize, instructionCount }
}

function now(): { seconds: number; nanoseconds: number } {
  const milliseconds = Date.now()
  return { seconds: Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1_000_000 }
}
