import type { RxFilter, RxState } from '../../net/index.ts'

const tableEntries = 64
const macLength = 6
const vlanCount = 4096
const vlanTag = 0x8100

/** Addresses that are taken, as a guest says them: those of single cards, and those of groups. */
export interface AddressTable {
  readonly addresses: readonly Uint8Array[]
  /** There were too many of them. */
  readonly overflow: boolean
}

const noAddresses: AddressTable = { addresses: [], overflow: false }

/** A choice that a guest makes, by the number of its command. */
export const receiveModes = [
  'promiscuous',
  'allMulticast',
  'allUnicast',
  'noMulticast',
  'noUnicast',
  'noBroadcast',
] as const

interface State {
  readonly mac: readonly number[]
  readonly modes: readonly string[]
  readonly unicast: { readonly addresses: readonly (readonly number[])[]; readonly overflow: boolean }
  readonly multicast: { readonly addresses: readonly (readonly number[])[]; readonly overflow: boolean }
  readonly vlans: readonly number[]
}

/** Which frames are for a card: all of them until its driver says so otherwise. */
export class ReceiveFilter {
  readonly #ownMac: Uint8Array
  mac: Uint8Array
  readonly modes = new Set<(typeof receiveModes)[number]>()
  unicast = noAddresses
  multicast = noAddresses
  /** A bit for each VLAN. */
  readonly vlans = new Uint32Array(vlanCount / 32)

  constructor(mac: Uint8Array) {
    this.#ownMac = mac
    this.mac = mac
    this.reset()
  }

  reset(): void {
    this.mac = this.#ownMac
    this.modes.clear()
    this.modes.add('promiscuous')
    this.unicast = noAddresses
    this.multicast = noAddresses
    this.vlans.fill(0xffffffff)
  }

  takes(frame: Uint8Array): boolean {
    if (this.modes.has('promiscuous')) return true
    if (frame.length < 14) return false
    if (((frame[12]! << 8) | frame[13]!) === vlanTag) {
      const id = (((frame[14] ?? 0) << 8) | (frame[15] ?? 0)) & 0xfff
      if (((this.vlans[id >> 5]! >>> (id & 31)) & 1) === 0) return false
    }
    const to = frame.subarray(0, macLength)
    if ((frame[0]! & 1) === 0) {
      if (this.modes.has('noUnicast')) return false
      if (this.modes.has('allUnicast') || this.unicast.overflow) return true
      return isSame(to, this.mac) || this.unicast.addresses.some((address) => isSame(to, address))
    }
    if (to.every((byte) => byte === 0xff)) return !this.modes.has('noBroadcast')
    if (this.modes.has('noMulticast')) return false
    if (this.modes.has('allMulticast') || this.multicast.overflow) return true
    return this.multicast.addresses.some((address) => isSame(to, address))
  }

  /** @param bytes - two lists, each with the number of its addresses before it @returns false if they are not that */
  setTables(bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const addressesAt = (at: number): { readonly found: readonly Uint8Array[]; readonly end: number } | undefined => {
      if (at + 4 > bytes.length) return undefined
      const end = at + 4 + view.getUint32(at, true) * macLength
      if (end > bytes.length) return undefined
      const found: Uint8Array[] = []
      for (let from = at + 4; from < end; from += macLength) found.push(bytes.slice(from, from + macLength))
      return { found, end }
    }
    const single = addressesAt(0)
    const groups = single && addressesAt(single.end)
    if (single === undefined || groups?.end !== bytes.length) return false
    const table = (found: readonly Uint8Array[], room: number): AddressTable =>
      found.length <= room ? { addresses: found, overflow: false } : { addresses: [], overflow: true }
    this.unicast = table(single.found, tableEntries)
    this.multicast = table(groups.found, tableEntries - this.unicast.addresses.length)
    return true
  }

  /** @returns false if there is no such VLAN */
  setVlan(id: number, taken: boolean): boolean {
    if (id >= vlanCount) return false
    const bit = 1 << (id & 31)
    if (taken) this.vlans[id >> 5]! |= bit
    else this.vlans[id >> 5]! &= ~bit
    return true
  }

  /** @param hasVlans - whether its driver says which VLANs are taken */
  told(hasVlans: boolean): RxFilter {
    const { modes } = this
    const stateOf = (none: boolean, all: boolean): RxState => (none ? 'none' : all ? 'all' : 'normal')
    const vlan = stateOf(
      this.vlans.every((word) => word === 0),
      false,
    )
    return {
      promiscuous: modes.has('promiscuous'),
      unicast: stateOf(modes.has('noUnicast'), modes.has('allUnicast')),
      multicast: stateOf(modes.has('noMulticast'), modes.has('allMulticast')),
      vlan: hasVlans ? vlan : 'all',
      broadcast: !modes.has('noBroadcast'),
      unicastOverflow: this.unicast.overflow,
      multicastOverflow: this.multicast.overflow,
      mac: textOf(this.mac),
      unicastTable: this.unicast.addresses.map(textOf),
      multicastTable: this.multicast.addresses.map(textOf),
      vlans: this.vlans.slice(),
    }
  }

  save(): unknown {
    const plain = ({ addresses, overflow }: AddressTable) => ({ addresses: addresses.map((one) => [...one]), overflow })
    return {
      ...{ mac: [...this.mac], modes: [...this.modes], vlans: [...this.vlans] },
      ...{ unicast: plain(this.unicast), multicast: plain(this.multicast) },
    } satisfies State
  }

  restore(state: unknown): void {
    const { mac, modes, unicast, multicast, vlans } = state as State
    const table = ({ addresses, overflow }: State['unicast']): AddressTable => ({
      ...{ addresses: addresses.map((one) => Uint8Array.from(one)), overflow },
    })
    this.mac = Uint8Array.from(mac)
    this.modes.clear()
    for (const mode of receiveModes) if (modes.includes(mode)) this.modes.add(mode)
    this.unicast = table(unicast)
    this.multicast = table(multicast)
    this.vlans.set(vlans)
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, at) => byte === other[at])
}

function textOf(mac: Uint8Array): string {
  return [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}
