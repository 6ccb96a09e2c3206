import { randomFill } from 'node:crypto'
import { promisify } from 'node:util'
import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { Given, Wanted } from './wire.ts'

const fill = promisify<Uint8Array, Uint8Array>(randomFill)

/** The host's own source of random bytes, as QEMU's `rng-builtin`. */
export const host: HostSide = () => {
  let guest: PluggedDevice | undefined
  const give = async ({ count }: Wanted): Promise<void> => {
    const bytes = await fill(new Uint8Array(count))
    guest?.send({ bytes } satisfies Given, [bytes.buffer as ArrayBuffer])
  }
  return {
    connected: (device) => {
      guest = device
    },
    receive: (message) => void give(message as Wanted),
  }
}
