import type { V86Cpu } from '../../v86-internals.ts'
import { Ps2Keyboard } from './ps2-keyboard.ts'
import { Ps2Mouse } from './ps2-mouse.ts'

const dataPort = 0x60
const commandPort = 0x64
const keyboardIrq = 1
const mouseIrq = 12

const command = {
  readMode: 0x20,
  writeMode: 0x60,
  disableMouse: 0xa7,
  enableMouse: 0xa8,
  testMouse: 0xa9,
  selfTest: 0xaa,
  testKeyboard: 0xab,
  disableKeyboard: 0xad,
  enableKeyboard: 0xae,
  readInputPort: 0xc0,
  readOutputPort: 0xd0,
  writeOutputPort: 0xd1,
  writeOutputBuffer: 0xd2,
  writeMouseBuffer: 0xd3,
  writeMouse: 0xd4,
  disableA20: 0xdd,
  enableA20: 0xdf,
  pulse: 0xf0,
} as const

/** Commands whose byte comes through the data port. */
const withData: ReadonlySet<number> = new Set([
  command.writeMode,
  command.writeOutputPort,
  command.writeOutputBuffer,
  command.writeMouseBuffer,
  command.writeMouse,
])

const status = { full: 0x01, tested: 0x04, command: 0x08, unlocked: 0x10, mouse: 0x20 } as const
const mode = { keyboardIrq: 0x01, mouseIrq: 0x02, keyboardOff: 0x10, mouseOff: 0x20, translate: 0x40 } as const
const output = { noReset: 0x01, a20: 0x02, full: 0x10, mouse: 0x20, ones: 0xcc } as const

type Source = 'controller' | 'controllerAsMouse' | 'keyboard' | 'mouse'

/**
 * The PS/2 controller with its keyboard and mouse, as QEMU's PC has them, in place of v86's: that one knows neither
 * translation nor self-test state, drops what waits when a command comes, and sends mouse packets for a mouse of
 * another kind. The A20 line is remembered, but no address is masked: v86 has none.
 *
 * Takes the name under which v86 resets, saves and restores its own.
 */
export class I8042 {
  readonly keyboard: Ps2Keyboard
  readonly mouse: Ps2Mouse
  readonly #cpu: V86Cpu
  #status = 0
  #mode = 0
  #output = 0
  #awaiting = 0
  /** The byte at the data port. */
  #data = 0
  #source: Source = 'keyboard'
  /** What the controller itself has to say. */
  #own: { readonly byte: number; readonly asMouse: boolean } | undefined
  #keyboardWaits = false
  #mouseWaits = false

  /** @param lit - told which lamps of the keyboard are lit, when that changes */
  constructor(cpu: V86Cpu, lit: (leds: number) => void = () => undefined) {
    this.#cpu = cpu
    this.keyboard = new Ps2Keyboard((waiting) => {
      this.#keyboardWaits = waiting
      this.#offer()
    }, lit)
    this.mouse = new Ps2Mouse((waiting) => {
      this.#mouseWaits = waiting
      this.#offer()
    })
    cpu.io.register_read(dataPort, this, () => this.#read())
    cpu.io.register_write(dataPort, this, (value) => this.#write(value))
    cpu.io.register_read(commandPort, this, () => this.#status)
    cpu.io.register_write(commandPort, this, (value) => this.#command(value))
    cpu.devices.ps2 = this
    this.reset()
  }

  /** As after power-on. */
  reset(): void {
    this.#mode = mode.keyboardIrq | mode.mouseIrq
    this.#status = status.command | status.unlocked
    this.#output = output.noReset | output.a20 | output.ones
    this.#awaiting = 0
    this.#data = 0
    this.#own = undefined
    this.keyboard.reset()
    this.mouse.reset()
    this.#updateIrqs()
  }

  get_state(): unknown[] {
    const own = this.#own === undefined ? [] : [this.#own.byte, Number(this.#own.asMouse)]
    const registers = [this.#status, this.#mode, this.#output, this.#awaiting, this.#data]
    const waits = [this.#keyboardWaits, this.#mouseWaits]
    return [registers, this.#source, own, waits, this.keyboard.getState(), this.mouse.getState()]
  }

  set_state([registers, source, own, waits, keyboard, mouseState]: readonly unknown[]): void {
    const [state = 0, modeByte = 0, outputPort = 0, awaiting = 0, data = 0] = registers as number[]
    this.#status = state
    this.#mode = modeByte
    this.#output = outputPort
    this.#awaiting = awaiting
    this.#data = data
    this.#source = source as Source
    const [byte, asMouse] = own as number[]
    this.#own = byte === undefined ? undefined : { byte, asMouse: asMouse === 1 }
    const [keyboardWaits, mouseWaits] = waits as boolean[]
    this.#keyboardWaits = keyboardWaits === true
    this.#mouseWaits = mouseWaits === true
    this.keyboard.setState(keyboard as unknown[])
    this.mouse.setState(mouseState as unknown[])
  }

  #read(): number {
    if (this.#status & status.full) {
      this.#status &= ~(status.full | status.mouse)
      this.#output &= ~(output.full | output.mouse)
      this.#updateIrqs()
      this.#data = this.#take()
      this.#offer()
    }
    return this.#data
  }

  #take(): number {
    if (this.#source === 'keyboard') return this.keyboard.queue.read()
    if (this.#source === 'mouse') return this.mouse.queue.read()
    const byte = this.#own?.byte ?? this.#data
    this.#own = undefined
    return byte
  }

  #write(value: number): void {
    const what = this.#awaiting
    this.#awaiting = 0
    switch (what) {
      case command.writeMode:
        this.#mode = value
        this.keyboard.translates = (value & mode.translate) !== 0
        this.#updateIrqs()
        break
      case command.writeOutputPort:
        this.#writeOutput(value)
        break
      case command.writeOutputBuffer:
        this.#say(value, false)
        break
      case command.writeMouseBuffer:
        this.#say(value, true)
        break
      case command.writeMouse:
        this.mouse.write(value)
        this.#mode &= ~mode.mouseOff
        break
      default:
        this.keyboard.write(value)
        this.#mode &= ~mode.keyboardOff
    }
    this.#offer()
  }

  #command(value: number): void {
    if ((value & command.pulse) === command.pulse) {
      // The low bits say which lines of the output port stay as they are; the lowest one is the reset line.
      if ((value & 1) === 0) this.#cpu.reboot_internal()
      return
    }
    if (withData.has(value)) {
      this.#awaiting = value
      return
    }
    switch (value) {
      case command.readMode:
        this.#say(this.#mode, false)
        break
      case command.disableMouse:
        this.#mode |= mode.mouseOff
        break
      case command.enableMouse:
        this.#mode &= ~mode.mouseOff
        break
      case command.selfTest:
        this.#status |= status.tested
        this.#say(0x55, false)
        break
      case command.testMouse:
      case command.testKeyboard:
        this.#say(0x00, false)
        break
      case command.disableKeyboard:
        this.#mode |= mode.keyboardOff
        break
      case command.enableKeyboard:
        this.#mode &= ~mode.keyboardOff
        break
      case command.readInputPort:
        this.#say(0x80, false)
        break
      case command.readOutputPort:
        this.#say(this.#output, false)
        break
      case command.enableA20:
        this.#output |= output.a20
        break
      case command.disableA20:
        this.#output &= ~output.a20
        break
    }
    this.#offer()
  }

  #writeOutput(value: number): void {
    this.#output = value
    if ((value & output.noReset) === 0) this.#cpu.reboot_internal()
  }

  #say(byte: number, asMouse: boolean): void {
    this.#own = { byte, asMouse }
    this.#offer()
  }

  /** Puts the next byte that waits before the guest, unless it has not taken the last one yet. */
  #offer(): void {
    if (this.#status & status.full) return
    const source = this.#next()
    if (source === undefined) return
    this.#source = source
    const fromMouse = source === 'mouse' || source === 'controllerAsMouse'
    this.#status |= status.full | (fromMouse ? status.mouse : 0)
    this.#output |= output.full | (fromMouse ? output.mouse : 0)
    this.#updateIrqs()
  }

  #next(): Source | undefined {
    if (this.#own !== undefined) return this.#own.asMouse ? 'controllerAsMouse' : 'controller'
    if (this.#keyboardWaits && (this.#mode & mode.keyboardOff) === 0) return 'keyboard'
    if (this.#mouseWaits && (this.#mode & mode.mouseOff) === 0) return 'mouse'
    return undefined
  }

  #updateIrqs(): void {
    const full = (this.#status & status.full) !== 0
    const fromMouse = (this.#status & status.mouse) !== 0
    const keyboardOn = (this.#mode & mode.keyboardIrq) !== 0 && (this.#mode & mode.keyboardOff) === 0
    this.#setIrq(keyboardIrq, full && !fromMouse && keyboardOn)
    this.#setIrq(mouseIrq, full && fromMouse && (this.#mode & mode.mouseIrq) !== 0)
  }

  #setIrq(irq: number, raised: boolean): void {
    if (raised) this.#cpu.device_raise_irq(irq)
    else this.#cpu.device_lower_irq(irq)
  }
}
