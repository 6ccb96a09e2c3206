import type { V86Cpu } from '../v86-internals.ts'

/** The guest's RAM as devices reach it: zeros where there is none, and what is written there is lost. */
export class DmaMemory {
  readonly #cpu: V86Cpu

  constructor(cpu: V86Cpu) {
    this.#cpu = cpu
  }

  read(address: number, length: number): Uint8Array {
    const { wasm_memory: memory, mem8, memory_size: size } = this.#cpu
    const ram = new Uint8Array(memory.buffer, mem8.byteOffset, size[0]!)
    const bytes = new Uint8Array(length)
    bytes.set(ram.subarray(address, address + length))
    return bytes
  }

  write(address: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#cpu.write_blob(bytes, address)
  }
}
