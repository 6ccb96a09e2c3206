import { readFileSync, type Stats } from 'node:fs'
import { BlockError } from '../../block-error.ts'
import type { OpenRequest, ProtocolDefinition } from '../../driver.ts'
import { loadByteLocks } from './byte-locks.ts'
import { FileDriver } from './file-driver.ts'
import { FileHandle } from './file-handle.ts'
import { FileLock } from './file-lock.ts'

type Locking = 'auto' | 'on' | 'off'

/** A regular file of the host. */
export const file: ProtocolDefinition = {
  name: 'file',
  prefix: 'file',
  parseFilename: (filename) => ({ filename: filename.replace(/^file:/, '') }),
  open: (request) => open(request, 'file'),
}

/** A block or character device of the host. */
export const hostDevice: ProtocolDefinition = {
  name: 'host_device',
  prefix: 'host_device',
  parseFilename: (filename) => ({ filename: filename.replace(/^host_device:/, '') }),
  open: (request) => open(request, 'host_device'),
}

async function open(
  { options, cache, forceShare = false }: OpenRequest,
  name: 'file' | 'host_device',
): Promise<FileDriver> {
  const path = options.takeString('filename')
  const locking = takeLocking(options.takeString('locking'))
  if (path === undefined || path === '') {
    throw new BlockError('invalid', `The '${name}' block driver requires a file name`, { option: 'filename' })
  }
  const handle = await openHandle(path, cache.direct)
  try {
    const stats = await handle.stat()
    checkType(name, path, stats)
    const lock = stats.isFile() && !forceShare ? lockOf(handle, locking) : undefined
    return new FileDriver({
      name,
      handle,
      size: sizeOf(stats),
      alignment: await handle.findAlignment(),
      lock,
      flushAtClose: !cache.noFlush,
    })
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Around the page cache only if the file ends where a request may: it would grow at its end otherwise. */
async function openHandle(path: string, direct: boolean): Promise<FileHandle> {
  const handle = await FileHandle.open(path, { writable: false, direct })
  if (!handle.direct) return handle
  try {
    const { size } = await handle.stat()
    if (size % (await handle.findAlignment()) === 0) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return FileHandle.open(path, { writable: false })
}

function takeLocking(word: string | undefined): Locking {
  if (word === undefined) return 'auto'
  if (word === 'auto' || word === 'on' || word === 'off') return word
  throw new BlockError('invalid', `invalid parameter value: ${word}`, { option: 'locking' })
}

/** `auto` locks where that is possible. */
function lockOf({ fd, path }: FileHandle, locking: Locking): FileLock | undefined {
  if (locking === 'off') return undefined
  const locks = loadByteLocks()
  if (locks !== undefined) return new FileLock(fd, path, locks)
  if (locking === 'auto') return undefined
  throw new BlockError('unsupported', 'Files can be locked on 64-bit Linux only, and with the package koffi', {
    option: 'locking',
  })
}

function checkType(name: 'file' | 'host_device', path: string, stats: Stats): void {
  const device = stats.isBlockDevice() || stats.isCharacterDevice()
  if (name === 'file' && !stats.isFile()) {
    throw new BlockError('invalid', `'file' driver requires '${path}' to be a regular file`, { filename: path })
  }
  if (name === 'host_device' && !device) {
    throw new BlockError(
      'invalid',
      `'host_device' driver requires '${path}' to be either a character or block device`,
      {
        filename: path,
      },
    )
  }
}

/** A block device's size is not in its inode, but the kernel lists it. Character devices have none. */
function sizeOf(stats: Stats): number {
  if (stats.isFile()) return stats.size
  if (!stats.isBlockDevice()) return 0
  const [major, minor] = [(stats.rdev >>> 8) & 0xfff, (stats.rdev & 0xff) + ((stats.rdev >>> 12) & 0xfff00)]
  return Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'latin1')) * 512
}
