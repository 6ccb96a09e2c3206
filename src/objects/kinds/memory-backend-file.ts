import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, ftruncateSync, openSync, statSync, truncateSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { reasonText } from '../../errno/index.ts'
import { bool, opt, QmpError, req, size, str, struct } from '../../qapi/index.ts'
import { remembered } from '../../qom/index.ts'
import { type ObjectKind, refused, unchanging } from '../object-kind.ts'
import { type MemoryOptions, memoryBackend, memoryOptions } from './memory-backend.ts'

interface FileOptions extends MemoryOptions {
  readonly 'mem-path': string
  readonly align?: number
  readonly 'discard-data'?: boolean
  readonly pmem?: boolean
  readonly readonly?: boolean
}

const type = 'memory-backend-file'
const pageBytes = 4096

/**
 * Memory that is a file of the host's: the file is made, and gets its size. It cannot be the guest's RAM, which is an
 * array of this program.
 */
export const memoryBackendFile: ObjectKind<FileOptions> = {
  options: struct('MemoryBackendFileProperties', {
    ...memoryOptions,
    align: opt(size, 'where it begins in memory, a multiple of pages'),
    'discard-data': opt(bool, 'whether shared contents need not be kept when it goes'),
    'mem-path': req(str, 'the file, or a folder for one without a name'),
    pmem: opt(bool, 'whether the file is on persistent memory'),
    readonly: opt(bool, 'whether it is only read'),
  }) as ObjectKind<FileOptions>['options'],
  make(said, id) {
    const memory = memoryBackend(type, said, id)
    const { 'mem-path': path, align = 0, pmem = false, readonly = false } = said
    const fixed = (name: string, end = '') => `cannot change property '${name}' of ${type}${end}`
    const discard = remembered('discard-data', bool, said['discard-data'] ?? false)
    let file: string | undefined
    return {
      ...memory,
      access: {
        ...memory.access,
        align: unchanging(align, fixed('align')),
        'discard-data': discard,
        'mem-path': unchanging(path, fixed('mem-path'), ['mem-path', str]),
        pmem: unchanging(pmem, fixed('pmem', '.'), ['pmem', bool]),
        readonly: unchanging(readonly, fixed('readonly', '.'), ['readonly', bool]),
      },
      complete() {
        memory.complete()
        if (align % pageBytes !== 0)
          refused(`alignment 0x${align.toString(16)} must be multiples of page size 0x${pageBytes.toString(16)}`)
        file = takeFile(path, said.size, readonly)
      },
      close() {
        if (file === undefined || said.share !== true || readonly || discard.get?.() !== true) return
        try {
          const { size: bytes } = statSync(file)
          truncateSync(file, 0)
          truncateSync(file, bytes)
        } catch {
          // The contents stay, which is allowed.
        }
      },
    }
  },
}

/** Makes the file as large as it must be. @returns its name; undefined for one in a folder, which has none */
function takeFile(path: string, bytes: number, readonly: boolean): string | undefined {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there?.isDirectory() === true) {
    // Nobody can have put a link there: the name is new, or it is not opened.
    const name = join(path, `qemu_back_mem.${randomUUID()}`)
    fill(open(path, name, 'wx+'), path, bytes)
    unlinkSync(name)
    return undefined
  }
  if (there?.isFile() === false) refused('unable to map backing store for guest RAM: No such device')
  const flags = there === undefined ? 'w+' : readonly ? 'r' : 'r+'
  fill(open(path, path, flags), path, bytes)
  return path
}

function open(path: string, name: string, flags: string): number {
  try {
    return openSync(name, flags, 0o644)
  } catch (error) {
    refused(`can't open backing store ${path} for guest RAM: ${reasonText(error)}`)
  }
}

/** Gives an empty file its size, and closes it. @throws {QmpError} if it has another, or there is no room */
function fill(file: number, path: string, bytes: number): void {
  try {
    const { size: present } = fstatSync(file)
    if (present > 0 && present < bytes)
      refused(`backing store size 0x${present.toString(16)} does not match 'size' option 0x${bytes.toString(16)}`)
    if (present === 0) ftruncateSync(file, Math.ceil(bytes / pageBytes) * pageBytes)
  } catch (error) {
    if (error instanceof QmpError) throw error
    refused(`cannot resize ${path}: ${reasonText(error)}`)
  } finally {
    closeSync(file)
  }
}
