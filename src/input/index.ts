/**
 * What people do to the machine: keys by name or number, the scan codes that a PS/2 keyboard makes of them, the pace at
 * which they are pressed and released, and which of the guest's pointing devices a movement goes to. Knows neither who
 * asks nor which board has the devices: what they are to feel goes to functions.
 */
export type { Clock } from './clock.ts'
export type { GuestInput } from './guest-input.ts'
export { GuestPointer } from './guest-pointer.ts'
export {
  type InputAxis,
  type InputButton,
  type InputEvent,
  type InputKind,
  inputAxes,
  inputButtons,
  type PointerEvent,
} from './input-event.ts'
export { type AskedEvent, InputEvents, type InputEventsRequest } from './input-events.ts'
export { InputHandlers, type MouseInfo } from './input-handlers.ts'
export { chordsOf, type KeyboardLayout, keyboardLayouts } from './keyboard-layout.ts'
export { PcInput } from './pc-input.ts'
export { keyNumber, type QKeyCode, qKeyCodes } from './q-key-code.ts'
export { type KeyValue, SendKey, type SendKeyOptions } from './send-key.ts'
