import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { errorName, strerror, systemCode } from '../errno/index.ts'

/** The part of the `koffi` package that is used here. */
interface Koffi {
  load(path: null): { func(prototype: string): unknown }
  address(memory: ArrayBuffer): bigint
  errno(): number
}

/** A function of the C library. */
export interface LibcFunction {
  (...args: unknown[]): number
  /** Calls it in a thread of libuv's; the last argument is told of the result: `(error, result)`. */
  async(...args: unknown[]): void
}

/** The C library of a 64-bit, little-endian Linux. */
export interface Libc {
  /** A function by its prototype in C; it must return a number. An array of bytes goes where a pointer is wanted. */
  func(prototype: string): LibcFunction
  /**
   * Where memory is. Keep the buffer as long as the address, and let it be an ArrayBuffer of its own: small typed arrays
   * live on V8's heap, which moves them.
   */
  address(memory: ArrayBuffer): bigint
  /** The `errno` of the last call. */
  errno(): number
  /** The last call's error, with `code`, `errno` and `syscall` as Node's own errors have them. */
  error(syscall: string): Error
}

let loaded: Libc | undefined | 'not tried' = 'not tried'

/**
 * Loads the C library, once and only when somebody asks: it takes about ten milliseconds. Undefined where it cannot be
 * had: another system than 64-bit Linux, or the optional package `koffi` is not installed.
 */
export function loadLibc(): Libc | undefined {
  if (loaded === 'not tried') loaded = tryLoad()
  return loaded === 'not tried' ? undefined : loaded
}

function descriptorsAreOut(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return false
  } catch (error) {
    return ['EMFILE', 'ENFILE'].includes(systemCode(error) ?? '')
  }
}

/** The part of `koffi` that is made for this machine, if it is found by itself: what looks for it takes as long again. */
function loadKoffi(load: NodeJS.Require): Koffi {
  try {
    return load(`@koromix/koffi-linux-${process.arch}`)
  } catch {
    return load('koffi')
  }
}

function tryLoad(): typeof loaded {
  const wide = ['x64', 'arm64', 'riscv64', 'loong64', 'ppc64'].includes(process.arch)
  if (process.platform !== 'linux' || !wide || endianness() !== 'LE') return undefined
  let koffi: Koffi
  let library: ReturnType<Koffi['load']>
  try {
    koffi = loadKoffi(createRequire(import.meta.url))
    library = koffi.load(null)
  } catch {
    // An optional dependency: absent, or without a build for this machine; unless there is nothing to open it with.
    return descriptorsAreOut() ? 'not tried' : undefined
  }
  return {
    func: (prototype) => library.func(prototype) as LibcFunction,
    address: (memory) => koffi.address(memory),
    errno: () => koffi.errno(),
    error(syscall) {
      const number = koffi.errno()
      const code = errorName(number) ?? String(number)
      return Object.assign(new Error(`${syscall}: ${strerror(number)}`), { code, errno: -number, syscall })
    },
  }
}
