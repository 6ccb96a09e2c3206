import { close, type Dir } from 'node:fs'
import { promisify } from 'node:util'
import { FileError } from './file-error.ts'
import type { FilePath } from './host-folder.ts'

const closeFile = promisify(close)
/** So many files can be named at once, and so many can be open: files, folders and values of extended attributes. */
const mostFids = 1 << 16
const mostOpen = 1024

/** A folder that is being read: the entries behind `next` have not been told. */
export interface Listing {
  readonly dir: Dir
  next: number
  /** It has been read, and there was no room for it. */
  waiting: string | undefined
}

/** What a number of the guest's stands for. */
export type FidUse =
  | { readonly kind: 'named' }
  | { readonly kind: 'file'; readonly fd: number; readonly appends: boolean }
  | { readonly kind: 'folder'; listing: Listing | undefined }
  | { readonly kind: 'xattr'; readonly value: Uint8Array }
  | {
      readonly kind: 'new-xattr'
      readonly name: string
      readonly flags: number
      readonly value: Uint8Array
      filled: number
    }

export interface Fid {
  path: FilePath
  readonly uid: number
  use: FidUse
}

/** The numbers by which a guest names files. */
export class Fids {
  readonly #fids = new Map<number, Fid>()
  #open = 0

  get size(): number {
    return this.#fids.size
  }

  /** @throws {FileError} EBADF, if there is no such one */
  get(number: number): Fid {
    const fid = this.#fids.get(number)
    if (fid === undefined) throw new FileError('EBADF')
    return fid
  }

  /** @throws {FileError} if there is one, or there are too many */
  add(number: number, fid: Fid): void {
    if (this.#fids.has(number)) throw new FileError('EINVAL')
    if (this.#fids.size >= mostFids) throw new FileError('EMFILE')
    this.#fids.set(number, fid)
  }

  /** Something that takes memory or a descriptor is opened for it. @throws {FileError} EMFILE, if too much is open */
  opens(fid: Fid, use: FidUse): void {
    this.requireRoom()
    this.#open++
    fid.use = use
  }

  requireRoom(): void {
    if (this.#open >= mostOpen) throw new FileError('EMFILE')
  }

  /** Forgets one, and closes what is open. */
  async remove(number: number): Promise<void> {
    const fid = this.#fids.get(number)
    this.#fids.delete(number)
    if (fid !== undefined) await this.close(fid)
  }

  async close(fid: Fid): Promise<void> {
    const { use } = fid
    fid.use = { kind: 'named' }
    if (use.kind !== 'named') this.#open--
    if (use.kind === 'file') await closeFile(use.fd)
    if (use.kind === 'folder') await use.listing?.dir.close()
  }

  async clear(): Promise<void> {
    for (const number of [...this.#fids.keys()]) await this.remove(number).catch(() => undefined)
  }

  /** A file has another place: all that lies below it moves with it. */
  moved(from: FilePath, to: FilePath): void {
    for (const fid of this.#fids.values())
      if (from.every((name, index) => fid.path[index] === name)) fid.path = [...to, ...fid.path.slice(from.length)]
  }
}
