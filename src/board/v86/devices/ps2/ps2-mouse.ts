import type { PointerButton, PointerEvent } from '../../../board.ts'
import { Ps2Queue } from './ps2-queue.ts'

const ack = 0xfa
const passed = 0xaa

const command = {
  scaling1: 0xe6,
  scaling2: 0xe7,
  setResolution: 0xe8,
  status: 0xe9,
  stream: 0xea,
  poll: 0xeb,
  endWrap: 0xec,
  wrap: 0xee,
  remote: 0xf0,
  identify: 0xf2,
  setRate: 0xf3,
  enable: 0xf4,
  disable: 0xf5,
  defaults: 0xf6,
  reset: 0xff,
} as const

/** Bits of the status byte. */
const status = { scaling2: 0x10, enabled: 0x20, remote: 0x40 } as const

/** Commands that do no more than change the status. */
const statusChanges: Readonly<Record<number, { readonly set: number; readonly clear: number }>> = {
  [command.scaling1]: { set: 0, clear: status.scaling2 },
  [command.scaling2]: { set: status.scaling2, clear: 0 },
  [command.stream]: { set: 0, clear: status.remote },
  [command.remote]: { set: status.remote, clear: 0 },
  [command.enable]: { set: status.enabled, clear: 0 },
  [command.disable]: { set: 0, clear: status.enabled },
}

/** What a mouse says it is: without a wheel, with one (IntelliMouse), with two and five buttons (IntelliMouse Explorer). */
const kinds = { plain: 0, wheel: 3, explorer: 4 } as const

/** Sampling rates that, set one after the other, turn the mouse into another kind. */
const knocks = [
  { rates: [200, 100, 80], kind: kinds.wheel },
  { rates: [200, 200, 80], kind: kinds.explorer },
] as const

const buttonBits: Readonly<Partial<Record<PointerButton, number>>> = {
  left: 1,
  right: 2,
  middle: 4,
  side: 8,
  extra: 16,
}

const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value))

/** A PS/2 mouse with two wheels and five buttons, of which the guest sees what it knocks for; as QEMU's. */
export class Ps2Mouse {
  readonly queue: Ps2Queue
  #status = 0
  #resolution = 0
  #rate = 0
  #kind: number = kinds.plain
  #wraps = false
  #awaiting = 0
  /** Rates of a knock that has begun. */
  #knock: number[] = []
  #buttons = 0
  #dx = 0
  #dy = 0
  #dz = 0
  #dw = 0

  constructor(changed: (waiting: boolean) => void) {
    this.queue = new Ps2Queue(changed)
  }

  /** Something is done with it, all of which is one report. A mouse that the guest has switched off feels nothing. */
  act(events: readonly PointerEvent[]): void {
    if ((this.#status & status.enabled) === 0) return
    for (const event of events) this.#feel(event)
    this.#tell()
  }

  /** Gives the guest a reason to look for what another device has for it. */
  nudge(): void {
    this.#dx++
    this.#tell()
  }

  /** Whether a button is down; a mouse that the guest has switched off does not feel that. */
  get pressed(): boolean {
    return (this.#status & status.enabled) !== 0 && this.#buttons !== 0
  }

  write(byte: number): void {
    if (this.#awaiting !== 0) this.#argument(byte)
    else if (this.#wraps && byte !== command.reset) this.#wrapped(byte)
    else this.#command(byte)
  }

  /** As after power-on. */
  reset(): void {
    this.#status = this.#resolution = this.#rate = this.#awaiting = this.#buttons = 0
    this.#dx = this.#dy = this.#dz = this.#dw = 0
    this.#kind = kinds.plain
    this.#wraps = false
    this.#knock = []
    this.queue.clear()
  }

  getState(): unknown[] {
    const moved = [this.#dx, this.#dy, this.#dz, this.#dw]
    const set = [this.#status, this.#resolution, this.#rate, this.#kind, this.#awaiting, this.#buttons]
    return [this.#wraps, set, moved, this.#knock.slice(), this.queue.getState()]
  }

  setState([wraps, set, moved, knock, queue]: readonly unknown[]): void {
    this.#wraps = wraps === true
    const [state = 0, resolution = 0, rate = 0, kind = 0, awaiting = 0, buttons = 0] = set as number[]
    this.#status = state
    this.#resolution = resolution
    this.#rate = rate
    this.#kind = kind
    this.#awaiting = awaiting
    this.#buttons = buttons
    const [dx = 0, dy = 0, dz = 0, dw = 0] = moved as number[]
    this.#dx = dx
    this.#dy = dy
    this.#dz = dz
    this.#dw = dw
    this.#knock = (knock as number[]).slice()
    this.queue.setState(queue as number[][])
  }

  #tell(): void {
    if ((this.#status & status.enabled) === 0 || this.#status & status.remote) return
    while (this.#sendPacket() && (this.#dx !== 0 || this.#dy !== 0 || this.#dz !== 0 || this.#dw !== 0));
  }

  #feel(event: PointerEvent): void {
    if (event.type === 'btn') this.#press(event.button, event.down)
    else if (event.type === 'abs') return
    else if (event.axis === 'x') this.#dx = (this.#dx + event.value) | 0
    else this.#dy = (this.#dy - event.value) | 0
  }

  #press(button: PointerButton, down: boolean): void {
    const bit = buttonBits[button] ?? 0
    if (!down) {
      this.#buttons &= ~bit
      return
    }
    this.#buttons |= bit
    if (button === 'wheel-up') this.#dz--
    else if (button === 'wheel-down') this.#dz++
    else if (button === 'wheel-right') this.#dw--
    else if (button === 'wheel-left') this.#dw++
  }

  /** Reports what one packet can hold of what has happened. @returns whether there was room for it */
  #sendPacket(): boolean {
    const length = this.#kind === kinds.plain ? 3 : 4
    if (this.queue.room < length) return false
    const dx = clamp(this.#dx, 127)
    const dy = clamp(this.#dy, 127)
    const first = 0x08 | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0) | (this.#buttons & 0x07)
    const wheels = this.#wheels()
    this.#dx -= dx
    this.#dy -= dy
    this.queue.report(first, dx & 0xff, dy & 0xff, ...wheels)
    return true
  }

  #wheels(): number[] {
    if (this.#kind === kinds.plain) {
      this.#dz = 0
      this.#dw = 0
      return []
    }
    if (this.#kind === kinds.wheel) {
      const dz = clamp(this.#dz, 127)
      this.#dz -= dz
      this.#dw = 0
      return [dz & 0xff]
    }
    // The second wheel takes the place of the first one, and of the fourth and fifth button.
    if (this.#dw !== 0) {
      const dw = clamp(this.#dw, 31)
      this.#dw -= dw
      return [(dw & 0x3f) | 0x40]
    }
    const dz = clamp(this.#dz, 7)
    this.#dz -= dz
    return [(dz & 0x0f) | ((this.#buttons & 0x18) << 1)]
  }

  #wrapped(byte: number): void {
    if (byte === command.endWrap) {
      this.#wraps = false
      this.queue.report(ack)
    } else {
      this.queue.report(byte)
    }
  }

  #command(byte: number): void {
    const change = statusChanges[byte]
    if (change !== undefined) {
      this.#status = (this.#status & ~change.clear) | change.set
      this.queue.report(ack)
      return
    }
    switch (byte) {
      case command.wrap:
        this.#wraps = true
        this.queue.report(ack)
        break
      case command.identify:
        this.queue.reportWhole(ack, this.#kind)
        break
      case command.setResolution:
      case command.setRate:
        this.#awaiting = byte
        this.queue.report(ack)
        break
      case command.status:
        this.queue.reportWhole(ack, this.#status, this.#resolution, this.#rate)
        break
      case command.poll:
        this.queue.report(ack)
        this.#sendPacket()
        break
      case command.defaults:
        this.#defaults()
        this.queue.report(ack)
        break
      case command.reset:
        this.#defaults()
        this.#kind = kinds.plain
        this.queue.clear()
        this.queue.reportWhole(ack, passed, this.#kind)
        break
    }
  }

  #argument(byte: number): void {
    if (this.#awaiting === command.setResolution) this.#resolution = byte
    else this.#setRate(byte)
    this.#awaiting = 0
    this.queue.report(ack)
  }

  #setRate(rate: number): void {
    this.#rate = rate
    const heard = [...this.#knock, rate]
    const begun = knocks.filter(({ rates }) => heard.every((one, index) => one === rates[index]))
    const whole = begun.find(({ rates }) => rates.length === heard.length)
    if (whole !== undefined) this.#kind = whole.kind
    if (begun.length > 0 && whole === undefined) this.#knock = heard
    else this.#knock = []
  }

  #defaults(): void {
    this.#rate = 100
    this.#resolution = 2
    this.#status = 0
  }
}
