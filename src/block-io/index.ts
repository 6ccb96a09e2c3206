/**
 * qemu-io's language: single requests to an image, typed by somebody who wants to see what it does with them. A table of
 * commands, what they say, and how a line is read; `vmon io` and the human monitor's `qemu-io` speak it. Knows no drives
 * and no programs: it is given what requests go to, and where texts go.
 */
export { BlockIo, type Voices } from './block-io.ts'
export { type CacheSetting, cacheModes } from './cache-modes.ts'
export { type IoTable, ioCommand, type ProgramControl } from './io-command.ts'
export { IoComplaint, UsageComplaint } from './io-complaint.ts'
