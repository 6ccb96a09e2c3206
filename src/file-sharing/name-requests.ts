import { close, constants } from 'node:fs'
import { link, rename, rmdir, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { kindMask, kinds } from './attributes.ts'
import { FileError } from './file-error.ts'
import type { FilePath } from './host-folder.ts'
import type { Requests, Serving } from './request.ts'

const closeFile = promisify(close)
const removeFolder = 0x200

/** What makes names, moves them and removes them. */
export const nameRequests: Requests = {
  // Tsymlink
  16: {
    writes: true,
    async serve(asked, answer, { shared, fids, seen }) {
      const folder = fids.get(asked.u32())
      const path = [...folder.path, asked.text()]
      const [target, gid] = [asked.text(), asked.u32()]
      await shared.model.makeLink(path, target, { uid: folder.uid, gid, mode: 0o777 })
      answer.qid(await seen.qid(path))
    },
  },
  // Tmknod
  18: {
    writes: true,
    async serve(asked, answer, { shared, fids, seen }) {
      const folder = fids.get(asked.u32())
      const path = [...folder.path, asked.text()]
      const [mode, major, minor, gid] = [asked.u32(), asked.u32(), asked.u32(), asked.u32()]
      const owner = { uid: folder.uid, gid, mode }
      const kind = mode & kindMask
      if (kind === kinds.folder || kind === kinds.link) throw new FileError('EINVAL')
      if (kind === kinds.file || kind === 0)
        await closeFile(await shared.model.makeFile(path, owner, constants.O_WRONLY))
      else await shared.model.makeNode(path, owner, deviceNumber(major, minor))
      answer.qid(await seen.qid(path))
    },
  },
  // Trename
  20: {
    writes: true,
    async serve(asked, _answer, serving) {
      const from = serving.fids.get(asked.u32()).path
      const folder = serving.fids.get(asked.u32()).path
      await move(from, [...folder, asked.text()], serving)
    },
  },
  // Tlink
  70: {
    writes: true,
    async serve(asked, _answer, { shared, fids }) {
      const folder = fids.get(asked.u32())
      const { path } = fids.get(asked.u32())
      const to = [...folder.path, asked.text()]
      await shared.folder.at(path, (file) => shared.folder.at(to, (name) => link(file, name)))
    },
  },
  // Tmkdir
  72: {
    writes: true,
    async serve(asked, answer, { shared, fids, seen }) {
      const folder = fids.get(asked.u32())
      const path = [...folder.path, asked.text()]
      const [mode, gid] = [asked.u32(), asked.u32()]
      await shared.model.makeFolder(path, { uid: folder.uid, gid, mode })
      answer.qid(await seen.qid(path))
    },
  },
  // Trenameat
  74: {
    writes: true,
    async serve(asked, _answer, serving) {
      const from = [...serving.fids.get(asked.u32()).path, asked.text()]
      const to = [...serving.fids.get(asked.u32()).path, asked.text()]
      await move(from, to, serving)
    },
  },
  // Tunlinkat
  76: {
    writes: true,
    async serve(asked, _answer, { shared, fids }) {
      const path = [...fids.get(asked.u32()).path, asked.text()]
      const flags = asked.u32()
      await shared.folder.at(path, (file) => ((flags & removeFolder) === 0 ? unlink(file) : rmdir(file)))
    },
  },
  // Tremove: the number is free in any case.
  122: {
    writes: true,
    async serve(asked, _answer, { shared, fids }) {
      const number = asked.u32()
      const { path } = fids.get(number)
      try {
        requireBelow(path)
        const stats = await shared.folder.stats(path)
        await shared.folder.at(path, (file) => (stats.isDirectory() ? rmdir(file) : unlink(file)))
      } finally {
        await fids.remove(number)
      }
    },
  },
}

async function move(from: FilePath, to: FilePath, { shared, fids }: Serving): Promise<void> {
  requireBelow(from)
  await shared.folder.at(from, (old) => shared.folder.at(to, (name) => rename(old, name)))
  fids.moved(from, to)
}

/** @throws {FileError} for the shared folder itself, which stays */
function requireBelow(path: FilePath): void {
  if (path.length === 0) throw new FileError('EBUSY')
}

/** As Linux packs it. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n)
}
