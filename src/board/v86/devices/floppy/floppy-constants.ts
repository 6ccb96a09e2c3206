/** Digital output register: the selected drive, out of reset, DMA. */
export const output = { drive: 0x01, running: 0x04, dma: 0x08, motorA: 0x10, motorB: 0x20 } as const
/** Main status register: a command is at work, data without DMA, data for the guest, the controller waits for the guest. */
export const main = { busy: 0x10, withoutDma: 0x20, toGuest: 0x40, ready: 0x80 } as const
/** Status register A: an interrupt is pending; there is no second drive. */
export const statusA = { interrupt: 0x80, noSecondDrive: 0x40 } as const
/** Data rate select register: the rate; power is down until it is used again; reset. */
export const rateSelect = { rate: 0x03, powerDown: 0x40, reset: 0x80 } as const
/** Status register 0: the head, a seek has ended, abnormal end, invalid command, a drive's state has changed. */
export const status0 = { place: 0x07, head: 0x04, seekEnd: 0x20, abnormal: 0x40, invalid: 0x80, changed: 0xc0 } as const
/** Status registers 1 and 2: no address mark, not writable, end of track; scan: not satisfied, satisfied. */
export const status1 = { noAddressMark: 0x01, notWritable: 0x02, endOfTrack: 0x80 } as const
export const status2 = { notSatisfied: 0x04, scanHit: 0x08 } as const
/** Bit of a command: all sides of a track. */
export const multiTrack = 0x80
/** Code of a sector's length: 512 bytes. */
export const sectorSizeCode = 2
/** After a reset, each of so many drives has to be asked for. */
export const drivesToSense = 4

/** What is done with the data of a command. */
export type Transfer = 'read' | 'write' | 'verify' | 'scanEqual' | 'scanLow' | 'scanHigh'
