/** The part of the WebAssembly interface that the board uses: Node has it, its type declarations do not. */
declare namespace WebAssembly {
  interface Module {
    readonly __module: never
  }
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  type Exports = Record<string, unknown>
  type ImportValue = unknown
  type Imports = Record<string, Record<string, ImportValue>>
  interface Instance {
    readonly exports: Exports
  }
  function compile(bytes: Uint8Array): Promise<Module>
  function instantiate(module: Module, imports: Imports): Promise<Instance>
}
