import { constants } from 'node:fs'
import { type LibcFunction, loadLibc } from '../libc/index.ts'

// Linux's numbers, the same on every 64-bit machine that Node runs on.
const getFlags = 3
const setFlags = 4
const duplicateCloseOnExec = 1030
const accessMode = 3

/** Whether descriptors can be duplicated here: they can where there is a `loadLibc`. */
export function canDuplicate(): boolean {
  return load() !== undefined
}

/**
 * A descriptor of our own for the same open file, which programs that are started do not get.
 *
 * @throws {Error} with the system's `code`; `ENOSYS` where Node alone cannot do it
 */
export function duplicate(descriptor: number): number {
  return call(descriptor, duplicateCloseOnExec, 0)
}

/** How a descriptor is open: flags of `open()`. @throws {Error} with the system's `code` */
export function flagsOf(descriptor: number): number {
  return call(descriptor, getFlags, 0)
}

/** @throws {Error} with the system's `code` */
export function setFlagsOf(descriptor: number, flags: number): void {
  call(descriptor, setFlags, flags)
}

/** Whether two sets of flags of `open()` let their holders do the same: read, write or both. */
export function sameAccess(one: number, other: number): boolean {
  return (one & accessMode) === (other & accessMode)
}

/** Whether two sets of flags agree about writes that wait for the disk, which cannot be changed later. */
export function sameSynchrony(one: number, other: number): boolean {
  return (one & constants.O_SYNC) === (other & constants.O_SYNC)
}

interface Bound {
  readonly fcntl: LibcFunction
  readonly error: (syscall: string) => Error
}

let loaded: Bound | undefined

function load(): Bound | undefined {
  if (loaded !== undefined) return loaded
  const libc = loadLibc()
  if (libc === undefined) return undefined
  loaded = { fcntl: libc.func('int fcntl(int fd, int command, int argument)'), error: (call) => libc.error(call) }
  return loaded
}

function call(descriptor: number, command: number, argument: number): number {
  const bound = load()
  if (bound === undefined) {
    const text = 'fcntl: descriptors need 64-bit Linux and the optional package koffi'
    throw Object.assign(new Error(text), { code: 'ENOSYS', syscall: 'fcntl' })
  }
  const result = bound.fcntl(descriptor, command, argument)
  if (result < 0) throw bound.error('fcntl')
  return result
}
