import { chmodSync, lstatSync, type Stats, statSync, unlinkSync } from 'node:fs'
import { createConnection, type Server } from 'node:net'
import { dirname } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { reasonText, systemCode } from '../errno/index.ts'
import { TransportError } from './transport-error.ts'

/** The longest path that fits into a socket address (`sun_path`, with its final NUL). */
const maxPathLength = 107

/** @throws {TransportError} `invalid`, if the path does not fit into a socket address */
export function checkSocketPath(path: string): void {
  if (path === '' || path.includes('\0')) throw new TransportError('invalid', `UNIX socket path '${path}' is not valid`)
  if (Buffer.byteLength(path) <= maxPathLength) return
  const text = `UNIX socket path '${path}' is too long`
  throw new TransportError('invalid', text, undefined, 'Path must be less than 108 bytes')
}

/**
 * A socket file of ours: made for the owner alone (0600), and removed when it is released or the process exits.
 *
 * A file that nobody listens on, as a killed process leaves it, is replaced; one that is in use is not: there QEMU would
 * take the path away from whoever listens.
 */
export class SocketFile {
  readonly path: string
  readonly #stats: Stats

  private constructor(path: string) {
    this.path = path
    this.#stats = lstatSync(path)
    if (ours.size === 0) process.on('exit', removeAll)
    ours.add(this)
  }

  /**
   * Lets `server` listen at `path`.
   *
   * @throws {TransportError} `invalid`, if the path does not fit; `listen`, if it cannot be had
   */
  static async listen(server: Server, path: string): Promise<SocketFile> {
    checkSocketPath(path)
    await removeStale(path)
    try {
      await listenPrivately(server, path)
      return new SocketFile(path)
    } catch (error) {
      server.close()
      const out = ['EMFILE', 'ENFILE'].includes(systemCode(error) ?? '')
      const what = out ? 'Failed to create Unix socket' : `Failed to bind socket to ${path}`
      throw new TransportError('listen', `${what}: ${reasonText(realReason(path, error))}`, error)
    }
  }

  /** Closes the server that listens there, and removes the file, unless it is to be left: closing alone removes it, too. */
  release(server: Server): void {
    if (leftBehind) {
      server.unref()
      return
    }
    server.close()
    this.remove()
  }

  /** Removes the file, if it is still the one that we made. Does nothing the second time. */
  remove(): void {
    if (!ours.delete(this)) return
    if (ours.size === 0) process.off('exit', removeAll)
    if (sameFile(statsOf(this.path), this.#stats)) unlinkIfAllowed(this.path)
  }
}

/** What may not be removed any more stays. */
function unlinkIfAllowed(path: string): void {
  try {
    unlinkSync(path)
  } catch {}
}

const ours = new Set<SocketFile>()

function removeAll(): void {
  for (const file of ours) file.remove()
}

let leftBehind = false

/** Leaves the files of all sockets that this process listens on where they are, as a crash does: for its end. */
export function leaveSocketFiles(): void {
  leftBehind = true
  process.off('exit', removeAll)
}

/**
 * The file is born private: the mask holds for the one call that makes it. (It keeps the execute bit, so that whatever
 * another thread of this process creates in the same instant stays usable; on a socket that bit has no meaning.)
 * A worker thread may not set the mask and has to make the file private afterwards.
 */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
  })
  const mask = isMainThread ? process.umask(0o077) : undefined
  try {
    server.listen(path)
  } finally {
    if (mask !== undefined) process.umask(mask)
  }
  if (server.listening) chmodSync(path, 0o600)
  await listening
}

/** Why the path could not be had: Node tells of a missing folder as of one that may not be entered. */
function realReason(path: string, error: unknown): unknown {
  if (systemCode(error) !== 'EACCES') return error
  try {
    statSync(dirname(path))
    return error
  } catch (missing) {
    return missing
  }
}

/** @throws {TransportError} `listen`, if the place cannot be made free */
async function removeStale(path: string): Promise<void> {
  try {
    const found = lstatSync(path)
    if (found.isDirectory()) throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
    if (!found.isSocket() || (await someoneListens(path))) return
    if (sameFile(statsOf(path), found)) unlinkSync(path)
  } catch (error) {
    const code = systemCode(error)
    // Of a folder that may not be looked into, binding tells.
    if (code === 'ENOENT' || (code === 'EACCES' && statsOf(path) === undefined)) return
    throw new TransportError('listen', `Failed to unlink socket ${path}: ${reasonText(error)}`, error)
  }
}

function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    // Anything but a refusal (no permission, a full backlog) means that the path is not ours to take.
    probe.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].includes(systemCode(error) ?? '')))
  })
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined // not there, or not to be seen: binding will tell
  }
}

function sameFile(one: Stats | undefined, other: Stats): boolean {
  return one !== undefined && one.ino === other.ino && one.dev === other.dev
}
