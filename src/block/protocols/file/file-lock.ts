import { systemCode } from '../../../errno/index.ts'
import { BlockError } from '../../block-error.ts'
import { type Access, idle, isShared, type Permission } from '../../graph/access.ts'
import type { ByteLocks } from './byte-locks.ts'

/** The bytes that QEMU locks in an image: one for each permission in use, one for each that is not shared. */
const usedBase = 100
const unsharedBase = 200
const permissions: readonly (readonly [permission: Permission, bit: number, name: string])[] = [
  ['read', 0, 'consistent read'],
  ['write', 1, 'write'],
  ['write-unchanged', 2, 'write unchanged'],
  ['resize', 3, 'resize'],
]

/**
 * Keeps others from using an image file in a way that excludes our use: another writer first of all, whether in this
 * process, in another one of ours, or in QEMU, whose locks these are.
 */
export class FileLock {
  readonly #fd: number
  readonly #path: string
  readonly #locks: ByteLocks
  #access: Access = idle

  /** @param fd - holds the locks, and gives them up when it is closed */
  constructor(fd: number, path: string, locks: ByteLocks) {
    this.#fd = fd
    this.#path = path
    this.#locks = locks
  }

  /** @throws {BlockError} kind `locked`; then nothing has changed */
  change(access: Access): void {
    const before = lockedBytes(this.#access)
    const wanted = lockedBytes(access)
    try {
      for (const byte of wanted) if (!before.has(byte)) this.#share(byte)
      this.#check(access)
    } catch (error) {
      for (const byte of wanted) if (!before.has(byte)) this.#locks.release(this.#fd, byte)
      throw error
    }
    for (const byte of before) if (!wanted.has(byte)) this.#locks.release(this.#fd, byte)
    this.#access = access
  }

  /** Ours are taken by now: of two that come at the same time, both may see the other, but never neither. */
  #check(access: Access): void {
    for (const [permission, bit, name] of permissions) {
      if (!access.uses.includes(permission)) continue
      if (this.#locks.heldByOther(this.#fd, unsharedBase + bit)) {
        throw lockedByOther(this.#path, `Failed to get "${name}" lock`)
      }
    }
    for (const [permission, bit, name] of permissions) {
      if (isShared(access, permission)) continue
      if (this.#locks.heldByOther(this.#fd, usedBase + bit)) {
        throw lockedByOther(this.#path, `Failed to get shared "${name}" lock`)
      }
    }
  }

  #share(byte: number): void {
    try {
      this.#locks.share(this.#fd, byte)
    } catch (cause) {
      const code = systemCode(cause)
      throw lockedByOther(this.#path, `Failed to lock byte ${byte}`, { cause }, code)
    }
  }
}

/** Somebody else has the file, in a way that excludes ours. */
export function lockedByOther(path: string, what: string, options?: ErrorOptions, code?: string): BlockError {
  const hint = `Is another process using the image [${path}]?`
  return new BlockError('locked', what, { filename: path, hint, ...(code === undefined ? {} : { code }) }, options)
}

function lockedBytes(access: Access): Set<number> {
  const bytes = new Set<number>()
  for (const [permission, bit] of permissions) {
    if (access.uses.includes(permission)) bytes.add(usedBase + bit)
    if (!isShared(access, permission)) bytes.add(unsharedBase + bit)
  }
  return bytes
}
