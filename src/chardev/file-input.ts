import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { FileSource } from '../descriptors/index.ts'
import { reasonText } from '../errno/index.ts'
import { ChardevError } from './chardev-error.ts'

/** Opens a file that a device reads from. @throws {ChardevError} `open` */
export function openInput(path: string, files?: FileSource): Readable {
  try {
    const passed = files?.open(path, constants.O_RDONLY)
    const fd = passed?.fd ?? openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    const input = readableOf(fd)
    if (passed !== undefined) input.once('close', () => passed.closed())
    return input.pause()
  } catch (error) {
    throw new ChardevError('open', `Could not open '${path}': ${reasonText(error)}`, error)
  }
}

function readableOf(fd: number): Readable {
  const stats = fstatSync(fd)
  if (stats.isFIFO() || stats.isSocket()) return new Socket({ fd, readable: true, writable: false })
  if (!stats.isDirectory()) return createReadStream('', { fd, autoClose: true })
  closeSync(fd)
  throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' })
}
