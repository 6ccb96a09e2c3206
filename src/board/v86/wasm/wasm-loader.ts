import { variables } from './wasm-patches.ts'

const instructionCounter = variables.instructionCounter / 4

interface WasmImports {
  readonly env: Record<string, WebAssembly.ImportValue>
}

type Import = (...args: number[]) => number

/** What v86's code asks of devices, and what it reads from one that has failed: all ones, of so many bits. */
const devices = /^(io_port|mmap)_(read|write)(\d+)$/

/**
 * As how many instructions an access to a port counts: it takes as long as many, and with some devices far longer. A slice
 * of execution ends after 100,000, and nobody is heard before.
 */
const countOfPortAccess = 64

/**
 * Instantiates v86's code from a module that was compiled once for the whole process, with the guest's clock in place
 * of the host's, and remembers what it last complained of. A device that throws leaves nothing written, or all ones read:
 * otherwise it would end an instruction of the guest, and v86's own code, in the middle.
 *
 * @param deviceFailed hears of each kind of failure of a device once
 */
export function wasmLoader(module: WebAssembly.Module, now: () => number, deviceFailed: (message: string) => void) {
  let panic = ''
  const told = new Set<string>()
  const guarded = (ask: Import, fallback: number): Import => {
    return (...args) => {
      try {
        return ask(...args)
      } catch (error) {
        if (isOfWasm(error)) throw error
        const message = error instanceof Error ? error.message : String(error)
        if (!told.has(message) && told.size < mostTold) deviceFailed(message)
        told.add(message)
        return fallback
      }
    }
  }
  return {
    instantiate: async (imports: WasmImports): Promise<WebAssembly.Exports> => {
      const env = imports.env as Record<string, Import>
      let memory: WebAssembly.Memory | undefined
      let words = new Int32Array(0)
      const counted = (ask: Import): Import => {
        return (port, value) => {
          if (words.length === 0 && memory !== undefined) words = new Int32Array(memory.buffer) // it may have grown
          words[instructionCounter] = words[instructionCounter]! + countOfPortAccess
          return ask(port!, value!)
        }
      }
      env['microtick'] = now
      if (env['console_log_from_wasm'] !== undefined) {
        env['console_log_from_wasm'] = (offset, length) => {
          if (memory !== undefined) panic = new TextDecoder().decode(new Uint8Array(memory.buffer, offset, length))
          return 0
        }
      }
      for (const [name, ask] of Object.entries(env)) {
        const [, , direction, bits] = devices.exec(name) ?? []
        if (direction === undefined) continue
        const safe = guarded(ask, direction === 'read' ? 2 ** Number(bits) - 1 : 0)
        env[name] = name.startsWith('io_port') ? counted(safe) : safe
      }
      const instance = await WebAssembly.instantiate(module, imports as unknown as WebAssembly.Imports)
      memory = instance.exports['memory'] as WebAssembly.Memory
      return instance.exports
    },
    /** What it has complained of since the last call. */
    takePanic: () => {
      const said = panic
      panic = ''
      return said
    },
  }
}

/** So many kinds of failures are told of. */
const mostTold = 32

/** Faults within faults without end use up the stack. */
export function isEndlessRecursion(error: unknown): boolean {
  return error instanceof RangeError && /call stack/.test(error.message)
}

/** Failures of v86's own code, which a device has called: they are caught where a slice of execution is. */
function isOfWasm(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || isEndlessRecursion(error)
}
