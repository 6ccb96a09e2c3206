import { statSync } from 'node:fs'
import { readWholeFileNow } from '../files/index.ts'
import { loadLibc } from '../libc/index.ts'
import { CommandLineError } from './command-line-error.ts'

/** Whom a process is to become. */
export interface User {
  /** Absent where numbers were given. */
  readonly name?: string
  readonly uid: number
  readonly gid: number
}

/** A user by name, or as `UID:GID`; undefined if there is none. */
export function readUser(text: string): User | undefined {
  for (const line of usersFile().split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name === text && name !== '') return { name, uid: Number(uid), gid: Number(gid) }
  }
  const numbers = /^(\d+):(\d+)$/.exec(text)
  return numbers === null ? undefined : { uid: Number(numbers[1]), gid: Number(numbers[2]) }
}

function usersFile(): string {
  try {
    return readWholeFileNow('/etc/passwd', { limit: 16 << 20 }).toString()
  } catch {
    return '' // then there are numbers only
  }
}

/** Gives up this process's rights for those of a user. @throws {Error} with the system's `code`, if it may not */
export function becomeUser({ name, uid, gid }: User): void {
  if (name === undefined) process.setgroups!([gid])
  else (process as unknown as { initgroups(user: string, group: number): void }).initgroups(name, gid)
  process.setgid!(gid)
  process.setuid!(uid)
}

/** @throws {CommandLineError} in QEMU's words, if a folder cannot be the root of every path */
export function checkRoot(path: string): void {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  if (!folder || process.geteuid?.() !== 0) throw new CommandLineError('chroot failed')
}

/**
 * Lets a folder be the root of every path from now on; what is open stays open.
 *
 * @throws {CommandLineError} in QEMU's words, if it cannot be, or the optional package `koffi` is not there to do it
 */
export function enterRoot(path: string): void {
  const chroot = loadLibc()?.func('int chroot(const char *path)')
  if (chroot === undefined) throw new CommandLineError('chroot failed: the package koffi is not installed')
  if (chroot(path) !== 0) throw new CommandLineError('chroot failed')
  process.chdir('/')
}
