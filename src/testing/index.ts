/**
 * For tests of programs that manage machines, and of guests: a machine for the length of a function, a guest that is booted
 * once and then restored.
 */
export { type Preparation, startPrepared } from './prepared-machine.ts'
export { withMachine } from './with-machine.ts'
