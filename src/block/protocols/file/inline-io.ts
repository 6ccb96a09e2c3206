import * as fs from 'node:fs'
import { type Libc, loadLibc } from '../../../libc/index.ts'
import { now as monotonic } from '../../../timers/index.ts'
import { HeldUp } from './held-up.ts'

/** File systems on which a write goes to memory and not to another machine, by their numbers in `statfs()`. */
const localTypes: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0x794c7630, // overlayfs
])
const tmpfs = 0x01021994

/** What may be done between two turns of the event loop: others wait meanwhile. */
const perTurn = { requests: 256, bytes: 4 * 2 ** 20 }
/** Longer requests go to a thread: several move their bytes at once there. */
const longest = 128 * 1024

/** Counts what has been done since the event loop had its turn. */
class TurnBudget {
  #requests = perTurn.requests
  #bytes = perTurn.bytes

  take(bytes: number): boolean {
    if (this.#requests === 0 || this.#bytes < bytes) return false
    this.#requests--
    this.#bytes -= bytes
    return true
  }

  /** The event loop has had its turn. */
  renew(): void {
    this.#requests = perTurn.requests
    this.#bytes = perTurn.bytes
  }
}

/** One for the process: there is one event loop. */
export const turnBudget = new TurnBudget()

type ReadNow = (fd: number, position: number, target: Uint8Array) => number

/**
 * Does at once what takes no waiting: reads what the system's page cache holds, and writes into it. To hand a request to
 * a thread and to hear of its end takes ten times as long as to copy a few pages.
 *
 * Reads never wait: the system says no instead. Writes may be held up by the system if the disk does not keep up, so
 * those that were are followed by a long while without.
 */
export class InlineIo {
  readonly #fd: number
  readonly #now: () => number
  #readNow: ReadNow | undefined
  readonly #writes: boolean
  readonly #heldUp = new HeldUp()

  private constructor(fd: number, readNow: ReadNow | undefined, writes: boolean, now: () => number) {
    this.#fd = fd
    this.#readNow = readNow
    this.#writes = writes
    this.#now = now
  }

  /** @param fileSystem - its number, of `statfs()` */
  static for(fd: number, fileSystem: number, now: () => number = monotonic): InlineIo {
    const inMemory = fileSystem === tmpfs
    const readNow: ReadNow | undefined = inMemory ? readMemory : loadReadNow()
    return new InlineIo(fd, readNow, inMemory || localTypes.has(fileSystem), now)
  }

  /** @returns bytes that have been read, from the first on: perhaps fewer than wanted, or none */
  read(position: number, target: Uint8Array): number {
    if (this.#readNow === undefined || target.byteLength > longest || !turnBudget.take(target.byteLength)) return 0
    const count = this.#readNow(this.#fd, position, target)
    if (count !== unable) return count
    this.#readNow = undefined
    return 0
  }

  /** @returns bytes that have been written, from the first on: perhaps fewer than wanted, or none */
  write(position: number, bytes: Uint8Array): number {
    const { byteLength } = bytes
    if (!this.#writes || byteLength > longest || !turnBudget.take(byteLength)) return 0
    const begin = this.#now()
    if (this.#heldUp.rests(begin)) return 0
    const count = writeNow(this.#fd, position, bytes)
    this.#heldUp.note(begin, this.#now())
    return count
  }
}

/** The file system cannot say whether a read would wait. */
const unable = -1

const readMemory: ReadNow = (fd, position, target) => {
  try {
    return fs.readSync(fd, target, 0, target.byteLength, position)
  } catch {
    return 0 // who asks again, with a thread, is told what is wrong
  }
}

function writeNow(fd: number, position: number, bytes: Uint8Array): number {
  try {
    return fs.writeSync(fd, bytes, 0, bytes.byteLength, position)
  } catch {
    return 0 // who asks again, with a thread, is told what is wrong
  }
}

// Linux's numbers.
const noWait = 8
const notSupported = 95

let loaded: ReadNow | undefined | 'not tried' = 'not tried'

/** Makes ready what Node lacks, when it is first asked for; undefined where there is no `loadLibc`. */
function loadReadNow(): ReadNow | undefined {
  if (loaded === 'not tried') {
    const libc = loadLibc()
    loaded = libc === undefined ? undefined : bind(libc)
  }
  return loaded
}

function bind(libc: Libc): ReadNow {
  const preadv2 = libc.func('intptr_t preadv2(int fd, void *pieces, int count, int64_t position, int flags)')
  // One `struct iovec` for all calls: they are synchronous.
  const piece = new BigUint64Array(2)
  const pieceBytes = new Uint8Array(piece.buffer)

  return (fd, position, target) => {
    piece[0] = libc.address(target.buffer as ArrayBuffer) + BigInt(target.byteOffset)
    piece[1] = BigInt(target.byteLength)
    const count = Number(preadv2(fd, pieceBytes, 1, position, noWait))
    if (count >= 0) return count
    return libc.errno() === notSupported ? unable : 0
  }
}
