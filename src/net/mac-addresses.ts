const prefix = '52:54:00:12:34:'
const first = 0x56
const last = 0xfe

/** Gives addresses to cards for which none was said: the lowest that no card has, from 52:54:00:12:34:56 on. */
export class MacAddresses {
  /** How many cards have each of the addresses that are given. */
  readonly #taken = new Map<string, number>()

  /** @param said - what was said; it is taken as it is */
  take(said?: string): string {
    const mac = said ?? this.#free()
    this.#taken.set(mac, (this.#taken.get(mac) ?? 0) + 1)
    return mac
  }

  release(mac: string): void {
    const left = (this.#taken.get(mac) ?? 0) - 1
    if (left > 0) this.#taken.set(mac, left)
    else this.#taken.delete(mac)
  }

  #free(): string {
    for (let number = first; number <= last; number++) {
      const mac = prefix + number.toString(16)
      if (!this.#taken.has(mac)) return mac
    }
    return `${prefix}ff`
  }
}
