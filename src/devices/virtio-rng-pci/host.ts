import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { Given, Wanted } from './wire.ts'

/** Passes on what its source of random bytes gives. */
export const host: HostSide = ({ services }) => {
  let guest: PluggedDevice | undefined
  const give = async ({ count }: Wanted): Promise<void> => {
    const bytes = new Uint8Array(await services.random(count)) // of its own: the memory goes to the guest's side
    guest?.send({ bytes } satisfies Given, [bytes.buffer])
  }
  return {
    connected: (device) => {
      guest = device
    },
    receive: (message) => void give(message as Wanted),
  }
}
