import type { InputAxis, InputButton, InputEvent } from '../../input/index.ts'
import { linuxKey } from './linux-keys.ts'
import type { InputTuple } from './wire.ts'

/** Kinds of events. @see linux/input-event-codes.h */
export const kind = { sync: 0x00, key: 0x01, relative: 0x02, absolute: 0x03, lamp: 0x11, repeat: 0x14 } as const

export const wheel = 0x08
export const axes: Readonly<Record<InputAxis, number>> = { x: 0, y: 1 }
/** Buttons that are no keys of the mouse in QEMU are absent. */
export const buttons: Readonly<Partial<Record<InputButton, number>>> = {
  left: 0x110,
  right: 0x111,
  middle: 0x112,
  side: 0x113,
  extra: 0x114,
  'wheel-down': 0x150,
  'wheel-up': 0x151,
}

/** The lamps of a keyboard, by Linux's numbers: as bits of `InputHandlers.leds`. */
export const lamps: ReadonlyMap<number, number> = new Map([
  [0, 1 << 1], // Num Lock
  [1, 1 << 2], // Caps Lock
  [2, 1 << 0], // Scroll Lock
])

/** An event as Linux has it; undefined for one that it cannot have. @param hasWheel - turns are movements, not buttons */
export function tupleOf(event: InputEvent, hasWheel: boolean): InputTuple | undefined {
  switch (event.type) {
    case 'rel':
      return [kind.relative, axes[event.axis], event.value]
    case 'abs':
      return [kind.absolute, axes[event.axis], event.value]
    case 'key':
      return pressed(linuxKey(event.key, event.name), event.down)
    case 'btn': {
      const { button, down } = event
      if (hasWheel && down && button === 'wheel-up') return [kind.relative, wheel, 1]
      if (hasWheel && down && button === 'wheel-down') return [kind.relative, wheel, -1]
      return pressed(buttons[button], down)
    }
  }
}

function pressed(key: number | undefined, down: boolean): InputTuple | undefined {
  return key === undefined ? undefined : [kind.key, key, down ? 1 : 0]
}

/** Ends what belongs together. */
export const report: InputTuple = [kind.sync, 0, 0]
