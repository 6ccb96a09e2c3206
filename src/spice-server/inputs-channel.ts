import { type GuestInput, GuestPointer, type InputButton, keyNumber } from '../input/index.ts'
import {
  type InputsMessage,
  inputsInit,
  inputsModifiers,
  type Message,
  MouseButton,
  motionAck,
  motionBunch,
  readInputs,
} from '../spice/index.ts'
import type { Channel, ChannelLine } from './channel.ts'
import { NewestState } from './newest-state.ts'
import { ScanCodes } from './scan-codes.ts'

/** In the order of their bits. */
const buttons: readonly InputButton[] = [
  ...(['left', 'middle', 'right', 'wheel-up', 'wheel-down', 'side', 'extra'] as const),
]
/** Steps of a wheel are told when they are made; whether their bits are set says nothing. */
const wheel: Readonly<Record<number, number>> = { [MouseButton.up]: 1 << 3, [MouseButton.down]: 1 << 4 }
const wheelBits = (1 << 3) | (1 << 4)
const locks = (['scroll_lock', 'num_lock', 'caps_lock'] as const).map((name, bit) => ({
  bit: 1 << bit,
  key: keyNumber(name),
}))

export interface InputsChannelOptions {
  readonly input: GuestInput
  /** The picture that places are in. */
  readonly screen: { readonly width: number; readonly height: number; hurry(): void }
  readonly line: ChannelLine
}

/** What one client's keyboard and mouse do to the guest. */
export class InputsChannel implements Channel {
  readonly #options: InputsChannelOptions
  readonly #pointer: GuestPointer
  readonly #scanCodes: ScanCodes
  readonly #lamps: NewestState
  #motions = 0
  #leds: number
  /** Locks as the guest will have them when it has seen all keys that it was given. */
  #locks: number
  #release: (() => void) | undefined

  constructor(options: InputsChannelOptions) {
    const { input, line } = options
    this.#options = options
    this.#pointer = new GuestPointer(input, buttons)
    this.#scanCodes = new ScanCodes((key, down) => this.#key(key, down))
    this.#lamps = new NewestState(() => line.send(inputsModifiers(input.leds)))
    this.#leds = input.leds
    this.#locks = input.leds
  }

  begin(): void {
    const { input, line } = this.#options
    line.send(inputsInit(this.#leds))
    this.#release = input.onChange(() => {
      if (input.leds === this.#leds) return
      this.#leds = input.leds
      this.#locks = input.leds
      this.#lamps.tell()
    })
  }

  take(message: Message): void {
    const said = readInputs(message)
    if (said === undefined) return
    switch (said.type) {
      case 'scancodes':
        for (const byte of said.bytes) this.#scanCodes.push(byte)
        break
      case 'modifiers':
        this.#agree(said.locks)
        break
      case 'motion':
      case 'position':
        this.#move(said)
        break
      case 'press':
      case 'release': {
        const step = said.type === 'press' ? (wheel[said.button] ?? 0) : 0
        this.#pointer.press((said.buttons & ~wheelBits) | step)
        break
      }
      default:
        return
    }
    this.#options.screen.hurry()
  }

  drained(): void {
    this.#lamps.drained()
  }

  end(): void {
    this.#release?.()
    this.#scanCodes.release()
    this.#pointer.release()
  }

  #key(key: number, down: boolean): void {
    const felt = this.#options.input.key(key, down)
    if (down && felt) for (const lock of locks) if (lock.key === key) this.#locks ^= lock.bit
  }

  /** Locks that the guest has otherwise are pressed. */
  #agree(wanted: number): void {
    for (const { bit, key } of locks) {
      if (((this.#locks ^ wanted) & bit) === 0) continue
      this.#key(key, true)
      this.#key(key, false)
    }
  }

  #move(said: Extract<InputsMessage, { type: 'motion' | 'position' }>): void {
    const { line, screen } = this.#options
    const held = said.buttons & ~wheelBits
    if (said.type === 'motion') this.#pointer.moveBy(held, said)
    else this.#pointer.moveTo(held, { x: said.x >>> 0, y: said.y >>> 0 }, screen)
    this.#motions++
    if (this.#motions % motionBunch === 0) line.send(motionAck())
  }
}
