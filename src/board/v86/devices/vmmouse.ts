import type { PointerButton, PointerEvent, VmmouseMode } from '../../board.ts'
import type { V86Cpu } from '../v86-internals.ts'
import type { Ps2Mouse } from './ps2/ps2-mouse.ts'

/** The port through which a guest speaks to a VMware hypervisor, and the number in EAX that says that it means to. */
const port = 0x5658
const magic = 0x564d5868
const allOnes = 0xffffffff

/** In CX: what the guest wants. */
const command = { version: 0x0a, ramSize: 0x14, data: 0x27, status: 0x28, mouse: 0x29 } as const
/** In BX, with `mouse`. */
const mouseCommand = { readId: 0x45414552, disable: 0xf5, relative: 0x4c455252, absolute: 0x53424152 } as const

const mouseVersion = 0x3442554a
const queueWords = 1024
const packetWords = 4
const disabled = 0xffff

const buttonBits: Readonly<Partial<Record<PointerButton, number>>> = { left: 0x20, right: 0x10, middle: 0x08 }
const wheelSteps: Readonly<Partial<Record<PointerButton, number>>> = {
  'wheel-up': -1,
  'wheel-down': 1,
  'wheel-right': -2,
  'wheel-left': 2,
}

/** EAX, EBX, ECX, EDX, ESI, EDI in the order of the protocol, by their numbers in the CPU. */
const registerNumbers = [0, 3, 1, 2, 6, 7] as const

/** Takes v86's backdoor port away: nobody answers there. */
export function silenceBackdoor({ io, devices: { vmware } }: V86Cpu): void {
  const nothing = (): void => undefined
  io.register_read(
    port,
    vmware,
    () => 0xff,
    () => 0xffff,
    () => -1,
  )
  io.register_write(port, vmware, nothing, nothing, nothing)
}

/**
 * VMware's mouse behind its backdoor port, as QEMU's PC has it: a guest that asks for it gets coordinates of the screen,
 * in 65536ths. PS/2 packets tell it that there is something to fetch. In place of v86's, which rounds coordinates
 * and merges movements.
 *
 * Takes the name under which v86 saves and restores its own.
 */
export class Vmmouse {
  readonly #cpu: V86Cpu
  readonly #ps2: Ps2Mouse
  readonly #ramBytes: number
  readonly #changed: (mode: VmmouseMode) => void
  #queue: number[] = []
  #status: number = disabled
  /** Remembered when the guest no longer listens, too. */
  #absolute = false
  #listening = false
  #buttons = 0
  #x = 0
  #y = 0

  /** @param changed - told each time when the guest begins to listen to it, and when it ceases to */
  constructor(cpu: V86Cpu, ps2: Ps2Mouse, ramBytes: number, changed: (mode: VmmouseMode) => void) {
    this.#cpu = cpu
    this.#ps2 = ps2
    this.#ramBytes = ramBytes
    this.#changed = changed
    const read = (): number => this.#call()
    const write = (): void => {
      this.#cpu.reg32[0] = this.#call()
    }
    cpu.io.register_read(port, this, read, read, read)
    cpu.io.register_write(port, this, write, write, write)
    cpu.devices.vmware = this
  }

  /** Something is done with it, all of which is one report. */
  act(events: readonly PointerEvent[]): void {
    if (!this.#listening) return
    for (const event of events) this.#feel(event)
    this.#report(0)
    if (this.#absolute) return
    this.#x = 0
    this.#y = 0
  }

  reset(): void {
    this.#queue = []
    this.#disable()
  }

  get_state(): unknown[] {
    const numbers = [this.#status, this.#buttons, this.#x, this.#y]
    return [numbers, this.#absolute, this.#listening, this.#queue.slice()]
  }

  set_state([numbers, absolute, listening, queue]: readonly unknown[]): void {
    const [status = disabled, buttons = 0, x = 0, y = 0] = numbers as number[]
    this.#status = status
    this.#buttons = buttons
    this.#x = x
    this.#y = y
    this.#absolute = absolute === true
    this.#listening = listening === true
    this.#queue = (queue as number[]).slice()
    this.#changed(this.#listening ? this.#mode : undefined)
  }

  get #mode(): 'relative' | 'absolute' {
    return this.#absolute ? 'absolute' : 'relative'
  }

  #feel(event: PointerEvent): void {
    if (event.type === 'btn') {
      const bit = buttonBits[event.button] ?? 0
      if (event.down) this.#buttons |= bit
      else this.#buttons &= ~bit
      const step = wheelSteps[event.button]
      if (event.down && step !== undefined) this.#report(step)
      return
    }
    const before = event.type === 'abs' ? 0 : event.axis === 'x' ? this.#x : this.#y
    const after = (before + event.value) | 0
    if (event.axis === 'x') this.#x = after
    else this.#y = after
  }

  #report(wheel: number): void {
    if (this.#queue.length > queueWords - packetWords) return
    const scale = this.#absolute ? 1 : 0
    this.#queue.push(this.#buttons, this.#x << scale, this.#y << scale, wheel)
    this.#ps2.nudge()
  }

  /** The guest has read or written the port: its registers say what it wants. @returns the new EAX */
  #call(): number {
    const { reg32 } = this.#cpu
    if (reg32[0]! >>> 0 !== magic) return allOnes | 0
    switch (reg32[1]! & 0xff) {
      case command.version:
        reg32[3] = magic
        reg32[1] = 2
        return 6
      case command.ramSize:
        reg32[3] = 0x1177
        return this.#ramBytes
      case command.status:
        return (this.#status << 16) | this.#queue.length
      case command.data:
        return this.#give(reg32[3]! >>> 0)
      case command.mouse:
        this.#obey(reg32[3]! >>> 0)
        return reg32[0]!
      default:
        return allOnes | 0
    }
  }

  #obey(what: number): void {
    switch (what) {
      case mouseCommand.disable:
        this.#disable()
        break
      case mouseCommand.readId:
        if (this.#queue.length < queueWords) {
          this.#queue.push(mouseVersion)
          this.#status = 0
          this.#listen(this.#absolute) // as it did before, unless it says otherwise
        }
        break
      case mouseCommand.relative:
        this.#listen(false)
        break
      case mouseCommand.absolute:
        this.#listen(true)
        break
    }
  }

  /** Fills the registers with the words that wait; a guest that wants more of them than there are gets no more at all. */
  #give(count: number): number {
    const { reg32 } = this.#cpu
    if (count === 0 || count > registerNumbers.length || count > this.#queue.length) {
      this.#disable()
      return reg32[0]!
    }
    this.#queue.splice(0, count).forEach((word, index) => {
      reg32[registerNumbers[index]!] = word
    })
    return reg32[0]!
  }

  #listen(absolute: boolean): void {
    if (this.#status !== 0) return
    if (this.#listening && this.#absolute === absolute) return
    this.#absolute = absolute
    this.#listening = true
    this.#buttons = 0
    this.#x = 0
    this.#y = 0
    this.#changed(this.#mode)
  }

  #disable(): void {
    this.#status = disabled
    if (!this.#listening) return
    this.#listening = false
    this.#changed(undefined)
  }
}
