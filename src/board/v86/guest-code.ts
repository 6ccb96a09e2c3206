import { compileBaseline } from './baseline-compiler.ts'
import type { V86Cpu } from './v86-internals.ts'

/** Where the table of functions has room for what is made of the guest's code. */
const firstSlot = 1024
/** A module of at most so many bytes is optimized in less than a tenth of a second, and gains a fifth. */
const worthOptimizing = 32 << 10

/**
 * Compiles what v86 makes of the guest's code by the compiler that suits it. v86 leaves the choice to V8, which is made
 * for programs that stay: a Linux that boots costs twice the processor time then, 150 MiB more, and keeps two cores busy.
 */
export function patchGuestCode(cpu: V86Cpu): void {
  cpu.codegen_finalize = (slot, start, flags, address, length) => {
    const bytes = new Uint8Array(cpu.wasm_memory.buffer, address >>> 0, length >>> 0).slice()
    // v86 is at work on it still: it hears of the code when it has returned
    queueMicrotask(() => {
      const { exports } = new WebAssembly.Instance(compile(bytes), { e: cpu.jit_imports })
      cpu.wm.wasm_table.set(firstSlot + slot, exports['f'] as () => void)
      cpu.codegen_finalize_finished(slot, start, flags)
    })
  }
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  return bytes.length > worthOptimizing ? compileBaseline(bytes) : new WebAssembly.Module(bytes)
}
