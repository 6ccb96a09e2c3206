/**
 * vmon inside another program: machines with a typed client attached, and clients for servers elsewhere.
 * Joins machine and client; adds nothing to either.
 */
export { connectQmp } from './connect-qmp.ts'
export { type RunningMachine, startMachine } from './start-machine.ts'
