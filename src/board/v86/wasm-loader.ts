interface WasmImports {
  readonly env: Record<string, WebAssembly.ImportValue>
}

/**
 * Instantiates v86's code from a module that was compiled once for the whole process, with the guest's clock in place
 * of the host's, and remembers what it last complained of.
 */
export function wasmLoader(module: WebAssembly.Module, now: () => number) {
  let panic = ''
  return {
    instantiate: async (imports: WasmImports): Promise<WebAssembly.Exports> => {
      const { console_log_from_wasm: print } = imports.env as Record<string, (...args: number[]) => void>
      let memory: WebAssembly.Memory | undefined
      imports.env['microtick'] = now
      if (print !== undefined) {
        imports.env['console_log_from_wasm'] = (offset: number, length: number) => {
          panic = memory === undefined ? '' : new TextDecoder().decode(new Uint8Array(memory.buffer, offset, length))
        }
      }
      const instance = await WebAssembly.instantiate(module, imports as unknown as WebAssembly.Imports)
      memory = instance.exports['memory'] as WebAssembly.Memory
      return instance.exports
    },
    lastPanic: () => panic,
  }
}
