/**
 * vmon: a virtual machine monitor for Node.js. `startMachine()` runs a PC in this process; `connectQmp()` talks to one
 * that runs elsewhere.
 */
export { CommandError, ConnectionLostError, ProtocolError, QmpClient, type QmpEvent } from './client/index.ts'
export { connectQmp, type MachineMemory, type RunningMachine, startMachine } from './embedding/index.ts'
export { ConfigError, type MachineOptions } from './machine/index.ts'
