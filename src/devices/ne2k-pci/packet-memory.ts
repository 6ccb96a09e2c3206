/** Where packets are in the card's memory, and behind which address nothing is. */
const [first, end] = [0x4000, 0xc000]
const prom = 32
/** How a card says that its memory takes words of 16 bits. */
const wordMark = 0x57

/** What an NE2000 has in itself: its address, each byte of it twice, and 32 KiB for packets. */
export class PacketMemory {
  readonly #bytes = new Uint8Array(end)

  constructor(mac: Uint8Array) {
    for (let at = 0; at < prom / 2; at++) {
      const byte = at < mac.length ? mac[at]! : at >= 14 ? wordMark : 0
      this.#bytes.fill(byte, 2 * at, 2 * at + 2)
    }
  }

  read(address: number): number {
    return address < prom || (address >= first && address < end) ? this.#bytes[address]! : 0xff
  }

  write(address: number, value: number): void {
    if (address >= first && address < end) this.#bytes[address] = value
  }

  /** A copy of what begins at an address; undefined if that is not all of the memory for packets. */
  packet(address: number, length: number): Uint8Array | undefined {
    return address >= first && address + length <= end ? this.#bytes.slice(address, address + length) : undefined
  }

  save(): string {
    return Buffer.from(this.#bytes.subarray(first)).toString('base64')
  }

  restore(state: string): void {
    this.#bytes.set(Buffer.from(state, 'base64').subarray(0, end - first), first)
  }
}
