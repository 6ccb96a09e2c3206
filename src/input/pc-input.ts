import type { InputEvent, PointerEvent } from './input-event.ts'
import type { InputHandler, InputHandlers, Registration } from './input-handlers.ts'
import { KeyboardEncoder } from './keyboard-encoder.ts'

/** The devices themselves. */
export interface PcInputDevices {
  /** Takes bytes of scan code set 1 to the guest's keyboard. */
  readonly keyboard: (scanCodes: readonly number[]) => Promise<void>
  readonly ps2Mouse: (events: readonly PointerEvent[]) => Promise<void>
  readonly vmmouse: (events: readonly PointerEvent[]) => Promise<void>
}

export interface PcInputOptions {
  readonly handlers: InputHandlers
  /** Told when one of these rejects; what it was to take is lost. */
  readonly failed: (error: unknown) => void
}

/** The input devices of a PC: a PS/2 keyboard, a PS/2 mouse and, when the guest asks for it, VMware's mouse. */
export class PcInput {
  readonly #options: PcInputOptions
  #devices: PcInputDevices | undefined
  #vmmouse: Registration | undefined

  constructor(options: PcInputOptions) {
    this.#options = options
    const { handlers, failed } = options
    const encoder = new KeyboardEncoder()
    handlers.register({
      name: 'QEMU PS/2 Keyboard',
      takes: ['key'],
      event: (event) => {
        if (event.type !== 'key') return
        const codes = encoder.encode(event.key, event.down)
        if (codes.length > 0) this.#devices?.keyboard(codes).catch(failed)
      },
    })
    handlers.register(pointer('QEMU PS/2 Mouse', 'rel', async (events) => this.#devices?.ps2Mouse(events), failed))
  }

  /** The devices are there. */
  join(devices: PcInputDevices): void {
    this.#devices = devices
  }

  /** The guest has lit lamps of the keyboard, or put them out: bits as `InputHandlers.leds` has them. */
  setLeds(leds: number): void {
    this.#options.handlers.setLeds(leds)
  }

  /** The guest has asked for VMware's mouse, or (undefined) no longer wants it. */
  setVmmouse(mode: 'relative' | 'absolute' | undefined): void {
    const { handlers, failed } = this.#options
    const vmmouse = async (events: readonly PointerEvent[]) => this.#devices?.vmmouse(events)
    this.#vmmouse?.remove()
    this.#vmmouse = undefined
    if (mode === undefined) return
    this.#vmmouse = handlers.register(pointer('vmmouse', mode === 'absolute' ? 'abs' : 'rel', vmmouse, failed))
    this.#vmmouse.activate()
  }
}

/** A pointing device that takes all that belongs together at once. */
function pointer(
  name: string,
  kind: 'rel' | 'abs',
  act: (events: readonly PointerEvent[]) => Promise<void>,
  failed: (error: unknown) => void,
): InputHandler {
  let events: PointerEvent[] = []
  return {
    name,
    takes: ['btn', kind],
    event(event: InputEvent) {
      if (event.type !== 'key') events.push(event)
    },
    sync() {
      const complete = events
      events = []
      act(complete).catch(failed)
    },
  }
}
