import { bytePorts, mapPorts } from '../../ports/byte-ports.ts'
import type { V86Cpu } from '../../v86-internals.ts'
import type { BusMaster } from './bus-master.ts'
import { control, select } from './ide-constants.ts'
import type { ChannelLines, IdeDrive, TaskFile } from './ide-drive.ts'

export interface ChannelPlace {
  readonly commandPort: number
  readonly controlPort: number
  readonly irq: number
}

/** Registers that both drives take what is written to, with what they had before, by their numbers. */
const written: readonly (readonly [keyof TaskFile, keyof TaskFile])[] = [
  ['feature', 'highFeature'],
  ['count', 'highCount'],
  ['sector', 'highSector'],
  ['cylinderLow', 'highCylinderLow'],
  ['cylinderHigh', 'highCylinderHigh'],
]

/** A channel with places for two drives: its ports, and its interrupt. */
export class IdeChannel implements ChannelLines {
  readonly busMaster: BusMaster
  readonly drives: readonly [IdeDrive, IdeDrive]
  readonly #cpu: V86Cpu
  readonly #irq: number
  #selected: 0 | 1 = 0
  #control = 0

  /** @param drives what hangs on it, made with its lines */
  constructor(
    cpu: V86Cpu,
    { commandPort, controlPort, irq }: ChannelPlace,
    busMaster: BusMaster,
    drives: (lines: ChannelLines) => readonly [IdeDrive, IdeDrive],
  ) {
    this.#cpu = cpu
    this.#irq = irq
    this.busMaster = busMaster
    this.drives = drives(this)
    const { io } = cpu
    const ports = bytePorts(io, this, 8, {
      read: (register) => this.#read(register),
      write: (register, value) => this.#write(register, value),
    })
    ports[0]!.read16 = () => this.#drive.readData(2)
    ports[0]!.read32 = () => this.#drive.readData(4)
    ports[0]!.write16 = (value) => this.#drive.writeData(2, value)
    ports[0]!.write32 = (value) => this.#drive.writeData(4, value)
    mapPorts(io, commandPort, ports)
    const controls = bytePorts(io, this, 1, {
      read: () => this.#status,
      write: (_register, value) => this.#writeControl(value),
    })
    mapPorts(io, controlPort, controls)
    this.reset()
  }

  interrupt(): void {
    if (this.#control & control.interruptsOff) return
    this.busMaster.interrupted()
    this.#cpu.device_raise_irq(this.#irq)
  }

  reset(): void {
    this.#selected = 0
    this.#control = 0
    this.busMaster.reset()
    for (const drive of this.drives) drive.reset()
  }

  getState(): unknown[] {
    const busMaster = this.busMaster.getState((client) => this.drives.indexOf(client as IdeDrive))
    return [this.#selected, this.#control, busMaster, this.drives.map((drive) => drive.getState())]
  }

  setState([selected, controlByte, busMaster, drives]: readonly unknown[]): void {
    this.#selected = selected === 1 ? 1 : 0
    this.#control = controlByte as number
    this.busMaster.setState(busMaster as number[], (number) => this.drives[number])
    for (const [index, drive] of this.drives.entries()) drive.setState((drives as unknown[][])[index]!)
  }

  get #drive(): IdeDrive {
    return this.drives[this.#selected]
  }

  /** Whether there is no drive at all: then all registers are nought. */
  get #empty(): boolean {
    return this.drives.every(({ kind }) => kind === 'none')
  }

  /** Whether the selected drive is a second one that is not there. */
  get #absent(): boolean {
    return this.#empty || (this.#selected === 1 && this.#drive.kind === 'none')
  }

  get #status(): number {
    return this.#absent ? 0 : this.#drive.registers.status
  }

  #read(register: number): number {
    const { registers } = this.#drive
    const high = (this.#control & control.highOrder) !== 0
    switch (register) {
      case 0:
        return this.#drive.readData(2) & 0xff // data come two bytes at a time, and the second is lost
      case 1:
        if (this.#absent) return 0
        return high ? registers.highFeature : registers.error
      case 6:
        return this.#empty ? 0 : registers.select
      case 7: {
        const status = this.#status
        this.#cpu.device_lower_irq(this.#irq)
        return status
      }
      default: {
        const [now, before] = written[register - 1]!
        return this.#empty ? 0 : registers[high ? before : now] & 0xff
      }
    }
  }

  #write(register: number, value: number): void {
    if (register === 7) {
      this.#control &= ~control.highOrder
      this.#cpu.device_lower_irq(this.#irq)
      const { kind } = this.#drive
      if (this.#selected === 0 || kind !== 'none') this.#drive.command(value)
      return
    }
    const working = (this.#drive.registers.status & 0x88) !== 0
    if (register === 0 || working) return
    this.#control &= ~control.highOrder
    if (register === 6) {
      for (const { registers } of this.drives) registers.select = value | select.always
      this.#selected = value & select.second ? 1 : 0
      return
    }
    const [now, before] = written[register - 1]!
    for (const { registers } of this.drives) {
      registers[before] = registers[now] & 0xff
      registers[now] = value
    }
  }

  #writeControl(value: number): void {
    const resets = (value & control.reset) !== 0
    this.#control = value & ~control.reset
    if (!resets) return
    for (const drive of this.drives) drive.resetByGuest()
  }
}
