import type { Fid, FidUse } from './fids.ts'
import { FileError } from './file-error.ts'
import type { FilePath } from './host-folder.ts'
import type { Requests, Serving } from './request.ts'
import type { SystemCalls } from './system-calls.ts'

/** Bytes of the largest value. */
const largestValue = 1 << 16

/** Extended attributes: a number is for the value of one, which is read and written as a file is. */
export const xattrRequests: Requests = {
  // Txattrwalk; without a name, it is for the names of all.
  30: {
    async serve(asked, answer, serving) {
      const { shared, fids } = serving
      const { path, uid } = fids.get(asked.u32())
      const number = asked.u32()
      const name = asked.text()
      const system = requireSystem(serving)
      fids.requireRoom()
      if (name !== '' && !shared.model.shows(name)) throw new FileError('ENODATA')
      const value = await shared.folder.at(path, async (file) =>
        name === '' ? shown(system.xattrs(file), shared.model.shows) : system.xattr(file, name),
      )
      const fid: Fid = { path, uid, use: { kind: 'named' } }
      fids.add(number, fid)
      fids.opens(fid, { kind: 'xattr', value })
      answer.u64(BigInt(value.length))
    },
  },
  // Txattrcreate
  32: {
    writes: true,
    async serve(asked, _answer, { shared, fids }) {
      const fid = fids.get(asked.u32())
      const [name, size, flags] = [asked.text(), asked.u64(), asked.u32()]
      if (fid.use.kind !== 'named') throw new FileError('EINVAL')
      if (size > BigInt(largestValue)) throw new FileError('ENOSPC')
      if (!shared.model.shows(name)) throw new FileError('EOPNOTSUPP')
      fids.requireRoom()
      fids.opens(fid, { kind: 'new-xattr', name, flags, value: new Uint8Array(Number(size)), filled: 0 })
    },
  },
}

/** All of a value has come, or it is to be removed. */
export async function setNewXattr(
  path: FilePath,
  { name, flags, value, filled }: Extract<FidUse, { kind: 'new-xattr' }>,
  serving: Serving,
): Promise<void> {
  const system = requireSystem(serving)
  if (filled !== value.length) throw new FileError('EINVAL')
  await serving.shared.folder.at(path, async (file) => {
    if (value.length === 0) system.removeXattr(file, name)
    else system.setXattr(file, name, value, flags)
  })
}

function requireSystem({ shared: { system } }: Serving): SystemCalls {
  if (system === undefined) throw new FileError('EOPNOTSUPP')
  return system
}

/** Names that the guest may see, each with a zero behind it. */
function shown(names: Uint8Array, shows: (name: string) => boolean): Uint8Array {
  const all = Buffer.from(names)
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '' && shows(name))
  return Buffer.from(all.map((name) => `${name}\0`).join(''), 'latin1')
}
