import type { BusRam, GuestLink, GuestSide, GuestSurroundings } from '../../board/index.ts'
import { type Chain, gather } from '../virtio/chain.ts'
import type { VirtioDevice, VirtioModel } from '../virtio/virtio-device.ts'
import { VirtioPci } from '../virtio/virtio-pci.ts'
import type { FromBalloon, ToBalloon } from './wire.ts'

const feature = { statistics: 1n << 1n, deflateOnOom: 1n << 2n, pagePoison: 1n << 4n, reporting: 1n << 5n } as const
const kind = { type: 5, legacyId: 0x1002, classCode: 0x00ff00 }
const queue = { inflate: 0, deflate: 1, statistics: 2, reporting: 3 } as const
const pageBytes = 4096
const configLength = 16
/** In the configuration: how many pages the balloon is to have, and has, and with what free pages are filled. */
const at = { target: 0, actual: 4, poison: 12 } as const
/** A statistic: its tag, and a number of 64 bits. */
const statisticBytes = 10
const mostStatistics = 64
/** Page numbers that are read at once. */
const numbersAtOnce = 1024

export const guest: GuestSide = (surroundings) =>
  new VirtioPci(surroundings, kind, (device) => new VirtioBalloon(device, surroundings))

/**
 * A balloon: the guest fills it with pages that it does not use, as many as it is asked for.
 *
 * @see Virtual I/O Device (VIRTIO) 1.2, 5.5
 */
class VirtioBalloon implements VirtioModel {
  readonly queues: readonly number[]
  readonly config = {
    length: configLength,
    read: (offset: number) => this.#bytes[offset]!,
    write: (offset: number, value: number) => this.#write(offset, value),
  }
  readonly #device: VirtioDevice
  readonly #ram: BusRam
  readonly #link: GuestLink
  readonly #properties: GuestSurroundings['properties']
  readonly #bytes = new Uint8Array(configLength)
  readonly #view = new DataView(this.#bytes.buffer)
  /** The guest's, for statistics, until they are wanted. */
  #kept: Pick<Chain, 'head'> | undefined
  #told = 0

  constructor(device: VirtioDevice, { bus, link, properties, beginning }: GuestSurroundings) {
    this.#device = device
    this.#ram = bus.ram
    this.#link = link
    this.#properties = properties
    this.queues = [128, 128, 128, ...(properties['free-page-reporting'] === true ? [32] : [])]
    this.#view.setUint32(at.target, (beginning as { pages: number } | undefined)?.pages ?? 0, true)
  }

  features(): bigint {
    const on = (property: string, bit: bigint): bigint => (this.#properties[property] === true ? bit : 0n)
    return (
      feature.statistics |
      on('deflate-on-oom', feature.deflateOnOom) |
      on('page-poison', feature.pagePoison) |
      on('free-page-reporting', feature.reporting)
    )
  }

  receive(message: unknown): void {
    const said = message as ToBalloon
    if (said.type === 'target') {
      this.#view.setUint32(at.target, said.pages, true)
      this.#device.configChanged()
    } else this.#askForStatistics()
  }

  notified(which: number): void {
    if (which === queue.statistics) this.#takeStatistics()
    else this.#takePages(which)
  }

  /** The target stays; what the balloon has is the guest's to say again. */
  reset(): void {
    this.#kept = undefined
    this.#view.setUint32(at.poison, 0, true)
  }

  save(): unknown {
    return { bytes: [...this.#bytes], kept: this.#kept?.head ?? null }
  }

  restore(state: unknown): void {
    const { bytes, kept } = state as { bytes: number[]; kept: number | null }
    this.#bytes.set(bytes)
    this.#kept = kept === null ? undefined : { head: kept }
    this.#tellActual()
  }

  #write(offset: number, value: number): void {
    if (offset < at.actual || (offset >= at.actual + 4 && offset < at.poison)) return
    this.#bytes[offset] = value
    // The last byte of a word comes last.
    if (offset === at.actual + 3) this.#tellActual()
  }

  #tellActual(): void {
    const pages = this.#view.getUint32(at.actual, true)
    if (pages === this.#told) return
    this.#told = pages
    this.#link.send({ type: 'actual', pages } satisfies FromBalloon)
  }

  #takePages(which: number): void {
    const pages = this.#device.queues[which]!
    let any = false
    for (let chain = pages.take(); chain !== undefined; chain = pages.take()) {
      if (which === queue.inflate) this.#release(chain)
      else if (which === queue.reporting && this.#view.getUint32(at.poison, true) === 0)
        for (const { address, length } of chain.writable) this.#ram.release?.(address, length)
      pages.giveQuietly(chain, 0)
      any = true
    }
    if (any) pages.tell()
  }

  /** Gives pages back to the host: ranges of numbers that follow each other at once. */
  #release({ readable, readableBytes }: Chain): void {
    if (this.#ram.release === undefined) return
    const numbers: number[] = []
    for (let offset = 0; offset + 4 <= readableBytes; offset += 4 * numbersAtOnce) {
      const bytes = gather(this.#device.memory, readable, offset, 4 * numbersAtOnce)
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      for (let index = 0; index + 4 <= bytes.length; index += 4) numbers.push(view.getUint32(index, true))
      this.#releasePages(numbers.splice(0).sort((one, other) => one - other))
    }
  }

  #releasePages(numbers: readonly number[]): void {
    for (let from = 0; from < numbers.length; ) {
      let end = from + 1
      while (end < numbers.length && numbers[end]! <= numbers[end - 1]! + 1) end++
      const address = numbers[from]! * pageBytes
      const length = (numbers[end - 1]! - numbers[from]! + 1) * pageBytes
      if (address + length <= this.#ram.byteLength) this.#ram.release?.(address, length)
      from = end
    }
  }

  #takeStatistics(): void {
    const statistics = this.#device.queues[queue.statistics]!
    const chain = statistics.take()
    if (chain === undefined) return
    if (this.#kept !== undefined) statistics.give(this.#kept, 0)
    this.#kept = { head: chain.head }
    const bytes = gather(this.#device.memory, chain.readable, 0, statisticBytes * mostStatistics)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const values: Record<number, bigint> = {}
    for (let offset = 0; offset + statisticBytes <= bytes.length; offset += statisticBytes)
      values[view.getUint16(offset, true)] = view.getBigUint64(offset + 2, true)
    this.#link.send({ type: 'statistics', values } satisfies FromBalloon)
  }

  /** Gives the guest its buffer back: it fills it anew. */
  #askForStatistics(): void {
    const kept = this.#kept
    this.#kept = undefined
    if (kept !== undefined) this.#device.queues[queue.statistics]!.give(kept, 0)
  }
}
