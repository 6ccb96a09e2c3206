import type { PluggedDevice } from '../../board/index.ts'
import type { HostSide } from '../model.ts'
import type { FromBalloon, ToBalloon } from './wire.ts'

export const host: HostSide = ({ properties, services }) => {
  const { balloon } = services
  let guest: PluggedDevice | undefined
  const tell = (message: ToBalloon): void => guest?.send(message)
  balloon.join({ setTarget: (pages) => tell({ type: 'target', pages }), ask: () => tell({ type: 'ask' }) })
  balloon.pollEvery(Number(properties['guest-stats-polling-interval'] ?? 0))
  return {
    beginning: () => ({ pages: balloon.target }),
    connected: (device) => {
      guest = device
    },
    receive: (message) => {
      const said = message as FromBalloon
      if (said.type === 'actual') balloon.changed(said.pages)
      else balloon.learnt(said.values)
    },
    closed: () => balloon.leave(),
  }
}
