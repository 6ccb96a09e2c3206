/** The part of the WebAssembly interface that the board uses: Node has it, its type declarations do not. */
declare namespace WebAssembly {
  interface Module {
    readonly __module: never
  }
  interface Memory {
    readonly buffer: ArrayBuffer
    /** @returns how many pages of 64 KiB there were before */
    grow(pages: number): number
  }
  interface Global {
    value: number
  }
  interface Table {
    readonly length: number
    grow(slots: number): number
    set(index: number, value: () => void): void
  }
  type Exports = Record<string, unknown>
  type ImportValue = unknown
  type Imports = Record<string, Record<string, ImportValue>>
  interface Instance {
    readonly exports: Exports
  }
  const Module: new (bytes: Uint8Array) => Module
  const Instance: new (module: Module, imports?: Imports) => Instance
  const RuntimeError: new () => Error
  const CompileError: new () => Error
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(module: Module, imports: Imports): Promise<Instance>
}
