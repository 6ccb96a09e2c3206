import type { GuestSide } from '../../src/board/index.ts'
import { type BoardDevices, byteRegisters } from '../../src/board/index.ts'
import { type DeviceEntry, deviceTable, guestSides } from '../../src/devices/index.ts'

/** A device as a newcomer would add it: what it is, what the guest sees, and a line in the table. */
const guest: GuestSide = ({ bus, link, properties, place }) => {
  const bytes = new Uint8Array(4)
  const handler = byteRegisters(4, {
    read: (register) => bytes[register]!,
    write: (register, value) => {
      bytes[register] = value
      link.send({ register, value })
    },
  })
  const window = bus.ports(4, handler)
  if (place.bus !== 'PCI') window.move(Number(properties['iobase']))
  else {
    bus.pci(
      {
        ...{ slot: place.slot, function: place.function, id: place.id, vendorId: 0x1b36, deviceId: 0x0005 },
        ...{ classCode: 0xff0000, interruptPin: 1, bars: [{ bar: 0, kind: 'io', size: 16 }] },
      },
      { ports: new Map([[0, handler]]) },
    )
  }
  return {
    receive: (message) => bytes.set(message as Uint8Array),
    reset: () => bytes.fill(0),
    save: () => [...bytes],
    restore: (state) => bytes.set(state as number[]),
  }
}

const echo: DeviceEntry = {
  model: { name: 'echo', parent: 'isa-device', bus: 'ISA', category: 'Misc', properties: {} },
  guest: async () => ({ guest }),
}

export const tableWithEcho: readonly DeviceEntry[] = [...deviceTable, echo]

export const devicesWithEcho: BoardDevices = {
  guests: guestSides(tableWithEcho),
  worker: new URL('./echo-worker.js', import.meta.url),
}
