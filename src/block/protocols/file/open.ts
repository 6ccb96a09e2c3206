import { readFileSync, type Stats } from 'node:fs'
import { isPassed } from '../../../descriptors/index.ts'
import { strerror } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { hasProtocol } from '../../open/combine-path.ts'
import type { CacheMode, OpenRequest, ProtocolDefinition } from '../../open/driver.ts'
import { checkNativeAio } from '../../open/native-aio-rule.ts'
import type { OptionBag } from '../../open/option-bag.ts'
import { loadByteLocks } from './byte-locks.ts'
import { FileDriver } from './file-driver.ts'
import { FileHandle, type OpenOptions } from './file-handle.ts'
import { FileLock } from './file-lock.ts'

type Locking = 'auto' | 'on' | 'off'

/** A regular file of the host. */
export const file: ProtocolDefinition = {
  name: 'file',
  prefix: 'file',
  parseFilename: (filename) => ({ filename: withoutPrefix(filename, 'file') }),
  open: (request) => open(request, 'file'),
}

/** A block or character device of the host. */
export const hostDevice: ProtocolDefinition = {
  name: 'host_device',
  prefix: 'host_device',
  parseFilename: (filename) => ({ filename: withoutPrefix(filename, 'host_device') }),
  open: (request) => open(request, 'host_device'),
}

/** What is left that looks like a prefix is none. */
function withoutPrefix(filename: string, prefix: string): string {
  if (!filename.startsWith(`${prefix}:`)) return filename
  const path = filename.slice(prefix.length + 1)
  return hasProtocol(path) ? `./${path}` : path
}

async function open(
  { options, cache, readOnly, autoReadOnly, forceShare = false, files }: OpenRequest,
  name: 'file' | 'host_device',
): Promise<FileDriver> {
  const path = options.takeString('filename')
  const locking = takeLocking(options.takeString('locking'))
  takeHostOptions(options, cache)
  if (path === undefined || path === '') {
    throw new BlockError('invalid', `The '${name}' block driver requires a file name`, { option: 'filename' })
  }
  const writable = !readOnly && !autoReadOnly
  const handle = await openHandle(path, { direct: cache.direct, files, writable })
  try {
    const stats = await handle.stat()
    checkType(name, path, stats, { writable })
    const lock = stats.isFile() && !forceShare ? lockOf(handle, locking) : undefined
    return new FileDriver({
      name,
      handle,
      size: sizeOf(stats),
      alignment: await handle.findAlignment(),
      direct: cache.direct,
      lock,
      flushAtClose: !cache.noFlush,
    })
  } catch (error) {
    await handle.close()
    throw error
  }
}

/**
 * Around the page cache only if the file ends where a request may. A file of the host is opened for writing when
 * somebody writes; of descriptors that were passed, one for writing must be there at once.
 */
async function openHandle(path: string, wish: OpenOptions): Promise<FileHandle> {
  const options = { ...wish, writable: wish.writable && isPassed(path) }
  const handle = await FileHandle.open(path, options)
  if (!handle.direct) return handle
  try {
    if (await handle.endsAligned()) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return FileHandle.open(path, { ...options, direct: false })
}

/** What is said of the way to the host's kernel: there is one here, so it is enough that it can be meant. */
function takeHostOptions(options: OptionBag, cache: CacheMode): void {
  const aio = options.takeString('aio')
  if (aio === 'native') checkNativeAio(cache)
  else if (aio !== undefined && aio !== 'threads' && aio !== 'io_uring') {
    throw new BlockError('invalid', `invalid parameter value: ${aio}`, { option: 'aio' })
  }
  options.takeWideInteger('aio-max-batch')
  // Both are of migrations between hosts.
  for (const name of ['drop-cache', 'x-check-cache-dropped']) options.takeBoolean(name)
  const manager = options.takeString('pr-manager')
  if (manager === undefined) return
  const text = `No persistent reservation manager with id '${manager}'`
  throw new BlockError('missing', text, { option: 'pr-manager' })
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

function checkType(
  name: 'file' | 'host_device',
  path: string,
  stats: Stats,
  { writable }: { readonly writable: boolean },
): void {
  if (stats.isDirectory() && writable) {
    throw new BlockError('invalid', `Could not open '${path}': ${strerror('EISDIR')}`, { filename: path })
  }
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
