import { byteRegisters, type GuestLink, type GuestSide } from '../../board/index.ts'
import type { GuestNews } from './wire.ts'

const panicked = 1
const crashLoaded = 2

/** One port, which tells the events that it takes and takes them. */
export const guest: GuestSide = ({ bus, link, properties: { ioport, events } }) => {
  const take = (event: number): void => tell(link, event)
  bus
    .ports(1, byteRegisters(1, { read: () => Number(events), write: (_register, event) => take(event) }))
    .move(Number(ioport))
  // The firmware's ACPI tables show the device where this file is.
  bus.firmwareFile({ name: 'etc/pvpanic-port', data: Uint8Array.of(Number(ioport) & 0xff, Number(ioport) >> 8) })
  return {}
}

/** Passes on what a guest has written; of two events it is the worse. */
export function tell(link: GuestLink, event: number): void {
  if (event & panicked) link.stop('panicked' satisfies GuestNews)
  else if (event & crashLoaded) link.send('crash-loaded' satisfies GuestNews)
}
