import { close, constants, fchmod, fchown, open, writeFile as writeCallback } from 'node:fs'
import { chmod, lchown, mkdir, readFile, readlink, rmdir, symlink, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type FileAttributes, kindMask, kinds } from './attributes.ts'
import { FileError } from './file-error.ts'
import type { FilePath, HostFolder } from './host-folder.ts'
import type { SystemCalls } from './system-calls.ts'

const openFile = promisify(open)
const closeFile = promisify(close)
const changeOwner = promisify(fchown)
const changeMode = promisify(fchmod)
const writeFile = promisify(writeCallback)

/** Whose a new file is, and what its mode is. */
export interface Owner {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Who owns files, and what they are: as the host has it, or as the guest alone sees it. What cannot be made leaves nothing. */
export interface SecurityModel {
  /** What the guest is to see, from what the host has. */
  seen(file: Buffer, attributes: FileAttributes): FileAttributes
  /**
   * Makes a file that is not there yet, and keeps it open: its own mode may forbid to open it again.
   *
   * @param flags - how it is opened, as Linux has them
   * @returns its descriptor, which the caller closes
   */
  makeFile(path: FilePath, owner: Owner, flags: number): Promise<number>
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
const newFile = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** As the host has it; with `lenient`, it does not matter whether new files can be given to whom the guest wants. */
export function hostModel(folder: HostFolder, system: SystemCalls | undefined, lenient: boolean): SecurityModel {
  const setMode = (path: FilePath, mode: number): Promise<void> =>
    folder.hold(path, async ({ path: file, stats }) => {
      if ((Number(stats.mode) & kindMask) === kinds.link) throw new FileError('EOPNOTSUPP')
      await chmod(file, mode & permissionMask)
    })
  const give = async (change: Promise<void>): Promise<void> => {
    try {
      await change
    } catch (error) {
      if (!lenient) throw error
    }
  }
  const settle = async (path: FilePath, file: Buffer, { uid, gid, mode }: Owner): Promise<void> => {
    await give(lchown(file, uid, gid))
    await setMode(path, mode)
  }
  return {
    seen: (_file, attributes) => attributes,
    makeFile: (path, { uid, gid, mode }, flags) =>
      folder.at(path, async (file) => {
        const fd = await openFile(file, newFile | flags, 0o600)
        return await filled(file, fd, async () => {
          await give(changeOwner(fd, uid, gid))
          await changeMode(fd, mode & permissionMask)
        })
      }),
    makeFolder: (path, owner) =>
      folder.at(path, async (file) => {
        await mkdir(file, 0o700)
        await orRemoved(file, rmdir, () => settle(path, file, owner))
      }),
    makeLink: (path, target, { uid, gid }) =>
      folder.at(path, async (file) => {
        await symlink(Buffer.from(target, 'latin1'), file)
        await orRemoved(file, unlink, () => give(lchown(file, uid, gid)))
      }),
    makeNode: async (path, owner, device) => {
      if (system === undefined) throw new FileError('EOPNOTSUPP')
      await folder.at(path, async (file) => {
        system.makeNode(file, owner.mode, device)
        await orRemoved(file, unlink, () => settle(path, file, owner))
      })
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
  const mark = (file: Buffer, { uid, gid, mode }: Owner, device?: bigint): void => {
    put(file, names.uid, BigInt(uid), 4)
    put(file, names.gid, BigInt(gid), 4)
    put(file, names.mode, BigInt(mode), 4)
    if (device !== undefined) put(file, names.device, device, 8)
  }
  /** @returns its descriptor, which the caller closes */
  const makePlain = (
    path: FilePath,
    flags: number,
    fill: (fd: number, file: Buffer) => Promise<void>,
  ): Promise<number> =>
    folder.at(path, async (file) => {
      const fd = await openFile(file, newFile | flags, fileMode)
      return await filled(file, fd, () => fill(fd, file))
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
    makeFile: (path, owner, flags) =>
      makePlain(path, flags, async (_fd, file) =>
        mark(file, { ...owner, mode: kinds.file | (owner.mode & permissionMask) }),
      ),
    makeFolder: (path, owner) =>
      folder.at(path, async (file) => {
        await mkdir(file, folderMode)
        const mode = kinds.folder | (owner.mode & permissionMask)
        await orRemoved(file, rmdir, async () => mark(file, { ...owner, mode }))
      }),
    makeLink: async (path, target, owner) => {
      const fd = await makePlain(path, constants.O_WRONLY, async (link, file) => {
        await writeFile(link, target, 'latin1')
        mark(file, { ...owner, mode: kinds.link | 0o777 })
      })
      await closeFile(fd)
    },
    makeNode: async (path, owner, device) => {
      await closeFile(await makePlain(path, constants.O_WRONLY, async (_fd, file) => mark(file, owner, device)))
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

/** Does what makes a new file complete. @returns its descriptor; if that fails, it is closed, and there is no file */
async function filled(file: Buffer, fd: number, fill: () => Promise<void>): Promise<number> {
  try {
    await orRemoved(file, unlink, fill)
  } catch (error) {
    await closeFile(fd)
    throw error
  }
  return fd
}

/** Does what makes something new complete, or removes it again. */
async function orRemoved(
  file: Buffer,
  remove: (file: Buffer) => Promise<void>,
  complete: () => Promise<void>,
): Promise<void> {
  try {
    await complete()
  } catch (error) {
    await remove(file).catch(() => undefined) // others have been faster
    throw error
  }
}
