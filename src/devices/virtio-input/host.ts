import type { PluggedDevice } from '../../board/index.ts'
import type { InputKind } from '../../input/index.ts'
import type { HostSide } from '../model.ts'
import { report, tupleOf } from './event-codes.ts'
import { type InputSort, inputNames } from './input-config.ts'
import type { FromInput, InputTuple, Report } from './wire.ts'

const takes: Readonly<Record<InputSort, readonly InputKind[]>> = {
  keyboard: ['key'],
  mouse: ['btn', 'rel'],
  tablet: ['btn', 'abs'],
}
/** As many as there is room for in the guest; what goes beyond that is lost there. */
const mostEvents = 64

/** Passes on what people do, to the driver that was the last to come. */
const sideOf =
  (sort: InputSort): HostSide =>
  ({ properties, services: { inputs } }) => {
    let guest: PluggedDevice | undefined
    let active = false
    let events: InputTuple[] = []
    const hasWheel = properties['wheel-axis'] === true
    const place = inputs.register({
      name: inputNames[sort],
      takes: takes[sort],
      event: (event) => {
        const tuple = active ? tupleOf(event, hasWheel) : undefined
        if (tuple !== undefined && events.length <= mostEvents) events.push(tuple)
      },
      sync: () => {
        const complete = [...events, report]
        events = []
        if (active) guest?.send({ events: complete } satisfies Report)
      },
    })
    const setActive = (now: boolean): void => {
      if (now) place.activate()
      else if (active) place.deactivate()
      active = now
      events = []
    }
    return {
      // The guest's side is made anew: it has no driver yet.
      beginning: () => setActive(false),
      connected: (device) => {
        guest = device
      },
      receive: (message) => {
        const news = message as FromInput
        if (news.type === 'lamps') {
          inputs.setLeds((inputs.leds & ~news.said) | news.lit)
          return
        }
        setActive(news.active)
      },
      closed: () => place.remove(),
    }
  }

export const keyboard = sideOf('keyboard')
export const mouse = sideOf('mouse')
export const tablet = sideOf('tablet')
