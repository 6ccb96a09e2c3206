import type { MacAddress } from './ethernet.ts'
import type { IpAddress } from './ip-address.ts'

/** How many guests are remembered; the one that was silent longest is forgotten first. */
const mostNeighbours = 256
/** How many frames wait for each answer, and for how many answers is waited. */
const mostWaiting = 16
const mostAsked = 64

/** Who of the guest's side has which address on the Ethernet, as their own frames said. */
export class Neighbours {
  readonly #known = new Map<IpAddress, MacAddress>()
  readonly #waiting = new Map<IpAddress, Buffer[]>()

  /** Remembers; gives back the frames that have waited for it. */
  learn(address: IpAddress, mac: MacAddress): Buffer[] {
    const before = this.#known.get(address)
    if (before === undefined || Buffer.compare(before, mac) !== 0) {
      this.#known.delete(address)
      this.#known.set(address, Uint8Array.from(mac))
      if (this.#known.size > mostNeighbours) this.#known.delete(this.#known.keys().next().value!)
    }
    const waiting = this.#waiting.get(address)
    if (waiting === undefined) return []
    this.#waiting.delete(address)
    return waiting
  }

  find(address: IpAddress): MacAddress | undefined {
    return this.#known.get(address)
  }

  /** Keeps a frame until the address is known; the oldest are lost where too many wait. */
  wait(address: IpAddress, frame: Buffer): void {
    const waiting = this.#waiting.get(address) ?? []
    waiting.push(frame)
    if (waiting.length > mostWaiting) waiting.shift()
    this.#waiting.delete(address)
    this.#waiting.set(address, waiting)
    if (this.#waiting.size > mostAsked) this.#waiting.delete(this.#waiting.keys().next().value!)
  }
}
