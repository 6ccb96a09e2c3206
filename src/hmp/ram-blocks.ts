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

/**
 * Every piece of memory that a machine has, the largest first; placed as QEMU places them, which makes them in this
 * order. A machine without a CPU has RAM alone.
 */
export async function ramBlocksOf(
  memory: StoredMemory,
  { ramName, isPc }: { readonly ramName: string; readonly isPc: boolean },
): Promise<readonly RamBlock[]> {
  const ram = { name: ramName, bytes: memory.ramBytes }
  const others = isPc
    ? [...firmwareBlocks(memory), { name: 'pc.rom', bytes: optionRomBytes }, ...(await cardBlocks(memory))]
    : []
  const made = [ram, ...others].filter(({ bytes }) => bytes > 0)
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

/** Memory of VGA cards, and the ROM of every card: other regions of functions on the bus are registers. */
async function cardBlocks(memory: StoredMemory) {
  return (await memory.pci()).flatMap(({ slot, function: number, classCode, vendorId, deviceId, regions }) => {
    const place = `0000:00:${slot.toString(16).padStart(2, '0')}.${number}`
    const bytes = (bar: number): number => regions.find((region) => region.bar === bar)?.size ?? 0
    if (classCode >> 8 === displayClass) {
      return [
        { name: `${place}/vga.vram`, bytes: bytes(0) },
        { name: `${place}/vga.rom`, bytes: bytes(romBar) },
      ]
    }
    const card = cardNames[`${vendorId.toString(16)}:${deviceId.toString(16)}`]
    return card === undefined ? [] : [{ name: `${place}/${card}.rom`, bytes: bytes(romBar) }]
  })
}

const romBar = 6
/** What QEMU calls cards with a ROM, by their ids on the bus. */
const cardNames: Readonly<Record<string, string>> = {
  '8086:100e': 'e1000',
  '10ec:8029': 'ne2000',
  '10ec:8139': 'rtl8139',
  '1af4:1000': 'virtio-net-pci',
  '1af4:1041': 'virtio-net-pci',
}
