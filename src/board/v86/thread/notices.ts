import type { BoardHost } from '../../board.ts'
import type { Notice } from '../wire.ts'

/** What the worker tells that is only passed on. */
type News = Exclude<Notice, { type: 'crashed' | 'serialOutput' | 'device' | 'unplugged' }>

/** The guest has stopped itself. */
export function standsStillAfter({ type }: News): boolean {
  return type === 'guestReset' || type === 'guestShutdown' || type === 'guestSuspend'
}

/** Tells a board's surroundings what its worker has told. */
export function tellHost(host: BoardHost, news: News): void {
  switch (news.type) {
    case 'guestReset':
    case 'guestShutdown':
    case 'wakeRequested':
      host[news.type]()
      break
    case 'clockSet':
      host.clockSet(news.offsetSeconds)
      break
    case 'guestSuspend':
      host.guestSuspend(news.kind)
      break
    case 'vmmouse':
      host.vmmouse(news.mode)
      break
    case 'keyboardLeds':
      host.keyboardLeds?.(news.leds)
      break
    case 'interruptLine':
      host.interruptLine?.(news.line, news.asserted)
      break
    case 'deviceFailed':
      host.deviceFailed?.(news.message)
      break
    case 'firmwareLog':
      host.firmwareLog?.(news.line)
      break
  }
}
