import { byteRegisters, type GuestSide } from '../../board/index.ts'

/** Writing here disarms the watchdog. */
const stopPort = 0x441
/** Writing here feeds it: the low four bits tell for how long. */
const feedPort = 0x443

/** Between 0 and 30 seconds, in steps of two, counted down from the longest. */
export const guest: GuestSide = ({ bus, link }) => {
  const timer = bus.timer(() => link.send('expired'))
  const onWrite = (port: number, write: (value: number) => void): void =>
    bus.ports(1, byteRegisters(1, { read: () => 0xff, write: (_register, value) => write(value) })).move(port)
  onWrite(stopPort, () => timer.arm(undefined))
  onWrite(feedPort, (value) => timer.arm((15 - (value & 15)) * 2000))
  return {
    reset: () => timer.arm(undefined),
    save: () => timer.left ?? null,
    restore: (left) => timer.arm(typeof left === 'number' ? left : undefined),
  }
}
