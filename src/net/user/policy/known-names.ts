import type { Clock } from '../clock.ts'
import type { IpAddress } from '../ip-address.ts'
import type { DnsAnswer } from './dns-message.ts'

/** Who has been said longest ago is forgotten first. */
const mostAddresses = 4096
const mostNames = 16
/** Programs keep addresses for longer than they should: how long they are remembered at the least, and at most. */
const [shortestMemory, longestMemory] = [300, 86_400]

/** Which names a guest has been told that an address has, as long as that holds. */
export class KnownNames {
  readonly #clock: Clock
  /** Until when each name holds, by address. */
  readonly #names = new Map<IpAddress, Map<string, number>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The guest has been told. */
  learn({ name, addresses }: DnsAnswer): void {
    for (const { address, seconds } of addresses) {
      const names = this.#names.get(address) ?? new Map<string, number>()
      const held = Math.min(Math.max(seconds, shortestMemory), longestMemory)
      names.delete(name)
      names.set(name, this.#clock.now() + held * 1000)
      if (names.size > mostNames) names.delete(names.keys().next().value!)
      this.#names.delete(address)
      this.#names.set(address, names)
      if (this.#names.size > mostAddresses) this.#names.delete(this.#names.keys().next().value!)
    }
  }

  /** The names of an address, the newest last. */
  of(address: IpAddress): readonly string[] {
    const names = this.#names.get(address)
    if (names === undefined) return []
    const now = this.#clock.now()
    for (const [name, until] of names) if (until <= now) names.delete(name)
    if (names.size === 0) this.#names.delete(address)
    return [...names.keys()]
  }
}
