/** Of DP8390's command register, and what its other registers say (National Semiconductor's data sheet). */
export const command = { stop: 0x01, transmit: 0x04, remoteRead: 0x08, remoteWrite: 0x10 } as const
export const status = { received: 0x01, sent: 0x02, remoteDone: 0x40, reset: 0x80 } as const
/** What raises interrupts; a reset does not. */
export const interrupts = 0x7f
export const receive = { broadcast: 0x04, multicast: 0x08, promiscuous: 0x10 } as const
/** Of a packet, in its first byte. */
export const received = { whole: 0x01, group: 0x20 } as const
export const wordWide = 0x01

/** Registers that keep what is written to them, by page and number. */
export const places = {
  ...{ start: 0x01, stop: 0x02, boundary: 0x03, transmitPage: 0x04, transmitLow: 0x05, transmitHigh: 0x06 },
  ...{ status: 0x07, remoteLow: 0x08, remoteHigh: 0x09, countLow: 0x0a, countHigh: 0x0b },
  ...{ receive: 0x0c, transmit: 0x0d, data: 0x0e, mask: 0x0f },
  ...{ address: 0x11, current: 0x17, groups: 0x18 },
} as const

/**
 * What reads always the same: that the last frame was sent and the last packet is whole, RTL8029's letters, and that it is
 * on a cable of 10BASE-T, both ways at once.
 */
export const constants: Readonly<Record<number, number>> = {
  ...{ 4: 0x01, 12: 0x01, 10: 0x50, 11: 0x43, 53: 0x40, 54: 0x40 },
}
