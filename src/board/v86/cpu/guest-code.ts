import type { V86Cpu } from '../v86-internals.ts'
import { compileBaseline } from '../wasm/baseline-compiler.ts'
import { tableFunction } from '../wasm/table-function.ts'

/** Where the table of functions has room for what is made of the guest's code. */
const firstSlot = 1024
/** A module of at most so many bytes is optimized in less than a tenth of a second, and gains a fifth. */
const worthOptimizing = 32 << 10

/**
 * Compiles what v86 makes of the guest's code by the compiler that suits it. v86 leaves the choice to V8, which is made
 * for programs that stay: a Linux that boots costs twice the processor time then, 150 MiB more, and keeps two cores busy.
 *
 * What V8 does not take is interpreted: loops with many ways into them are multiplied, and can become functions of any
 * size, where V8 ends at 7,654,321 bytes.
 */
export function patchGuestCode(cpu: V86Cpu): void {
  const interpret = interpreter(cpu)
  cpu.codegen_finalize = (slot, start, flags, address, length) => {
    const bytes = new Uint8Array(cpu.wasm_memory.buffer, address >>> 0, length >>> 0).slice()
    // v86 is at work on it still: it hears of the code when it has returned
    queueMicrotask(() => {
      cpu.wm.wasm_table.set(firstSlot + slot, compiled(bytes, cpu) ?? interpret)
      cpu.codegen_finalize_finished(slot, start, flags)
    })
  }
}

/** Undefined if V8 refuses the code. */
function compiled(bytes: Uint8Array, cpu: V86Cpu): (() => void) | undefined {
  try {
    const module = bytes.length > worthOptimizing ? compileBaseline(bytes) : new WebAssembly.Module(bytes)
    const { exports } = new WebAssembly.Instance(module, { e: cpu.jit_imports })
    return exports['f'] as () => void
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof RangeError) return undefined
    throw error
  }
}

/** What v86 keeps for each page of linear memory that it has code for: a pointer to state table, slot and flags. */
const codeOfPages = 49180
/** Where the flags are: which kind of code it is for (operand size, privilege level, ...). */
const flagsOfCode = 8194
/** Flags that no code has. */
const never = 0xff

/**
 * What takes the place of code that is none. It stands for the page that is executed as long as the address translation
 * stays, and says of its code that it is not for the CPU as it is now: v86 interprets it then. It does not compile the
 * same entry points a second time.
 */
function interpreter({ wasm_memory, instruction_pointer }: V86Cpu): () => void {
  return tableFunction(() => {
    const page = instruction_pointer[0]! >>> 12
    const memory = new DataView(wasm_memory.buffer)
    memory.setUint8(memory.getUint32(codeOfPages + page * 4, true) + flagsOfCode, never)
    return undefined
  }, false)
}
