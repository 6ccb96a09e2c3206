import type { GuestSide } from '../../board/index.ts'
import { pciAddress } from '../pci-address.ts'
import { tell } from '../pvpanic/guest.ts'

/** A register of a byte, in a region of two. */
export const guest: GuestSide = ({ bus, link, place, properties }) => {
  const events = Number(properties['events'])
  const read = (offset: number): number => (offset === 0 ? events : 0)
  const write = (offset: number, value: number): void => {
    if (offset === 0) tell(link, value & 0xff)
  }
  bus.pci(
    {
      ...pciAddress(place, properties),
      ...{ vendorId: 0x1b36, deviceId: 0x0011, revision: 1, classCode: 0x088000 },
      bars: [{ bar: 0, kind: 'memory', size: 2 }],
    },
    { memory: new Map([[0, { read8: read, write8: write, read32: read, write32: write }]]) },
  )
  return {}
}
