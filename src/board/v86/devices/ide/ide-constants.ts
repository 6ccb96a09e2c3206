/** Status register. */
export const status = { error: 0x01, dataRequest: 0x08, seekComplete: 0x10, ready: 0x40, busy: 0x80 } as const
/** A drive that waits for a command, and the last one has succeeded. */
export const idle = status.ready | status.seekComplete
/** Error register: the command has been aborted. */
export const aborted = 0x04
/** Error register of a drive that has just been reset, or has looked at itself: it is well. */
export const wellAndAlone = 0x01
/** Device control register: no interrupts; reset; the registers show what was written to them before. */
export const control = { interruptsOff: 0x02, reset: 0x04, highOrder: 0x80 } as const
/** Device register: addresses are numbers of sectors; the second drive; what is always set; the head or highest bits. */
export const select = { lba: 0x40, second: 0x10, always: 0xa0, head: 0x0f } as const
/** Bus master status: at work; an interrupt has come. */
export const dmaStatus = { active: 0x01, interrupt: 0x04 } as const
/** The most sectors that go into one piece of READ MULTIPLE and WRITE MULTIPLE. */
export const mostMultiple = 16
