/**
 * vmon inside another program: machines with a typed client attached, and clients for servers elsewhere.
 * Joins machine and client; adds nothing to either.
 */
export { type ConnectOptions, connectQmp, openAddress, tcpPlace } from './connect-qmp.ts'
export { GuestSerial, SerialTimeoutError } from './guest-serial.ts'
export { type AddressSpace, MachineMemory, type MemorySearch } from './machine-memory.ts'
export { type ForkedMachine, type RunningMachine, startMachine } from './start-machine.ts'
