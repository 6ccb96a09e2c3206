/** Places of registers (Realtek's data sheets of RTL8139D and RTL8139C+). */
export const register = {
  ...{ address: 0x00, groups: 0x08, txStatus: 0x10, txAddress: 0x20, txRing: 0x20, rxBuffer: 0x30, command: 0x37 },
  ...{ readPointer: 0x38, writePointer: 0x3a, mask: 0x3c, status: 0x3e, txConfig: 0x40, rxConfig: 0x44, eeprom: 0x50 },
  ...{ media: 0x58, txSummary: 0x60, modeControl: 0x62, modeStatus: 0x64, advertised: 0x66, partner: 0x68 },
  ...{ expansion: 0x6a, revision: 0x5e, txPoll: 0xd9, largest: 0xda, plusCommand: 0xe0, rxRing: 0xe4 },
} as const

export const command = { empty: 0x01, transmit: 0x04, receive: 0x08, reset: 0x10 } as const
export const status = { received: 0x01, sent: 0x04, overflow: 0x10, link: 0x20 } as const
export const receive = { all: 0x01, own: 0x02, groups: 0x04, broadcast: 0x08, runsOver: 0x80 } as const
export const plus = { transmit: 0x01, receive: 0x02 } as const
/** Of one of the four buffers: its length, that the card has read it, and that it was sent. */
export const buffer = { length: 0x1fff, read: 0x2000, sent: 0x8000 } as const
/** What a frame was sent to, before its bytes in the buffer. */
export const header = { whole: 0x0001, broadcast: 0x2000, own: 0x4000, group: 0x8000 } as const
/** Of a descriptor in a ring, in its first word. */
export const descriptor = {
  ...{ owned: 2 ** 31, last: 2 ** 30, first: 2 ** 29, end: 2 ** 28, group: 2 ** 26, own: 2 ** 25, broadcast: 2 ** 24 },
  /** What stays of it when the card has sent it: in the place of the rest it says what went wrong. */
  unchanged: 0x7800ffff,
  ...{ cut: 2 ** 27, ipSum: 2 ** 18, udpSum: 2 ** 17, tcpSum: 2 ** 16, rxLength: 0x1fff, txLength: 0xffff },
} as const
/** In its second word: a tag of 16 bits is to be put in. */
export const tagged = 2 ** 17
export const polled = 0x40

/** As after a reset. What the version is stands in the configuration of the transmitter. */
export const version = 0x74800000
export const beginning: readonly (readonly [place: number, size: 1 | 2 | 4, value: number])[] = [
  [register.txConfig, 4, version],
  [register.modeControl, 2, 0x3100],
  [register.advertised, 2, 0x05e1],
  [register.partner, 2, 0x05e1],
  [register.expansion, 2, 0x0001],
  [0x52, 1, 0x0d],
  [register.revision, 1, 0x20],
]
/** 100 Mbit/s and less, agreed upon; with a cable, it says so. */
export const modeStatus = 0x7829
export const modeLink = 0x0004
