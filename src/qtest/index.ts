/**
 * QEMU's protocol for tests of devices (-qtest): a program beside the CPU reads and writes ports and memory, hears of
 * interrupts, and lets time go on. Knows the board's `Probe` and the tree of objects; nothing of what the devices are.
 */
export { QtestLog } from './qtest-log.ts'
export { QtestServer } from './qtest-server.ts'
