import type { Board } from '../../board/index.ts'
import { type GuestInput, type InputHandlers, SendKey } from '../../input/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly listeners: BoardListeners
  readonly inputHandlers: InputHandlers
  readonly runControl: RunControl
}

/** Keyboard and pointing devices: from whoever uses them to the board. */
export function input({ scope, board, listeners, inputHandlers, runControl }: Needs): {
  readonly sendKey: SendKey
  /** For those who look at the screen: nothing is felt while the guest stands still. */
  readonly guestInput: GuestInput
} {
  const { keyboard, pointers } = board
  listeners.input?.join({
    keyboard: (scanCodes) => keyboard.send(scanCodes),
    ps2Mouse: (events) => pointers.ps2(events),
    vmmouse: (events) => pointers.vmmouse(events),
  })
  const sendKey = new SendKey({
    press: (key, down) => {
      inputHandlers.send({ type: 'key', key, down })
      inputHandlers.sync()
    },
    scope,
  })
  scope.own(
    runControl.onRunning((running) => {
      if (running || runControl.state === 'suspended') sendKey.resume()
      else sendKey.pause()
    }),
  )
  return { sendKey, guestInput: guestInputOf(inputHandlers, runControl) }
}

function guestInputOf(handlers: InputHandlers, runControl: RunControl): GuestInput {
  const takesInput = (): boolean => runControl.running || runControl.state === 'suspended'
  return {
    key(key, down) {
      if (!takesInput()) return false
      handlers.send({ type: 'key', key, down })
      handlers.sync()
      return true
    },
    pointer(events) {
      if (!takesInput()) return
      for (const event of events) handlers.send(event)
      handlers.sync()
    },
    get absolute() {
      return handlers.absolute
    },
    get leds() {
      return handlers.leds
    },
    onChange: (listener) => handlers.onChange(listener),
  }
}
