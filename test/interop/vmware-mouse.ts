import type { PortPuppet } from './port-puppet.ts'

/** VMware's mouse, as its drivers speak with it. */
export class VmwareMouse {
  readonly #puppet: PortPuppet

  constructor(puppet: PortPuppet) {
    this.#puppet = puppet
  }

  /** Takes places from now on. */
  async enable(): Promise<void> {
    await this.#call(0x29, 0x45414552)
    await this.#call(0x27, 1)
    await this.#call(0x29, 0x53424152)
  }

  /** The next report. */
  async report(): Promise<{ buttons: number; x: number; y: number }> {
    for (;;) {
      const [words] = await this.#call(0x28, 0)
      if ((words! & 0xffff) < 4) continue
      const [buttons, x, y] = await this.#call(0x27, 4)
      return { buttons: buttons! & 0xffff, x: x!, y: y! }
    }
  }

  async #call(ecx: number, ebx: number): Promise<number[]> {
    const said = await this.#puppet.call({ eax: 0x564d5868, edx: 0x5658, ecx, ebx })
    return said.split(' ').map((word) => Number.parseInt(word, 16))
  }
}
