import type { Board } from '../../board/index.ts'
import { InputHandlers, PcInput, SendKey } from '../../input/index.ts'
import type { RunControl } from '../../runstate/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { Start } from './start.ts'

interface Needs extends Start {
  readonly board: Board
  readonly listeners: BoardListeners
  readonly runControl: RunControl
}

/** Keyboard and pointing devices: from whoever uses them to the board. */
export function input({ config, scope, log, board, listeners, runControl }: Needs): {
  readonly inputHandlers: InputHandlers
  readonly sendKey: SendKey
} {
  const inputHandlers = new InputHandlers()
  const { keyboard, pointers } = board
  if (config.machine === 'pc') {
    listeners.input = new PcInput({
      handlers: inputHandlers,
      keyboard: (scanCodes) => keyboard.send(scanCodes),
      ps2Mouse: (events) => pointers.ps2(events),
      vmmouse: (events) => pointers.vmmouse(events),
      failed: (error) => log.log('machine', 'the board takes no input', { error }),
    })
  }
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
  return { inputHandlers, sendKey }
}
