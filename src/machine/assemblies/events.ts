import { events as eventTable } from '../../commands/index.ts'
import { EventHub } from '../../monitor/index.ts'
import { BoardListeners } from '../board-listeners.ts'
import type { Start } from './start.ts'

/** What happens goes through these: to the sessions of all monitors, and from the board to whoever is made after it. */
export function events({ scope, log, warn }: Start): { readonly events: EventHub; readonly listeners: BoardListeners } {
  const hub = scope.own(new EventHub(eventTable))
  const failed = (error: Error): void => warn?.(`The board has failed: ${error.message}`)
  return { events: hub, listeners: new BoardListeners({ events: hub, failed, log }) }
}
