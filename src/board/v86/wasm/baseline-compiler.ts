import { setFlagsFromString } from 'node:v8'

/** No second, optimizing compilation, and the first one before anything is called. */
const baseline = ['--no-wasm-dynamic-tiering', '--no-wasm-tier-up', '--no-wasm-lazy-compilation']
const ordinary = ['--wasm-dynamic-tiering', '--wasm-tier-up', '--wasm-lazy-compilation']

/**
 * Compiles WebAssembly by V8's baseline compiler alone, which takes a few milliseconds. For code that is replaced often:
 * the optimizing compiler takes up to a second of another core, and 20 MiB, for one module of what v86 makes of a guest's
 * code, and what comes out is hardly faster. V8 knows these settings for the process only, so they are changed for the
 * time of the call; modules that exist and those that are compiled later are not affected.
 *
 * @throws {WebAssembly.CompileError} if these are not the bytes of a module
 */
export function compileBaseline(bytes: Uint8Array): WebAssembly.Module {
  for (const flag of baseline) setFlagsFromString(flag)
  try {
    return new WebAssembly.Module(bytes)
  } finally {
    for (const flag of ordinary) setFlagsFromString(flag)
  }
}
