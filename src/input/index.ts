/**
 * What people do to the machine: keys by name or number, the scan codes that a PS/2 keyboard makes of them, and the
 * pace at which they are pressed and released. Knows neither who asks nor which board has the keyboard: scan codes go
 * to a function.
 */
export type { Clock } from './clock.ts'
export { type QKeyCode, qKeyCodes } from './q-key-code.ts'
export { defaultHoldMs, type KeyValue, SendKey, type SendKeyOptions } from './send-key.ts'
