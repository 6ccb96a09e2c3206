import type { MemoryWindows } from '../memory/memory-windows.ts'
import { romResponder } from '../memory/rom.ts'
import type { V86Cpu } from '../v86-internals.ts'

const busEnd = 2 ** 32
const lowEnd = 1 << 20
/** SeaBIOS is in RAM from the start (see `hostBridge()`): all of it. */
const wholeInLow = 256 << 10
/** Of larger images, as on QEMU. */
const partInLow = 128 << 10

/**
 * The firmware's image: a ROM at the end of the address space, whose last part is in RAM below 1 MiB, too, which a reset
 * fills anew. (v86 would have all of it there, whatever the guest has in low memory, and show this RAM at the end of
 * the address space, where a guest could write to it then: it is given no image.)
 */
export class BiosRom {
  readonly #cpu: V86Cpu
  readonly #image: Uint8Array

  /** Puts the image into its places. */
  constructor(cpu: V86Cpu, windows: MemoryWindows, image: Uint8Array) {
    this.#cpu = cpu
    this.#image = image.slice()
    windows.add(image.length, romResponder(this.#image)).move(busEnd - image.length)
    cpu.load_bios = () => this.#fillLow()
    this.#fillLow()
  }

  /** Lets somebody change the image before the machine runs. */
  change(act: (image: Uint8Array) => void): void {
    act(this.#image)
    this.#fillLow()
  }

  #fillLow(): void {
    const low = this.#image.length > wholeInLow ? this.#image.subarray(-partInLow) : this.#image
    this.#cpu.write_blob(low, lowEnd - low.length)
  }
}
