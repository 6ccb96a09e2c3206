import { constants } from 'node:fs'
import { chmod, lchown, mkdir, open, readFile, readlink, symlink } from 'node:fs/promises'
import { type FileAttributes, kindMask, kinds } from './attributes.ts'
import { FileError } from './file-error.ts'
import type { FilePath, HostFolder } from './host-folder.ts'
import type { SystemCalls } from './system-calls.ts'

/** Whose a new file is, and what its mode is. */
export interface Owner {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Who owns files, and what they are: as the host has it, or as the guest alone sees it. */
export interface SecurityModel {
  /** What the guest is to see, from what the host has. */
  seen(file: Buffer, attributes: FileAttributes): FileAttributes
  makeFile(path: FilePath, owner: Owner): Promise<void>
  makeFolder(path: FilePath, owner: Owner): Promise<void>
  makeLink(path: FilePath, target: string, owner: Owner): Promise<void>
  /** A device, a pipe or a socket, as its mode says. */
  makeNode(path: FilePath, owner: Owner, device: bigint): Promise<void>
  target(path: FilePath): Promise<string>
  setMode(path: FilePath, mode: number): Promise<void>
  /** Undefined stays as it is. */
  setOwner(path: FilePath, uid: number | undefined, gid: number | undefined): Promise<void>
  /** Whether the guest may see an extended attribute. */
  shows(xattr: string): boolean
}

const permissionMask = 0o7777
/** What is given in a call for what is to stay as it is. */
const unchanged = 0xffff_ffff
/** A link leads no further than a path can be long. */
const longestTarget = 4096
const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW

/** As the host has it; with `lenient`, it does not matter whether new files can be given to whom the guest wants. */
export function hostModel(folder: HostFolder, system: SystemCalls | undefined, lenient: boolean): SecurityModel {
  const setMode = (path: FilePath, mode: number): Promise<void> =>
    folder.hold(path, async ({ path: file, stats }) => {
      if ((Number(stats.mode) & kindMask) === kinds.link) throw new FileError('EOPNOTSUPP')
      await chmod(file, mode & permissionMask)
    })
  const give = async (path: FilePath, { uid, gid }: Owner): Promise<void> => {
    try {
      await folder.at(path, (file) => lchown(file, uid, gid))
    } catch (error) {
      if (!lenient) throw error
    }
  }
  const settle = async (path: FilePath, owner: Owner): Promise<void> => {
    await give(path, owner)
    await setMode(path, owner.mode)
  }
  return {
    seen: (_file, attributes) => attributes,
    makeFile: async (path, owner) => {
      await folder.at(path, async (file) => (await open(file, newFile, 0o600)).close())
      await settle(path, owner)
    },
    makeFolder: async (path, owner) => {
      await folder.at(path, (file) => mkdir(file, 0o700))
      await settle(path, owner)
    },
    makeLink: async (path, target, owner) => {
      await folder.at(path, (file) => symlink(Buffer.from(target, 'latin1'), file))
      await give(path, owner)
    },
    makeNode: async (path, owner, device) => {
      if (system === undefined) throw new FileError('EOPNOTSUPP')
      await folder.at(path, async (file) => system.makeNode(file, owner.mode, device))
      await settle(path, owner)
    },
    target: (path) => folder.at(path, async (file) => (await readlink(file, 'latin1')) as string),
    setMode,
    setOwner: (path, uid = unchanged, gid = unchanged) => folder.at(path, (file) => lchown(file, uid, gid)),
    shows: () => true,
  }
}

const names = { uid: 'user.virtfs.uid', gid: 'user.virtfs.gid', mode: 'user.virtfs.mode', device: 'user.virtfs.rdev' }

/** As the guest sees it alone, in extended attributes: on the host all files are of the process, and plain ones. */
export function mappedModel(
  folder: HostFolder,
  system: SystemCalls,
  { fileMode, folderMode }: { readonly fileMode: number; readonly folderMode: number },
): SecurityModel {
  const number = (file: Buffer, name: string): bigint | undefined => {
    try {
      const bytes = system.xattr(file, name)
      return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
    } catch {
      return undefined // there is none, or the file system has none
    }
  }
  const put = (file: Buffer, name: string, value: bigint, bytes: 4 | 8): void => {
    const word = Buffer.alloc(8)
    word.writeBigUInt64LE(value)
    system.setXattr(file, name, word.subarray(0, bytes), 0)
  }
  const mark = (path: FilePath, { uid, gid, mode }: Owner, device?: bigint): Promise<void> =>
    folder.at(path, async (file) => {
      put(file, names.uid, BigInt(uid), 4)
      put(file, names.gid, BigInt(gid), 4)
      put(file, names.mode, BigInt(mode), 4)
      if (device !== undefined) put(file, names.device, device, 8)
    })
  const makePlain = (path: FilePath, contents = ''): Promise<void> =>
    folder.at(path, async (file) => {
      const handle = await open(file, newFile, fileMode)
      try {
        await handle.writeFile(contents, 'latin1')
      } finally {
        await handle.close()
      }
    })
  const modeOf = (file: Buffer, plain: number): number => Number(number(file, names.mode) ?? BigInt(plain))
  return {
    seen: (file, attributes) => ({
      ...attributes,
      uid: Number(number(file, names.uid) ?? BigInt(attributes.uid)),
      gid: Number(number(file, names.gid) ?? BigInt(attributes.gid)),
      mode: modeOf(file, attributes.mode),
      device: number(file, names.device) ?? attributes.device,
    }),
    makeFile: async (path, owner) => {
      await makePlain(path)
      await mark(path, { ...owner, mode: kinds.file | (owner.mode & permissionMask) })
    },
    makeFolder: async (path, owner) => {
      await folder.at(path, (file) => mkdir(file, folderMode))
      await mark(path, { ...owner, mode: kinds.folder | (owner.mode & permissionMask) })
    },
    makeLink: async (path, target, owner) => {
      await makePlain(path, target)
      await mark(path, { ...owner, mode: kinds.link | 0o777 })
    },
    makeNode: async (path, owner, device) => {
      await makePlain(path)
      await mark(path, owner, device)
    },
    target: (path) =>
      folder.hold(path, async ({ path: file, stats }) => {
        if (!stats.isFile() || stats.size > longestTarget) throw new FileError('EINVAL')
        return await readFile(file, 'latin1')
      }),
    setMode: async (path, mode) => {
      const { mode: plain } = await folder.stats(path)
      await folder.at(path, async (file) => {
        const kind = modeOf(file, Number(plain)) & kindMask
        put(file, names.mode, BigInt(kind | (mode & permissionMask)), 4)
      })
    },
    setOwner: (path, uid, gid) =>
      folder.at(path, async (file) => {
        if (uid !== undefined) put(file, names.uid, BigInt(uid), 4)
        if (gid !== undefined) put(file, names.gid, BigInt(gid), 4)
      }),
    shows: (xattr) => !xattr.startsWith('user.virtfs.') && !xattr.startsWith('system.posix_acl_'),
  }
}
