import { strerror } from '../../../errno/index.ts'
import type { NodeBitmaps } from '../../bitmaps/index.ts'
import { BlockError } from '../../block-error.ts'
import type { NewSnapshot, Snapshot, Snapshots } from '../../open/driver.ts'
import { l1EntriesFor } from './geometry.ts'
import type { Image } from './image.ts'
import type { Reader } from './reader.ts'
import { SharedTables } from './shared-tables.ts'
import { encodeSnapshots, mostSnapshots, type SnapshotEntry } from './snapshot-table.ts'
import { StateArea } from './state-area.ts'
import { checkSnapshotL1 } from './table-places.ts'
import type { Writer } from './writer.ts'

export interface SnapshotsHost {
  readonly image: Image
  readonly bitmaps: NodeBitmaps
  /** @throws {BlockError} kind `read-only` */
  checkWritable(): void
  /** Runs work while no request is under way, and the file has what memory has. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /** Runs a request to what lies behind the guest's bytes. */
  request(work: (parts: { readonly reader: Reader; readonly writer: Writer }) => Promise<void>): Promise<void>
}

/**
 * The internal snapshots of an image: L1 tables of their own, which share L2 tables and clusters with the active one.
 *
 * While counts and the flags in the tables change, they cannot agree at every moment: the image is marked as dirty, so
 * that whoever opens it after a crash counts anew. Version 2 has no such mark.
 */
export class Qcow2Snapshots implements Snapshots {
  readonly state: StateArea
  readonly #host: SnapshotsHost
  readonly #shared: SharedTables

  constructor(host: SnapshotsHost) {
    this.#host = host
    this.#shared = new SharedTables(host.image)
    this.state = new StateArea({
      image: host.image,
      shared: this.#shared,
      check: () => this.#check(),
      change: (work) => this.#change(work),
      request: (work) => host.request(work),
    })
  }

  get list(): readonly Snapshot[] {
    return this.#host.image.snapshots.entries.map(publicSnapshot)
  }

  create(wanted: NewSnapshot): Promise<Snapshot> {
    const { name, date = now(), vmClockNanoseconds = 0n, instructionCount, vmStateSize = 0 } = wanted
    return this.#change(async (image) => {
      const { l1, snapshots, header } = image
      if (snapshots.entries.length >= mostSnapshots)
        throw new BlockError('invalid', strerror('EFBIG'), { code: 'EFBIG' })
      const bytes = unowned(l1.encode())
      await this.#shared.checkRoom(bytes)
      await this.#markDirty(image)
      const l1Offset = await image.store(bytes)
      await this.#shared.add(bytes, 1)
      await this.#shared.markOwned()
      const entry: SnapshotEntry = {
        l1Offset,
        l1OffsetWord: BigInt(l1Offset),
        l1Size: l1.length,
        id: String(1 + snapshots.entries.reduce((largest, { id }) => Math.max(largest, Number(id) || 0), 0)),
        name,
        dateSeconds: date.seconds,
        dateNanoseconds: date.nanoseconds,
        vmClockNanoseconds,
        vmStateSize,
        diskSize: header.size,
        instructionCount,
        unknownExtra: new Uint8Array(0),
        complete: true,
      }
      await this.#replaceTable(image, [...snapshots.entries, entry])
      // The snapshot has it now: without it the next one has nothing to copy.
      await this.state.drop(image)
      return publicSnapshot(entry)
    })
  }

  apply(id: string): Promise<void> {
    // They would have to note every difference between now and then.
    if (!this.#host.bitmaps.isEmpty) throw new BlockError('busy', 'Device has active dirty bitmaps')
    return this.#change(async (image) => {
      const { file, l1, geometry, header } = image
      const entry = this.#findSound(image, id)
      const size = Math.max(entry.l1Size, l1EntriesFor(entry.diskSize, geometry), 1)
      const bytes = new Uint8Array(size * 8)
      bytes.set(unowned(await file.read(entry.l1Offset, entry.l1Size * 8)))
      await this.#shared.checkRoom(bytes)
      await this.#markDirty(image)
      const old = { offset: l1.offset, bytes: l1.encode() }
      const l1Offset = await image.store(bytes)
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
      const entry = this.#findSound(image, id)
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
      const { l1Offset, l1Size } = this.#findSound(image, id)
      image.l1.replace(l1Offset, await image.file.read(l1Offset, l1Size * 8))
    })
  }

  #find({ snapshots }: Image, id: string): SnapshotEntry {
    const entry = snapshots.entries.find((snapshot) => snapshot.id === id)
    if (entry === undefined) throw new BlockError('missing', `There is no snapshot with id '${id}'`)
    return entry
  }

  /** @throws {BlockError} kind `corrupt`, if it cannot be where the table says */
  #findSound(image: Image, id: string): SnapshotEntry {
    const entry = this.#find(image, id)
    checkSnapshotL1(entry, image.geometry)
    return entry
  }

  #check(): void {
    this.#host.checkWritable()
    // Nothing in the data file can be shared: its clusters stand where the guest has them.
    if (this.#host.image.externalData)
      throw new BlockError('unsupported', 'Operation not supported', { code: 'ENOTSUP' })
  }

  #change<T>(work: (image: Image) => Promise<T>): Promise<T> {
    return this.#host.exclusive(async () => {
      const { image } = this.#host
      this.#check()
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

  /** Lets every snapshot say what version 3 of the format wants; requests wait already. */
  async complete(): Promise<void> {
    const { image } = this.#host
    const { entries } = image.snapshots
    if (entries.every(({ complete }) => complete)) return
    await this.#replaceTable(
      image,
      entries.map((entry) => ({ ...entry, complete: true })),
    )
  }

  /** Lets the header name another table of snapshots. */
  async #replaceTable(image: Image, entries: readonly SnapshotEntry[]): Promise<void> {
    const { header, snapshots, file } = image
    const bytes = encodeSnapshots(entries)
    const old = { offset: header.snapshotsOffset, length: snapshots.tableLength }
    const offset = entries.length === 0 ? 0 : await image.store(bytes)
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
