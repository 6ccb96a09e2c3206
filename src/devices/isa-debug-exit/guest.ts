import type { GuestSide } from '../../board/index.ts'
import type { Written } from './wire.ts'

/** The ports read zeros. */
export const guest: GuestSide = ({ bus, link, properties: { iobase, iosize } }) => {
  const written = (value: number): void => link.stop({ value } satisfies Written)
  bus
    .ports(Math.min(Number(iosize), 0x1_0000), { read: () => 0, write: (_offset, _size, value) => written(value) })
    .move(Number(iobase))
  return {}
}
