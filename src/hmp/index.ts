/**
 * The human monitor: the other language in which a machine is managed. A table of commands and `info` topics, as lines
 * read them, over the parts that QMP commands act on and over those commands themselves; their texts are QEMU's.
 * Knows no terminals and no connections: lines come in, text goes out.
 */

export type { BlockIoPart } from './commands/qemu-io.ts'
export type { MonitorState } from './hmp-call.ts'
export type { HmpTable } from './hmp-command.ts'
export { hmpPage } from './hmp-page.ts'
export type { Rom } from './info/ram.ts'
export { type Audience, Interpreter, type InterpreterOptions } from './interpreter.ts'
export { ramBlocksOf } from './ram-blocks.ts'
export { runForQmp } from './run-for-qmp.ts'
export { commandTable, type HmpParts, infoTable } from './table.ts'
