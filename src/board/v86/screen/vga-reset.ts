/** v86's own bookkeeping among the VGA's fields, and what belongs to its place on the bus. */
const kept = /^(diff_|pci_|vga_memory_size$|svga_version$)/

/** The fields that hold the VGA's registers: v86 has no list of them, and its own reset leaves them alone. */
type Registers = Record<string, unknown>

/**
 * Brings v86's VGA back to power-on at a reset, as QEMU does: no mode, a blank screen; the memory keeps its contents.
 * The state is taken when the object is made, before the machine first runs.
 */
export class VgaPowerOnState {
  readonly #vga: Registers
  readonly #values: ReadonlyMap<string, number | boolean>
  readonly #tables: readonly { readonly live: Uint8Array | Int32Array; readonly initial: Uint8Array | Int32Array }[]

  constructor(vga: object) {
    this.#vga = vga as Registers
    this.#values = new Map(
      Object.entries(vga).filter(([name, value]) => !kept.test(name) && /^(number|boolean)$/.test(typeof value)),
    )
    this.#tables = ['crtc', 'dac_map', 'vga256_palette'].map((name) => {
      const live = this.#vga[name] as Uint8Array | Int32Array
      return { live, initial: live.slice() }
    })
  }

  restore(): void {
    for (const [name, value] of this.#values) this.#vga[name] = value
    for (const { live, initial } of this.#tables) live.set(initial)
  }
}
