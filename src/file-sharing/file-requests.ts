import { close, constants, fdatasync, fsync, open, opendir, read, write } from 'node:fs'
import { promisify } from 'node:util'
import type { Fid, FidUse, Listing } from './fids.ts'
import { FileError } from './file-error.ts'
import type { FilePath } from './host-folder.ts'
import type { Qid } from './message.ts'
import type { Requests, Serving } from './request.ts'
import { setNewXattr } from './xattr-requests.ts'

const openFile = promisify(open)
const closeFile = promisify(close)
const openFolder = promisify(opendir)
const syncFile = promisify(fsync)
const syncData = promisify(fdatasync)
/** Bytes of an answer beside those that were asked for. */
const around = 24
const entryBytes = 24
const pageBytes = 4096
/** As guests say it; it is the host's, too. */
const access = 0o3
const passedFlags = access | 0o1000 /* truncate */ | 0o2000 /* append */
/** Whoever opens a pipe or a device does not wait for it. */
const addedFlags = constants.O_NONBLOCK | constants.O_NOCTTY

/** What is in files and folders. */
export const fileRequests: Requests = {
  // Tlopen
  12: {
    async serve(asked, answer, serving) {
      const fid = serving.fids.get(asked.u32())
      const flags = asked.u32()
      if (serving.shared.options.readOnly && (flags & (access | 0o1000)) !== 0) throw new FileError('EROFS')
      await openFid(fid, fid.path, flags, answer, serving)
    },
  },
  // Tlcreate
  14: {
    writes: true,
    async serve(asked, answer, serving) {
      const fid = serving.fids.get(asked.u32())
      const name = asked.text()
      const [flags, mode, gid] = [asked.u32(), asked.u32(), asked.u32()]
      if (fid.use.kind !== 'named') throw new FileError('EINVAL')
      serving.fids.requireRoom()
      const path = [...fid.path, name]
      let fd: number
      try {
        fd = await serving.shared.model.makeFile(path, { uid: fid.uid, gid, mode }, openFlags(flags))
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST' || (flags & 0o200) !== 0) throw error
        await openFid(fid, path, flags, answer, serving)
        return
      }
      await tellOpened(fid, path, fileUse(fd, flags), answer, serving)
    },
  },
  // Treaddir
  40: {
    async serve(asked, answer, serving) {
      const fid = serving.fids.get(asked.u32())
      const offset = asked.u64()
      const count = room(asked.u32(), serving)
      const { use } = fid
      if (use.kind !== 'folder') throw new FileError('EINVAL')
      const listing = await listingAt(fid, use, offset, serving)
      const entries: { qid: Qid; next: number; type: number; name: string }[] = []
      for (let bytes = 0; ; ) {
        const name = await nextName(listing)
        if (name === undefined) break
        bytes += entryBytes + name.length
        if (bytes > count) {
          listing.waiting = name
          break
        }
        listing.next++
        const seen = await serving.seen.attributes(pathOf(fid.path, name)).catch(() => undefined)
        if (seen === undefined)
          bytes -= entryBytes + name.length // it has gone meanwhile
        else entries.push({ qid: serving.seen.qidOf(seen), next: listing.next, type: (seen.mode >> 12) & 0xf, name })
      }
      answer.u32(entries.reduce((sum, { name }) => sum + entryBytes + name.length, 0))
      for (const { qid, next, type, name } of entries) answer.qid(qid).u64(BigInt(next)).u8(type).text(name)
    },
  },
  // Tfsync
  50: {
    async serve(asked, _answer, { shared, fids }) {
      const { path, use } = fids.get(asked.u32())
      if (use.kind === 'file') await syncFile(use.fd)
      else if (use.kind !== 'folder') throw new FileError('EINVAL')
      else await shared.folder.hold(path, (held) => syncFolder(held.path))
    },
  },
  // Tlock: there is nobody else, as on QEMU.
  52: {
    async serve(asked, answer, { fids }) {
      fids.get(asked.u32())
      answer.u8(0)
    },
  },
  // Tgetlock
  54: {
    async serve(asked, answer, { fids }) {
      fids.get(asked.u32())
      asked.u8()
      const [start, length, process, client] = [asked.u64(), asked.u64(), asked.u32(), asked.text()]
      answer.u8(2).u64(start).u64(length).u32(process).text(client)
    },
  },
  // Tread
  116: {
    async serve(asked, answer, serving) {
      const { use } = serving.fids.get(asked.u32())
      const offset = asked.u64()
      const count = room(asked.u32(), serving)
      if (use.kind === 'xattr') {
        const value = offset > BigInt(use.value.length) ? new Uint8Array() : use.value.subarray(Number(offset))
        const part = value.subarray(0, count)
        answer.u32(part.length).bytes(part)
        return
      }
      if (use.kind !== 'file') throw new FileError('EINVAL')
      const bytes = new Uint8Array(count)
      const got = await readAt(use.fd, bytes, offset)
      answer.u32(got).bytes(bytes.subarray(0, got))
    },
  },
  // Twrite
  118: {
    async serve(asked, answer, { shared, fids }) {
      const { use } = fids.get(asked.u32())
      const offset = asked.u64()
      const bytes = asked.bytes(asked.u32())
      if (use.kind === 'new-xattr') {
        const left = use.value.subarray(use.filled)
        if (offset !== BigInt(use.filled) || bytes.length > left.length) throw new FileError('ENOSPC')
        left.set(bytes)
        use.filled += bytes.length
        answer.u32(bytes.length)
        return
      }
      if (use.kind !== 'file') throw new FileError('EINVAL')
      const written = await writeAt(use.fd, bytes, use.appends ? undefined : offset)
      if (shared.options.writeThrough) await syncData(use.fd)
      answer.u32(written)
    },
  },
  // Tclunk
  120: {
    async serve(asked, _answer, serving) {
      const number = asked.u32()
      const fid = serving.fids.get(number)
      try {
        if (fid.use.kind === 'new-xattr') await setNewXattr(fid.path, fid.use, serving)
      } finally {
        await serving.fids.remove(number)
      }
    },
  },
}

function room(count: number, { negotiated }: Serving): number {
  return Math.max(0, Math.min(count, negotiated.largest - around))
}

type Answer = Parameters<Requests[number]['serve']>[1]

function openFlags(flags: number): number {
  return (flags & passedFlags) | addedFlags
}

function fileUse(fd: number, flags: number): FidUse {
  return { kind: 'file', fd, appends: (flags & 0o2000) !== 0 }
}

/** Opens what is there at a path; then the number stands for that. */
async function openFid(fid: Fid, at: FilePath, flags: number, answer: Answer, serving: Serving): Promise<void> {
  if (fid.use.kind !== 'named') throw new FileError('EINVAL')
  serving.fids.requireRoom()
  const use = await serving.shared.folder.hold(at, async ({ path, stats }): Promise<FidUse> => {
    if (stats.isDirectory()) {
      if ((flags & access) !== 0) throw new FileError('EISDIR')
      return { kind: 'folder', listing: undefined }
    }
    if (stats.isSymbolicLink()) throw new FileError('ELOOP')
    if (!stats.isFile()) throw new FileError('ENXIO') // devices and pipes are the host's own
    return fileUse(await openFile(path, openFlags(flags)), flags)
  })
  await tellOpened(fid, at, use, answer, serving)
}

async function tellOpened(
  fid: Fid,
  path: FilePath,
  use: FidUse,
  answer: Answer,
  { fids, seen, negotiated }: Serving,
): Promise<void> {
  let qid: Qid
  try {
    qid = await seen.qid(path)
  } catch (error) {
    if (use.kind === 'file') await closeFile(use.fd)
    throw error
  }
  fid.path = path
  fids.opens(fid, use)
  const unit = Math.floor((negotiated.largest - around) / pageBytes) * pageBytes
  answer.qid(qid).u32(unit > 0 ? unit : negotiated.largest - around)
}

/** The listing from an entry on: begun again, if it is not there already. */
async function listingAt(
  fid: Fid,
  use: Extract<FidUse, { kind: 'folder' }>,
  offset: bigint,
  { shared }: Serving,
): Promise<Listing> {
  if (use.listing !== undefined && BigInt(use.listing.next) === offset) return use.listing
  const before = use.listing
  use.listing = undefined
  await before?.dir.close()
  const dir = await shared.folder.hold(fid.path, ({ path }) => openFolder(path, { encoding: 'latin1' }))
  const listing: Listing = { dir, next: 0, waiting: undefined }
  use.listing = listing
  while (BigInt(listing.next) < offset && (await nextName(listing)) !== undefined) listing.next++
  return listing
}

async function nextName(listing: Listing): Promise<string | undefined> {
  const { waiting } = listing
  listing.waiting = undefined
  if (waiting !== undefined) return waiting
  if (listing.next < 2) return listing.next === 0 ? '.' : '..'
  return (await listing.dir.read())?.name
}

function pathOf(folder: FilePath, name: string): FilePath {
  return name === '.' ? folder : name === '..' ? folder.slice(0, -1) : [...folder, name]
}

async function syncFolder(path: string): Promise<void> {
  const fd = await openFile(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await syncFile(fd)
  } finally {
    await closeFile(fd)
  }
}

function readAt(fd: number, bytes: Uint8Array, offset: bigint): Promise<number> {
  if (offset > 0x7fff_ffff_ffff_ffffn) throw new FileError('EINVAL')
  return new Promise((resolve, reject) => {
    read(fd, bytes, 0, bytes.length, offset, (error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

function writeAt(fd: number, bytes: Uint8Array, offset: bigint | undefined): Promise<number> {
  if (offset !== undefined && offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileError('EFBIG')
  const at = offset === undefined ? null : Number(offset)
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, at, (error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
