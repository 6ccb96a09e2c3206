import { closeSync, constants, ftruncateSync, readlinkSync } from 'node:fs'
import { strerror, systemCode } from '../errno/index.ts'
import { QmpError } from '../qapi/index.ts'
import { duplicate, flagsOf, sameAccess, sameSynchrony, setFlagsOf } from './duplicate.ts'

/** No descriptor of a set can be had for a file. The message is QEMU's, `code` the system's: `ENOENT`, `EACCES`, ... */
export class FdSetError extends Error {
  override readonly name = 'FdSetError'
  readonly kind = 'descriptor'
  readonly code: string

  constructor(message: string, code: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** A file that was opened from a set. */
export interface OpenedFile {
  readonly fd: number
  /** Says that `fd` has been closed: the set's own may be let go now. */
  closed(): void
}

/** Opens what files with certain names stand for. */
export interface FileSource {
  /**
   * @param flags - as `open()` takes them
   * @returns undefined for a name that stands for nothing but itself
   * @throws {FdSetError} if what the name stands for cannot be had like that
   */
  open(path: string, flags: number): OpenedFile | undefined
}

export interface FdSetInfo {
  readonly id: number | bigint
  readonly members: readonly { readonly fd: number; readonly opaque: string | undefined }[]
}

interface Member {
  readonly fd: number
  readonly opaque: string | undefined
  /** `remove-fd` was said: it is closed as soon as the guest runs and somebody looks. */
  removed: boolean
}

interface FdSet {
  readonly id: bigint
  /** The newest last. */
  members: Member[]
  /** How many files are open that were opened from it. */
  open: number
}

export interface FdSetsOptions {
  /** Whether the guest runs: while it stands, nothing is let go. */
  readonly running: () => boolean
}

const prefix = '/dev/fdset/'

/**
 * Sets of descriptors, by number: each is one file, open in several ways. Whoever opens `/dev/fdset/N` gets a duplicate
 * of the one that is open as it is wanted.
 *
 * A set ends when all its descriptors are gone and nothing that was opened from it is open any more. Descriptors go when
 * they have been removed, or when nothing is open and the last monitor hangs up; but, as in QEMU, only while the guest
 * runs, and only when one of these things happens.
 */
export class FdSets implements FileSource, Disposable {
  readonly #options: FdSetsOptions
  /** By ascending number. */
  #sets: FdSet[] = []
  #monitors = 0

  constructor(options: FdSetsOptions) {
    this.#options = options
  }

  /**
   * Takes a descriptor into a set, which is made if there is none with that number; without one, the smallest that is
   * free. The descriptor is closed if that cannot be.
   *
   * @throws {QmpError} GenericError, if the number is negative
   */
  add(fd: number, wish: { readonly id?: number | bigint | undefined; readonly opaque?: string | undefined } = {}) {
    const id = wish.id === undefined ? this.#firstFree() : BigInt(wish.id)
    let set = this.#find(id)
    if (set === undefined) {
      if (id < 0n) {
        closeSync(fd)
        throw new QmpError('GenericError', "Parameter 'fdset-id' expects a non-negative value")
      }
      set = { id, members: [], open: 0 }
      this.#sets = [...this.#sets, set].sort((one, other) => (one.id < other.id ? -1 : 1))
    }
    set.members.push({ fd, opaque: wish.opaque, removed: false })
    return { id: plain(id), fd }
  }

  /**
   * Takes a descriptor that the program was started with: a duplicate, as it is still the starter's to name again.
   *
   * @throws {FdSetError} if there is no such descriptor, or it is one of the program's own
   * @throws {QmpError} as `add()`
   */
  addInherited(fd: number, wish: { readonly id: number | bigint; readonly opaque?: string | undefined }): void {
    if (isOwn(fd)) throw new FdSetError('fd is not valid or already in use', 'EBADF')
    this.add(duplicate(fd), wish)
  }

  /**
   * Lets a descriptor of a set go, or all of them.
   *
   * @throws {QmpError} GenericError, if there is no such set, or no such descriptor in it
   */
  remove(id: number | bigint, fd?: number | bigint): void {
    const set = this.#find(BigInt(id))
    const members = set?.members.filter((member) => fd === undefined || BigInt(member.fd) === BigInt(fd)) ?? []
    if (set === undefined || (fd !== undefined && members.length === 0)) {
      const name = fd === undefined ? `fdset-id:${id}` : `fdset-id:${id}, fd:${fd}`
      throw new QmpError('GenericError', `File descriptor named '${name}' not found`)
    }
    for (const member of members) member.removed = true
    this.#tidy(set)
  }

  /** In the order of query-fdsets: the highest number first. */
  list(): FdSetInfo[] {
    return this.#sets.toReversed().map(({ id, members }) => ({ id: plain(id), members }))
  }

  open(path: string, flags: number): OpenedFile | undefined {
    if (!isPassed(path)) return undefined
    const id = parseId(path.slice(prefix.length))
    if (id === undefined) throw new FdSetError(`Could not parse fdset ${path}`, 'EINVAL')
    const set = this.#find(id)
    try {
      const fd = duplicateFor(set, flags)
      set!.open++
      let state: 'open' | 'closed' = 'open'
      const closed = (): void => {
        if (state === 'closed') return
        state = 'closed'
        set!.open--
        if (set!.open === 0) this.#tidy(set!)
      }
      return { fd, closed }
    } catch (error) {
      const code = systemCode(error) ?? 'EBADF'
      throw new FdSetError(`Could not dup FD for ${path} flags ${flags.toString(16)}: ${strerror(code)}`, code, error)
    }
  }

  /** A client of a monitor has come. */
  monitorOpened(): void {
    this.#monitors++
  }

  /** A client of a monitor has left. */
  monitorClosed(): void {
    this.#monitors--
    for (const set of this.#sets) this.#tidy(set)
  }

  /** Closes all descriptors. What was opened from them is its owners'. */
  [Symbol.dispose](): void {
    for (const set of this.#sets) {
      for (const { fd } of set.members) closeSync(fd)
      set.members = []
    }
    this.#sets = []
  }

  #find(id: bigint): FdSet | undefined {
    return this.#sets.find((set) => set.id === id)
  }

  #firstFree(): bigint {
    let free = 0n
    for (const { id } of this.#sets) if (id === free) free++
    return free
  }

  #tidy(set: FdSet): void {
    const unwanted = set.open === 0 && this.#monitors === 0
    if (this.#options.running()) {
      const gone = set.members.filter(({ removed }) => removed || unwanted)
      set.members = set.members.filter((member) => !gone.includes(member))
      for (const { fd } of gone) closeSync(fd)
    }
    if (set.members.length === 0 && set.open === 0) this.#sets = this.#sets.filter((other) => other !== set)
  }
}

/** Whether a file name stands for a set of descriptors. */
export function isPassed(path: string): boolean {
  return path.startsWith(prefix)
}

/** Whether a number is of no descriptor, or of one that no program passes: what Node waits for events with. */
function isOwn(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('anon_inode:')
  } catch {
    return true
  }
}

/** The number behind `/dev/fdset/`, as `strtol()` reads it; undefined if it is none that a set opened like this can have. */
function parseId(text: string): bigint | undefined {
  const [, sign, digits] = /^[\t-\r ]*([+-]?)([0-9]+)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  const id = BigInt(digits)
  return (sign === '-' && id > 0n) || id >= 2n ** 31n ? undefined : id
}

/** Duplicates the newest descriptor of a set that is open as it is wanted. @throws {Error} with the system's `code` */
function duplicateFor(set: FdSet | undefined, flags: number): number {
  if (set === undefined) throw failure('ENOENT')
  const member = set.members.findLast(({ fd }) => sameAccess(flagsOf(fd), flags))
  if (member === undefined) throw failure('EACCES')
  const fd = duplicate(member.fd)
  try {
    if (!sameSynchrony(flagsOf(fd), flags)) throw failure('EINVAL')
    setFlagsOf(fd, flags)
    const { O_TRUNC, O_CREAT, O_EXCL } = constants
    const fresh = O_CREAT | O_EXCL
    if ((flags & O_TRUNC) !== 0 || (flags & fresh) === fresh) ftruncateSync(fd, 0)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(strerror(code)), { code })
}

function plain(id: bigint): number | bigint {
  return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id
}
