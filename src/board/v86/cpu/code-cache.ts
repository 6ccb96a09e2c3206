import type { CodeCache } from '../../board.ts'
import type { V86Cpu } from '../v86-internals.ts'

/** Counts what v86 translates: it keeps no account of its own that it would tell. */
export class TranslationCount {
  #modules = 0
  #bytes = 0

  constructor(cpu: V86Cpu) {
    const finalize = cpu.codegen_finalize
    cpu.codegen_finalize = (slot, start, flags, address, length) => {
      this.#modules++
      this.#bytes += length
      finalize.call(cpu, slot, start, flags, address, length)
    }
  }

  get cache(): CodeCache {
    return { modules: this.#modules, bytes: this.#bytes }
  }
}
