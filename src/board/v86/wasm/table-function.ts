/**
 * Makes a function of ours one that v86's table of functions takes: it has to come from a WebAssembly module. It is
 * called with a number of 32 bits.
 *
 * @param answers whether v86 wants a number back
 */
export function tableFunction(call: (argument: number) => number | undefined, answers: boolean): () => void {
  const i32 = 0x7f
  const type = answers ? [0x60, 1, i32, 1, i32] : [0x60, 1, i32, 0]
  const module = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
    ...[1, type.length + 1, 1, ...type], // types: one
    ...[2, 7, 1, 1, 0x65, 1, 0x66, 0, 0], // imports: function e.f of type 0
    ...[7, 5, 1, 1, 0x66, 0, 0], // exports: function 0 as f
  ])
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { e: { f: call } })
  return exports['f'] as () => void
}
