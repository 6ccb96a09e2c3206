import type { Board, SteppedTime } from '../board/index.ts'
import type { QomObject } from '../qom/index.ts'
import { type AccessSize, type QtestCommand, QtestRefusal } from './command.ts'
import { interruptPins } from './interrupt-pins.ts'

interface Needs {
  readonly board: Pick<Board, 'readPort' | 'writePort' | 'probe'>
  /** The object at a path. */
  find(path: string): QomObject | undefined
  firstOf(type: string): QomObject | undefined
  /** Something for the log. */
  note(text: string): void
}

const ok = 'OK\n'

/** Does what a test asks for, on a board, and says what comes of it. */
export class QtestExecutor {
  readonly #needs: Needs
  /** The one device whose interrupts are told. */
  #intercepted: QomObject | undefined
  /** The device's pins by the lines that they are wired to, and which of them the test believes asserted. */
  readonly #pins = new Map<number, number>()
  readonly #asserted = new Set<number>()

  constructor(needs: Needs) {
    this.#needs = needs
  }

  /** A new test begins with all interrupts low. */
  forgetLevels(): void {
    this.#asserted.clear()
  }

  /** A line of the board has risen or fallen. @returns what the test is told */
  interruptLine(line: number, asserted: boolean): readonly string[] {
    const pin = this.#pins.get(line)
    if (pin === undefined || this.#asserted.has(pin) === asserted) return []
    if (asserted) this.#asserted.add(pin)
    else this.#asserted.delete(pin)
    return [`IRQ ${asserted ? 'raise' : 'lower'} ${pin}\n`]
  }

  /** @throws {QtestRefusal} if there is no such device, or such a command on this board */
  async run(command: QtestCommand): Promise<string> {
    const { board } = this.#needs
    switch (command.verb) {
      case 'in':
        return `OK 0x${(await board.readPort(command.port, command.size)).toString(16).padStart(4, '0')}\n`
      case 'out':
        await board.writePort(command.port, command.size, command.value)
        return ok
      case 'load':
        return `OK 0x${numberOf(await board.probe.read(command.address, command.size), command.size)}\n`
      case 'write':
        if (command.note !== undefined) this.#needs.note(command.note)
        await board.probe.write(command.address, command.bytes)
        return ok
      case 'store':
        await board.probe.write(command.address, command.bytes)
        return ok
      case 'fill':
        await board.probe.write(command.address, new Uint8Array(command.length).fill(command.value))
        return ok
      case 'read': {
        const bytes = Buffer.from(await board.probe.read(command.address, command.length))
        return command.encoding === 'hex' ? `OK 0x${bytes.toString('hex')}\n` : `OK ${bytes.toString('base64')}\n`
      }
      case 'endianness':
        return 'OK little\n'
      case 'intercept':
        return this.#intercept(command.path, command.direction)
      case 'set-interrupt':
        return this.#setInterrupt(command)
      case 'step':
        return this.#step(command.by)
      case 'set-clock':
        return this.#setClock(command.to)
      case 'load-module':
        return 'FAIL\n' // there are no modules
    }
  }

  async #intercept(path: string, direction: 'in' | 'out'): Promise<string> {
    const device = this.#device(path)
    if (this.#intercepted !== undefined) {
      if (this.#intercepted !== device) throw new QtestRefusal('FAIL', 'IRQ intercept already enabled')
      return ok
    }
    for (const [pin, line] of this.#linesOf(device)[direction].entries()) this.#pins.set(line, pin)
    await this.#needs.board.probe.watchInterrupts()
    this.#intercepted = device
    return ok
  }

  async #setInterrupt({ path, line, asserted }: QtestCommand & { verb: 'set-interrupt' }): Promise<string> {
    const pin = this.#linesOf(this.#device(path)).in[line]
    if (pin === undefined) throw new QtestRefusal('FAIL', `There is no interrupt ${line} of '${path}' to be set`)
    await this.#needs.board.probe.setInterrupt(pin, asserted)
    return ok
  }

  async #step(by: bigint | undefined): Promise<string> {
    const time = this.#time('clock_step')
    // One call: what happens on the way may end the machine.
    return `OK ${by === undefined ? await time.goToNextEvent() : await time.goTo((await time.now()) + by)}\n`
  }

  async #setClock(to: bigint): Promise<string> {
    return `OK ${await this.#time('clock_set').goTo(to)}\n`
  }

  /** A clock that goes by itself knows no such command. */
  #time(name: string): SteppedTime {
    const { time } = this.#needs.board.probe
    if (time === undefined) throw new QtestRefusal('FAIL', `Unknown command '${name}'`)
    return time
  }

  #device(path: string): QomObject {
    const device = this.#needs.find(path)
    if (device === undefined) throw new QtestRefusal('FAIL', 'Unknown device')
    return device
  }

  #linesOf(device: QomObject) {
    return interruptPins(device, this.#needs.firstOf(device.type) === device)
  }
}

/** 16 digits, whatever the size. */
function numberOf(bytes: Uint8Array, size: AccessSize): string {
  const padded = new Uint8Array(8)
  padded.set(bytes.subarray(0, size))
  return new DataView(padded.buffer).getBigUint64(0, true).toString(16).padStart(16, '0')
}
