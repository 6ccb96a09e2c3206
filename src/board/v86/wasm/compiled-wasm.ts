import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { patchedWasm } from './wasm-patches.ts'

let wasm: Promise<WebAssembly.Module> | undefined

/** v86's code, compiled once for all boards of the process. */
export function compiledWasm(): Promise<WebAssembly.Module> {
  wasm ??= (async () => {
    try {
      const folder = dirname(createRequire(import.meta.url).resolve('v86'))
      return await WebAssembly.compile(patchedWasm(await readFile(join(folder, 'v86.wasm'))))
    } catch (error) {
      wasm = undefined // the next board may find descriptors and memory again
      throw error
    }
  })()
  return wasm
}
