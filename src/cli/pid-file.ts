import { closeSync, fstatSync, ftruncateSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { reasonText } from '../errno/index.ts'
import { loadLibc } from '../libc/index.ts'
import { CommandLineError } from './command-line-error.ts'

/**
 * Writes this process's number to a file, and holds a lock on it as long as the process lives: of two processes with
 * one file, the second is refused. (Without the optional package `koffi` nobody is.)
 *
 * @returns what removes the file, if it is still ours
 * @throws {CommandLineError} in QEMU's words
 */
export function writePidFile(path: string): () => void {
  loadLibc() // takes its time, in which others would read an empty file
  for (;;) {
    const fd = openLocked(path)
    // Whoever held the lock before may have removed the file while we waited at the door.
    if (!isSameFile(path, fd)) {
      closeSync(fd)
      continue
    }
    writeNumber(fd, path)
    return () => remove(fd, path)
  }
}

function writeNumber(fd: number, path: string): void {
  let failure = 'Failed to truncate pid file'
  try {
    ftruncateSync(fd)
    failure = 'Failed to write pid file'
    writeSync(fd, `${process.pid}\n`)
  } catch (error) {
    // QEMU removes whatever it is, as root even `/dev/null`.
    if (fstatSync(fd).isFile()) remove(fd, path)
    else closeSync(fd)
    throw refusal(`${failure}: ${reasonText(error)}`)
  }
}

/** Removes the file if it is still ours, and may be removed. */
function remove(fd: number, path: string): void {
  try {
    if (isSameFile(path, fd)) unlinkSync(path)
  } catch {}
  closeSync(fd)
}

function openLocked(path: string): number {
  let fd: number
  try {
    // 'a+' creates what is not there and leaves what another process has written.
    fd = openSync(path, 'a+', 0o600)
  } catch (error) {
    throw refusal(`Could not create '${path}': ${reasonText(error)}`)
  }
  try {
    lockWhole(fd)
  } catch (error) {
    closeSync(fd)
    throw refusal(`Cannot lock pid file: ${reasonText(error)}`)
  }
  return fd
}

function isSameFile(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  const ours = fstatSync(fd)
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev
}

/** Linux's F_OFD_SETLK; a `struct flock` of type 1 (F_WRLCK) from 0 with length 0 is the whole file. */
const setLock = 37
const flockSize = 32

function lockWhole(fd: number): void {
  const libc = loadLibc()
  if (libc === undefined) return
  const flock = new Uint8Array(flockSize)
  flock[0] = 1
  if (libc.func('int fcntl(int fd, int command, void *lock)')(fd, setLock, flock) !== 0) throw libc.error('fcntl')
}

function refusal(text: string): CommandLineError {
  return new CommandLineError(`cannot create PID file: ${text}`)
}
