/**
 * vmon: a virtual machine monitor for Node.js. `startMachine()` runs a PC in this process; `connectQmp()` talks to one
 * that runs elsewhere.
 */
export { DeadlineError } from './async/index.ts'
export { BlockError } from './block/index.ts'
export { BoardError } from './board/index.ts'
export {
  type AnyQmpEvent,
  CommandError,
  ConnectionLostError,
  type EventName,
  ProtocolError,
  QmpClient,
  type QmpEvent,
  ScreenTimeoutError,
} from './client/index.ts'
export {
  type ConnectOptions,
  connectQmp,
  type ForkedMachine,
  type GuestSerial,
  type MachineMemory,
  type RunningMachine,
  SerialTimeoutError,
  startMachine,
} from './embedding/index.ts'
export {
  ConfigError,
  type ForkedImage,
  type ForkOptions,
  type Machine,
  type MachineOptions,
  type MachineSurroundings,
} from './machine/index.ts'
export type { NetworkPolicy } from './net/index.ts'
export { TransportError } from './transport/index.ts'
