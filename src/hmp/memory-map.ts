import type { Board } from '../board/index.ts'

/** Where a PC's memory is. */
export type MappedMemory = Pick<Board, 'ramBytes' | 'biosBytes' | 'flash' | 'pci'>

/** What is at an address. */
export type AddressKind = 'memory' | 'registers' | 'nothing'

/** As much of the firmware is seen below 1 MiB. */
export const lowBiosBytes = 0x20000
const megabyte = 1n << 20n
/** On the PCI bus. */
export const displayClass = 3
const videoHole = { start: 0xa0000n, end: 0xc0000n }
const busEnd = 1n << 32n
/** The interrupt controllers' registers. */
const ioApic = { start: 0xfec00000n, end: 0xfec01000n }
const localApic = { start: 0xfee00000n, end: 0xfef00000n }

/**
 * Whether something answers in all of a range of physical addresses: RAM, ROM, or a device. A machine that is no PC has
 * nothing but RAM.
 */
export async function answers(memory: MappedMemory, address: bigint, length: number, isPc: boolean): Promise<boolean> {
  const end = address + BigInt(length)
  const ram = { start: 0n, end: BigInt(memory.ramBytes) }
  const covers = (range: { start: bigint; end: bigint }): boolean => range.start <= address && end <= range.end
  if (!isPc) return covers(ram)
  const fixed = [ram, { start: 0n, end: megabyte }, ioApic, localApic, ...firmwareRanges(memory)]
  return fixed.some(covers) || (await pciRanges(memory)).some(covers)
}

/** What a physical address belongs to: RAM or ROM, a device's registers, or nothing. */
export async function kindAt(memory: MappedMemory, address: bigint): Promise<AddressKind> {
  const within = (start: bigint, end: bigint): boolean => start <= address && address < end
  const hasVideo = (await memory.pci()).some(({ classCode }) => classCode >> 8 === displayClass)
  if (hasVideo && within(videoHole.start, videoHole.end)) return 'registers'
  if (within(0n, BigInt(memory.ramBytes)) || within(0n, megabyte)) return 'memory'
  if (firmwareRanges(memory).some(({ start, end }) => within(start, end))) return 'memory'
  const region = (await pciRanges(memory)).find(({ start, end }) => within(start, end))
  if (region !== undefined) return region.prefetchable ? 'memory' : 'registers'
  return within(ioApic.start, ioApic.end) || within(localApic.start, localApic.end) ? 'registers' : 'nothing'
}

function firmwareRanges({ biosBytes, flash }: MappedMemory) {
  return [
    { start: busEnd - BigInt(biosBytes), end: busEnd },
    ...flash.map(({ address, bytes }) => ({ start: BigInt(address), end: BigInt(address + bytes) })),
  ]
}

async function pciRanges(memory: MappedMemory) {
  return (await memory.pci()).flatMap(({ regions }) =>
    regions.flatMap(({ kind, address, size, prefetchable }) =>
      kind === 'memory' && address !== undefined
        ? [{ start: BigInt(address), end: BigInt(address + size), prefetchable }]
        : [],
    ),
  )
}
