import type { Board } from '../board/index.ts'

/** What a core file has of the address space: RAM but for the hole that a VGA has in it, the VGA's memory, the BIOS below 4 GiB. */
export async function dumpedMemory(board: Pick<Board, 'ramBytes' | 'biosBytes' | 'pci'>) {
  const { ramBytes, biosBytes } = board
  const cards = (await board.pci()).filter(({ classCode }) => classCode >> 8 === displayClass)
  const video = cards.flatMap(({ regions }) =>
    regions
      .filter(({ bar, address }) => bar === 0 && address !== undefined)
      .map(({ address, size }) => ({ address: address!, bytes: size })),
  )
  const whole = [{ address: 0, bytes: ramBytes }]
  const parted = [
    { address: 0, bytes: Math.min(ramBytes, vgaHole.start) },
    { address: vgaHole.end, bytes: ramBytes - vgaHole.end },
  ]
  const bios = { address: 2 ** 32 - biosBytes, bytes: biosBytes }
  return [...(cards.length > 0 ? parted : whole), ...video, bios].filter(({ bytes }) => bytes > 0)
}

const displayClass = 3
const vgaHole = { start: 0xa0000, end: 0xc0000 }
