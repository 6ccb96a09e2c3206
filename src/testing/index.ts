/**
 * For tests of programs that manage machines: a machine for the length of a function.
 */
export { withMachine } from './with-machine.ts'
