/**
 * The composition root: from plain configuration to parts that know each other. The only room that knows every part;
 * it has no behaviour of its own.
 */
export type { MachineConfig, MonitorConfig } from './config.ts'
export { Machine, type MachineSurroundings } from './machine.ts'
