import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { resolveInstalled } from '../../../installed/index.ts'
import { patchedWasm } from './wasm-patches.ts'

let wasm: Promise<WebAssembly.Module> | undefined

/** v86's code, compiled once for all boards of the process. */
export function compiledWasm(): Promise<WebAssembly.Module> {
  wasm ??= (async () => {
    try {
      const folder = dirname(resolveInstalled('v86'))
      return await WebAssembly.compile(patchedWasm(await readFile(join(folder, 'v86.wasm'))))
    } catch (error) {
      wasm = undefined // the next board may find descriptors and memory again
      throw error
    }
  })()
  return wasm
}
