import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { PassedOn, Printed } from './wire.ts'

export const host: HostSide = ({ services }) => {
  let guest: PluggedDevice | undefined
  const passOn = async ({ bytes }: Printed): Promise<void> => {
    await services.output(bytes)
    guest?.send({ count: bytes.length } satisfies PassedOn)
  }
  return {
    connected: (device) => {
      guest = device
    },
    receive: (message) => void passOn(message as Printed),
  }
}
