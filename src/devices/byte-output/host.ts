import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { PassedOn, Written } from './wire.ts'

/** The other side of a device that only writes to its character device. */
export const host: HostSide = ({ services }) => {
  let guest: PluggedDevice | undefined
  const passOn = async ({ bytes }: Written): Promise<void> => {
    await services.output(bytes)
    guest?.send({ count: bytes.length } satisfies PassedOn)
  }
  return {
    connected: (device) => {
      guest = device
    },
    receive: (message) => void passOn(message as Written),
  }
}
