import type { Board } from '../board/index.ts'
import { displayClass, lowBiosBytes } from './memory-map.ts'

export type StoredMemory = Pick<Board, 'ramBytes' | 'biosBytes' | 'flash' | 'pci'>

/** A piece of memory that a guest can have in its address space. */
export interface RamBlock {
  readonly name: string
  /** Where it is among all of them. */
  readonly offset: number
  readonly bytes: number
}

/** Blocks begin where a word of a bitmap of pages of 4 KiB does. */
const alignment = 64 * 4096
/** For ROMs of devices without a place of their own. */
const optionRomBytes = 0x20000

/** Every piece of memory that a PC has, the largest first; placed as QEMU places them, which makes them in this order. */
export async function ramBlocksOf(memory: StoredMemory, ramName: string): Promise<readonly RamBlock[]> {
  const made = [
    { name: ramName, bytes: memory.ramBytes },
    ...firmwareBlocks(memory),
    { name: 'pc.rom', bytes: optionRomBytes },
    ...(await videoBlocks(memory)),
  ].filter(({ bytes }) => bytes > 0)
  let end = 0
  const placed = made.map(({ name, bytes }) => {
    const offset = Math.ceil(end / alignment) * alignment
    end = offset + bytes
    return { name, offset, bytes }
  })
  return placed.sort((a, b) => b.bytes - a.bytes)
}

/** A BIOS; or flash chips, and what is seen of the first one below 1 MiB. */
function firmwareBlocks({ biosBytes, flash }: StoredMemory): readonly Pick<RamBlock, 'name' | 'bytes'>[] {
  const [first, ...others] = flash
  if (first === undefined) return [{ name: 'pc.bios', bytes: biosBytes }]
  return [first, { name: 'isa-bios', bytes: Math.min(first.bytes, lowBiosBytes) }, ...others]
}

/** Memory and ROM of VGA cards: of other functions on the bus, regions are registers. */
async function videoBlocks(memory: StoredMemory) {
  const cards = (await memory.pci()).filter(({ classCode }) => classCode >> 8 === displayClass)
  return cards.flatMap(({ slot, function: number, regions }) => {
    const place = `0000:00:${slot.toString(16).padStart(2, '0')}.${number}`
    const bytes = (bar: number): number => regions.find((region) => region.bar === bar)?.size ?? 0
    return [
      { name: `${place}/vga.vram`, bytes: bytes(0) },
      { name: `${place}/vga.rom`, bytes: bytes(romBar) },
    ]
  })
}

const romBar = 6
