import type { GuestMemory } from '../guest-memory.ts'

/** Pages are kept by this size; most of RAM is zero when a kernel has just been loaded. */
const pageBytes = 64 << 10

/**
 * RAM as it is when a kernel has been loaded. v86 loads it once; a guest that reboots would jump into what is left of
 * it. Call `restore()` at every reset.
 */
export class KernelImage {
  readonly #memory: GuestMemory
  readonly #pages: readonly { readonly address: number; readonly bytes: Uint8Array }[]

  constructor(memory: GuestMemory) {
    this.#memory = memory
    const { ram } = memory
    const zeros = new Uint8Array(pageBytes)
    const pages = []
    for (let address = 0; address < ram.length; address += pageBytes) {
      const page = ram.subarray(address, address + pageBytes)
      if (Buffer.compare(page, zeros.subarray(0, page.length)) !== 0) pages.push({ address, bytes: page.slice() })
    }
    this.#pages = pages
  }

  restore(): void {
    for (const { address, bytes } of this.#pages) this.#memory.writePhysical(address, bytes)
  }
}
