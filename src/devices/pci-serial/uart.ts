/** Registers, by their offsets. Two of them are the divisor's while that is shown. */
const registers = {
  data: 0,
  interrupts: 1,
  fifo: 2,
  line: 3,
  modem: 4,
  lineStatus: 5,
  modemStatus: 6,
  scratch: 7,
} as const
/** Line control: the divisor is shown. */
const divisorShown = 0x80
/** Interrupts that can be enabled: received data, room to send, line status, modem status. */
const enable = { received: 1, room: 2, lineStatus: 4, modemStatus: 8 } as const
/** What the identification says is pending, the most urgent first; bit 0 says that nothing is. */
const pending = {
  lineStatus: 0x06,
  received: 0x04,
  fewReceived: 0x0c,
  room: 0x02,
  modemStatus: 0x00,
  none: 0x01,
} as const
const fifosOn = 0xc0
/** FIFO control: on, and forget what has been received. */
const fifo = { on: 1, forgetReceived: 2 } as const
const triggers = [1, 4, 8, 14] as const
const fifoBytes = 16
/** Line status: a byte is there, bytes were lost, room for one, nothing on its way. */
const lineStatus = { ready: 0x01, overrun: 0x02, room: 0x20, idle: 0x40 } as const
/** Modem control: output is input. */
const loop = 0x10
/** Modem status while there is another side: clear to send, data set ready, carrier. */
const connected = 0xb0

export interface UartState {
  readonly interrupts: number
  readonly line: number
  readonly modem: number
  readonly fifo: number
  readonly scratch: number
  readonly divisor: number
  readonly roomPending: boolean
  readonly overrun: boolean
  readonly received: readonly number[]
}

interface Surroundings {
  /** The guest has sent a byte. */
  readonly send: (byte: number) => void
  /** The guest has taken a byte of those that were received. */
  readonly taken: () => void
  readonly interrupt: (asserted: boolean) => void
}

/**
 * A 16550A: what is sent is gone at once, and what has been received waits until it is read. That few bytes wait is told
 * at once, where a chip waits for some time whether more come.
 *
 * @see PC16550D data sheet
 */
export class Uart {
  readonly #surroundings: Surroundings
  #interrupts = 0
  #line = 0
  #modem = 0x08
  #fifo = 0
  #scratch = 0
  #divisor = 12
  #roomPending = false
  #overrun = false
  /** Received, and not read: of these the first are in the chip. */
  #received: number[] = []
  /** Sent to itself, and not read. */
  #looped: number[] = []

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  /** Bytes come from the other side. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#received.push(byte)
    this.#update()
  }

  /** What was received is kept: the other side has sent it for good. */
  reset(): void {
    this.restore({
      ...{ interrupts: 0, line: 0, modem: 0x08, fifo: 0, scratch: 0, divisor: 12 },
      ...{ roomPending: false, overrun: false, received: this.#received },
    })
  }

  read(register: number): number {
    switch (register) {
      case registers.data:
        return this.#line & divisorShown ? this.#divisor & 0xff : this.#take()
      case registers.interrupts:
        return this.#line & divisorShown ? this.#divisor >> 8 : this.#interrupts
      case registers.fifo: {
        const what = this.#pending()
        if (what === pending.room) this.#roomPending = false
        this.#update()
        return what | (this.#fifo & fifo.on ? fifosOn : 0)
      }
      case registers.line:
        return this.#line
      case registers.modem:
        return this.#modem
      case registers.lineStatus:
        return this.#takeLineStatus()
      case registers.modemStatus:
        return this.#modem & loop ? looped(this.#modem) : connected
      default:
        return this.#scratch
    }
  }

  write(register: number, value: number): void {
    switch (register) {
      case registers.data:
        if (this.#line & divisorShown) this.#divisor = (this.#divisor & 0xff00) | value
        else this.#send(value)
        break
      case registers.interrupts:
        if (this.#line & divisorShown) this.#divisor = (this.#divisor & 0xff) | (value << 8)
        else {
          if (value & ~this.#interrupts & enable.room) this.#roomPending = true
          this.#interrupts = value & 0x0f
        }
        break
      case registers.fifo:
        if ((value ^ this.#fifo) & fifo.on || value & fifo.forgetReceived) this.#forget()
        this.#fifo = value & 0xc9
        break
      case registers.line:
        this.#line = value
        break
      case registers.modem:
        this.#modem = value & 0x1f
        break
      case registers.scratch:
        this.#scratch = value
        break
    }
    this.#update()
  }

  save(): UartState {
    return {
      ...{ interrupts: this.#interrupts, line: this.#line, modem: this.#modem, fifo: this.#fifo },
      ...{ scratch: this.#scratch, divisor: this.#divisor, roomPending: this.#roomPending },
      ...{ overrun: this.#overrun, received: [...this.#received] },
    }
  }

  restore(state: UartState): void {
    this.#interrupts = state.interrupts
    this.#line = state.line
    this.#modem = state.modem
    this.#fifo = state.fifo
    this.#scratch = state.scratch
    this.#divisor = state.divisor
    this.#roomPending = state.roomPending
    this.#overrun = state.overrun
    this.#received = [...state.received]
    this.#looped = []
    this.#update()
  }

  get #waiting(): number {
    return this.#looped.length + this.#received.length
  }

  #send(byte: number): void {
    this.#roomPending = true
    if ((this.#modem & loop) === 0) this.#surroundings.send(byte)
    else if (this.#looped.length < fifoBytes) this.#looped.push(byte)
    else this.#overrun = true
  }

  #take(): number {
    const looped = this.#looped.shift()
    const byte = looped ?? this.#received.shift()
    if (looped === undefined && byte !== undefined) this.#surroundings.taken()
    this.#update()
    return byte ?? 0
  }

  /** What is in the chip is forgotten, and taken for read. */
  #forget(): void {
    this.#looped = []
    for (const _ of this.#received.splice(0, fifoBytes)) this.#surroundings.taken()
  }

  #takeLineStatus(): number {
    const ready = this.#waiting > 0 ? lineStatus.ready : 0
    const status = ready | (this.#overrun ? lineStatus.overrun : 0) | lineStatus.room | lineStatus.idle
    this.#overrun = false
    this.#update()
    return status
  }

  #pending(): number {
    const enabled = this.#interrupts
    if (enabled & enable.lineStatus && this.#overrun) return pending.lineStatus
    if (enabled & enable.received && this.#waiting > 0) {
      const enough = (this.#fifo & fifo.on) === 0 || this.#waiting >= triggers[this.#fifo >> 6]!
      return enough ? pending.received : pending.fewReceived
    }
    return enabled & enable.room && this.#roomPending ? pending.room : pending.none
  }

  #update(): void {
    this.#surroundings.interrupt(this.#pending() !== pending.none)
  }
}

/** Modem status when output is input: what the modem control says. */
function looped(modem: number): number {
  return ((modem & 0x0c) << 4) | ((modem & 0x02) << 3) | ((modem & 0x01) << 5)
}
