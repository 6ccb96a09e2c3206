/**
 * A typed QMP client, for vmon and for QEMU alike. Runs wherever JavaScript does: it is given a connection and knows
 * nothing of sockets. Commands are typed by the table, of which only the types get here.
 */
export { CommandError, ConnectionLostError, ProtocolError } from './client-error.ts'
export { GuestKeyboard, type TypeOptions } from './guest-keyboard.ts'
export { defaultTimeoutMs, GuestScreen, ScreenTimeoutError, type WaitOptions } from './guest-screen.ts'
export type { AnyQmpEvent, EventName, Greeting, QmpEvent } from './messages.ts'
export {
  type CallOptions,
  type EventOptions,
  QmpClient,
  type QmpClientOptions,
  type WaitForEventOptions,
} from './qmp-client.ts'
/** @internal for the serial ports of machines in the same process */
export { patternText, textPattern } from './text-pattern.ts'
