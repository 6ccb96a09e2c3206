import { type Deferred, deferred } from '../../async/index.ts'
import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { Sent, Taken } from './wire.ts'

export const host: HostSide = ({ services }) => {
  let guest: PluggedDevice | undefined
  /** The guest reads what it was sent last. */
  let reading: Deferred<void> | undefined
  services.input((bytes) => {
    reading = deferred()
    guest?.send({ bytes } satisfies Sent)
    return reading.promise
  })
  const passOn = async ({ bytes }: Sent): Promise<void> => {
    await services.output(bytes)
    guest?.send({ count: bytes.length } satisfies Taken)
  }
  return {
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const news = message as Sent | Taken
      if ('bytes' in news) void passOn(news)
      else reading?.resolve()
    },
    closed: () => reading?.resolve(),
  }
}
