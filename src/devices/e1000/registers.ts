/** Registers of the 8254x family by their offsets (Intel, 8254x Software Developer's Manual, 13.3), as far as they do something. */
export const register = {
  ...{ control: 0x00, status: 0x08, eeprom: 0x10, eepromRead: 0x14, mdi: 0x20, vlanType: 0x38 },
  ...{ cause: 0xc0, causeSet: 0xc8, mask: 0xd0, maskClear: 0xd8 },
  ...{ receiveControl: 0x100, transmitControl: 0x400, packetBuffer: 0x1000 },
  ...{ rxBase: 0x2800, rxBaseHigh: 0x2804, rxLength: 0x2808, rxHead: 0x2810, rxTail: 0x2818 },
  ...{ txBase: 0x3800, txBaseHigh: 0x3804, txLength: 0x3808, txHead: 0x3810, txTail: 0x3818 },
  ...{ statistics: 0x4000, statisticsEnd: 0x4128 },
  ...{ goodReceived: 0x4074, goodSent: 0x4080, bytesReceived: 0x4088, bytesSent: 0x4090 },
  ...{ totalBytesReceived: 0x40c0, totalBytesSent: 0x40c8, totalReceived: 0x40d0, totalSent: 0x40d4 },
  ...{ multicastTable: 0x5200, receiveAddress: 0x5400, vlanTable: 0x5600, manageability: 0x5820 },
} as const

/** Device control. */
export const control = { linkUp: 1 << 6, reset: 1 << 26, vlanMode: 1 << 30, phyReset: 1 << 31 } as const

/** Device status: full duplex at 1000 Mb/s. */
export const status = { linkUp: 2, always: 0x80080781 | 0 } as const

/** Causes of interrupts. */
export const cause = {
  ...{ sent: 0x01, queueEmpty: 0x02, linkChanged: 0x04, fewBuffers: 0x10, received: 0x80, mdiDone: 0x200 },
} as const

/** Receive control. */
export const receive = {
  ...{ enable: 1 << 1, promiscuous: 1 << 3, allMulticast: 1 << 4, longPackets: 1 << 5, broadcast: 1 << 15 },
  ...{ vlanFilter: 1 << 18, largeBuffers: 1 << 25, stripChecksum: 1 << 26 },
} as const

/** Transmit control. */
export const transmit = { enable: 1 << 1 } as const

/** The serial EEPROM's wires. */
export const eeprom = { clock: 1, select: 2, input: 4, output: 8, request: 0x40, grant: 0x80, present: 0x100 } as const
