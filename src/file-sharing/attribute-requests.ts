import { type BigIntStats, fstat } from 'node:fs'
import { statfs, truncate } from 'node:fs/promises'
import { promisify } from 'node:util'
import { attributesOf, type FileAttributes } from './attributes.ts'
import type { Fid } from './fids.ts'
import { FileError } from './file-error.ts'
import type { Requests, Serving } from './request.ts'

const statOf = promisify(fstat) as unknown as (fd: number, options: { bigint: true }) => Promise<BigIntStats>
/** What is told: all that every system has. */
const basic = 0x7ffn
const second = 1_000_000_000n
const longestName = 255
/** What is to be changed. */
const change = { mode: 1, uid: 2, gid: 4, size: 8, accessed: 0x10, modified: 0x20, accessedTo: 0x80, modifiedTo: 0x100 }

/** What files are. */
export const attributeRequests: Requests = {
  // Tstatfs
  8: {
    async serve(asked, answer, { shared, fids }) {
      const { path } = fids.get(asked.u32())
      const all = await shared.folder.hold(path, (held) => statfs(held.path, { bigint: true }))
      answer.u32(Number(BigInt.asUintN(32, all.type))).u32(Number(all.bsize))
      answer.u64(all.blocks).u64(all.bfree).u64(all.bavail).u64(all.files).u64(all.ffree)
      answer.u64(0n).u32(longestName)
    },
  },
  // Treadlink
  22: {
    async serve(asked, answer, { shared, fids }) {
      answer.text(await shared.model.target(fids.get(asked.u32()).path))
    },
  },
  // Tgetattr
  24: {
    async serve(asked, answer, serving) {
      const fid = serving.fids.get(asked.u32())
      asked.u64()
      const attributes = await attributesOfFid(fid, serving)
      const { mode, uid, gid, links, device, size, blockSize, blocks, accessed, modified, changed } = attributes
      answer.u64(basic).qid(serving.seen.qidOf(attributes)).u32(mode).u32(uid).u32(gid)
      answer.u64(links).u64(device).u64(size).u64(blockSize).u64(blocks)
      for (const time of [accessed, modified, changed]) answer.u64(time / second).u64(time % second)
      answer.u64(0n).u64(0n).u64(0n).u64(0n)
    },
  },
  // Tsetattr
  26: {
    writes: true,
    async serve(asked, _answer, { shared, fids }) {
      const { path } = fids.get(asked.u32())
      const what = asked.u32()
      const [mode, uid, gid, size] = [asked.u32(), asked.u32(), asked.u32(), asked.u64()]
      const [accessed, modified] = [asked.u64() * second + asked.u64(), asked.u64() * second + asked.u64()]
      const { folder, model, system } = shared
      if (what & change.mode) await model.setMode(path, mode)
      if (what & (change.accessed | change.modified)) {
        const time = (which: number, to: number, value: bigint) =>
          (what & which) === 0 ? undefined : (what & to) === 0 ? ('now' as const) : value
        if (system === undefined) throw new FileError('EOPNOTSUPP')
        await folder.at(path, async (file) =>
          system.setTimes(
            file,
            time(change.accessed, change.accessedTo, accessed),
            time(change.modified, change.modifiedTo, modified),
          ),
        )
      }
      if (what & (change.uid | change.gid))
        await model.setOwner(path, what & change.uid ? uid : undefined, what & change.gid ? gid : undefined)
      if (what & change.size)
        await folder.hold(path, async ({ path: file, stats }) => {
          if (!stats.isFile()) throw new FileError(stats.isDirectory() ? 'EISDIR' : 'EINVAL')
          if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileError('EFBIG')
          await truncate(file, Number(size))
        })
    },
  },
}

/** Of a file that has no name any more, what the host knows of it while it is open. */
async function attributesOfFid({ path, use }: Fid, { seen }: Serving): Promise<FileAttributes> {
  try {
    return await seen.attributes(path)
  } catch (error) {
    if (use.kind !== 'file') throw error
    return attributesOf(await statOf(use.fd, { bigint: true }))
  }
}
