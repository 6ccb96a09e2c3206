import { readFileSync } from 'node:fs'
import type { Access, Permission } from '../../access.ts'
import { BlockError } from '../../block-error.ts'

/** Which file it is, whatever its names are. */
export interface FileIdentity {
  readonly dev: number
  readonly ino: number
  readonly path: string
}

/** The bytes that QEMU locks in an image: one for each permission in use, one for each that is not shared. */
const usedBase = 100
const unsharedBase = 200
const bits: readonly (readonly [Permission, number, string])[] = [
  ['read', 0, 'consistent read'],
  ['write', 1, 'write'],
  ['resize', 3, 'resize'],
]

const holders = new Map<string, Set<FileLock>>()

/**
 * Keeps two writers from one image file.
 *
 * Node cannot take the byte locks that QEMU uses. What is possible without: users inside this process exclude each
 * other, and an image that another process has locked in QEMU's way is refused (Linux lists all locks). What is not:
 * another process does not see that we use the image.
 */
export class FileLock {
  readonly #file: FileIdentity
  readonly #key: string
  #access: Access = { uses: [], shares: ['read', 'write', 'resize'] }

  constructor(file: FileIdentity) {
    this.#file = file
    this.#key = `${file.dev}:${file.ino}`
    const others = holders.get(this.#key)
    if (others === undefined) holders.set(this.#key, new Set([this]))
    else others.add(this)
  }

  /** @throws {BlockError} kind `locked`; then nothing has changed */
  change(access: Access): void {
    const taken = foreignLocks(this.#file)
    for (const other of holders.get(this.#key) ?? []) {
      if (other === this) continue
      for (const [permission, bit] of bits) {
        if (other.#access.uses.includes(permission)) taken.add(usedBase + bit)
        if (!other.#access.shares.includes(permission)) taken.add(unsharedBase + bit)
      }
    }
    for (const [permission, bit, name] of bits) {
      if (access.uses.includes(permission) && taken.has(unsharedBase + bit)) this.#refuse(`"${name}" lock`)
    }
    for (const [permission, bit, name] of bits) {
      if (!access.shares.includes(permission) && taken.has(usedBase + bit)) this.#refuse(`shared "${name}" lock`)
    }
    this.#access = access
  }

  release(): void {
    const users = holders.get(this.#key)
    users?.delete(this)
    if (users?.size === 0) holders.delete(this.#key)
  }

  #refuse(what: string): never {
    const { path } = this.#file
    throw new BlockError('locked', `Failed to get ${what}\nIs another process using the image [${path}]?`, {
      filename: path,
    })
  }
}

/** Bytes of QEMU's range that processes of this host have locked in the file; none where the system has no such list. */
function foreignLocks({ dev, ino }: FileIdentity): Set<number> {
  const taken = new Set<number>()
  let list: string
  try {
    list = readFileSync('/proc/locks', 'latin1')
  } catch {
    return taken
  }
  const file = `${hex(major(dev))}:${hex(minor(dev))}:${ino}`
  for (const line of list.split('\n')) {
    const [, kind, , , , where, from, to] = line.split(/\s+/)
    if (kind !== 'OFDLCK' || where !== file) continue
    const last = to === 'EOF' ? unsharedBase + bits.length : Number(to)
    for (let byte = Math.max(Number(from), usedBase); byte <= last; byte++) taken.add(byte)
  }
  return taken
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0')
}

/** Linux packs a device number into 64 bits; JavaScript's bit operators see 32. */
function major(dev: number): number {
  return ((dev >>> 8) & 0xfff) + Math.floor(dev / 2 ** 32) * 0x1000
}

function minor(dev: number): number {
  return (dev & 0xff) + ((dev >>> 12) & 0xfff00)
}
