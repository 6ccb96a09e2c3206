import { InputHandlers, PcInput } from '../../input/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import type { Start } from './start.ts'

/** Who can be given what people do: the PC's own devices first, so that they are the first in every list. */
export function inputHandlers({ config, log, listeners }: Start & { readonly listeners: BoardListeners }): {
  readonly inputHandlers: InputHandlers
} {
  const handlers = new InputHandlers()
  const failed = (error: unknown): void => log.log('machine', 'the board takes no input', { error })
  if (config.machine === 'pc') listeners.input = new PcInput({ handlers, failed })
  return { inputHandlers: handlers }
}
