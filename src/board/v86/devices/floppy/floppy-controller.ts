import type { GuestTimer, VirtualClock } from '../../cpu/virtual-clock.ts'
import type { DmaMemory } from '../../memory/dma-memory.ts'
import { bytePorts, mapPorts } from '../../ports/byte-ports.ts'
import type { StatefulDevice, V86Cpu } from '../../v86-internals.ts'
import { floppyCommand } from './floppy-commands.ts'
import {
  drivesToSense,
  main,
  output,
  rateSelect,
  sectorSizeCode,
  status0,
  statusA,
  type Transfer,
} from './floppy-constants.ts'
import type { FloppyDrive } from './floppy-drive.ts'
import { FloppyTransfer } from './floppy-transfer.ts'
import { FloppyDma } from './isa-dma.ts'

const basePort = 0x3f0
const irq = 6
/** A disk turns on to its next sector, in milliseconds, as Coherent's driver wants it. */
const nextSectorMs = 20
const configDefault = 0x60

/** Command bytes are awaited; a command is at work, perhaps with data through the data register; there are results. */
type Phase = 'command' | 'execution' | 'result'

/** What commands set, and others tell. */
export interface FloppySettings {
  stepRate: number
  headLoad: number
  config: number
  precompensation: number
  powerdown: number
  locked: number
}

/**
 * An Intel 82078 with two places for drives, as on QEMU's PC, in place of v86's: that one knows a table of sizes and reads
 * zeros of all others, and neither data without DMA nor half of the commands.
 */
export class FloppyController implements StatefulDevice {
  readonly #cpu: V86Cpu
  readonly #drives: readonly [FloppyDrive, FloppyDrive]
  readonly dma: FloppyDma
  readonly #turns: GuestTimer
  readonly settings: FloppySettings = {
    ...{ stepRate: 0, headLoad: 0, config: configDefault, precompensation: 0, powerdown: 0, locked: 0 },
  }
  #statusA = 0
  #statusB = 0xc0
  #output = output.running | output.dma
  #tape = 0
  #main: number = main.ready
  #rate = 0
  #selected: 0 | 1 = 0
  #status0 = 0
  #toSense = 0
  #phase: Phase = 'command'
  /** Command and parameters, or results. */
  readonly #bytes = new Uint8Array(32)
  #position = 0
  #length = 1
  #transfer: FloppyTransfer | undefined

  constructor(cpu: V86Cpu, memory: DmaMemory, clock: VirtualClock, drives: readonly [FloppyDrive, FloppyDrive]) {
    this.#cpu = cpu
    this.#drives = drives
    this.dma = new FloppyDma(cpu.devices.dma, memory)
    this.#turns = clock.timer(() => this.#sectorFound())
    const ports = bytePorts(cpu.io, this, 8, {
      read: (register) => this.#read(register),
      write: (register, value) => this.#write(register, value),
    })
    // The first register is not on a PC's bus, and the seventh is the disk controller's.
    mapPorts(cpu.io, basePort + 1, ports.slice(1, 6))
    mapPorts(cpu.io, basePort + 7, ports.slice(7))
    cpu.io.ports[basePort] = cpu.io.create_empty_entry()
    this.reset()
  }

  get selected(): 0 | 1 {
    return this.#selected
  }

  get drive(): FloppyDrive {
    return this.driveAt(this.#selected)
  }

  /** A drive by the number that guests have for it: they may have exchanged the two. */
  driveAt(number: 0 | 1): FloppyDrive {
    return this.#drives[this.#tape & 0x04 ? ((1 - number) as 0 | 1) : number]
  }

  get usesDma(): boolean {
    return (this.#output & output.dma) !== 0
  }

  /** Whether the controller is set to the medium's rate. */
  get rateFits(): boolean {
    return this.drive.hasRate(this.#rate & rateSelect.rate)
  }

  useDma(on: boolean): void {
    if (on) this.#output |= output.dma
    else this.#output &= ~output.dma
  }

  /** Takes the drive's number from a parameter. */
  select(parameter: number): FloppyDrive {
    this.#selected = parameter & output.drive ? 1 : 0
    return this.drive
  }

  /** The line of a machine's reset. */
  reset(): void {
    this.#reset(false)
  }

  awaitCommand(): void {
    this.#phase = 'command'
    this.#position = 0
    this.#length = 1
    this.#main = (this.#main & ~(main.busy | main.toGuest)) | main.ready
  }

  /** Lets the guest read results. */
  answer(bytes: ArrayLike<number>): void {
    this.#phase = 'result'
    this.#bytes.set(bytes)
    this.#position = 0
    this.#length = bytes.length
    this.#main |= main.busy | main.ready | main.toGuest
  }

  /** The heads have arrived, or there was nothing to go to. */
  seekEnded(): void {
    this.#status0 |= status0.seekEnd
    this.#raise()
  }

  /** A seek within a transfer. */
  noteSeek(): void {
    this.#status0 |= status0.seekEnd
  }

  senseInterrupt(): void {
    let first: number
    if (this.#toSense > 0) {
      first = status0.changed + drivesToSense - this.#toSense
      this.#toSense--
    } else if (this.#statusA & statusA.interrupt) {
      first = (this.#status0 & ~status0.place) | this.#selected
    } else {
      this.answer([status0.invalid])
      return
    }
    this.answer([first, this.drive.track])
    this.#lower()
    this.#status0 = status0.changed
  }

  /** Waits for the next sector to come along under the heads. */
  awaitSector(): void {
    this.#turns.arm(nextSectorMs)
  }

  transfer(direction: Transfer): void {
    this.select(this.#bytes[1]!)
    this.#transfer = new FloppyTransfer(this, direction, this.#bytes.slice(0, 9))
    this.#transfer.begin()
  }

  /** The controller is at work, and wants nothing from the guest. */
  busy(): void {
    this.#main &= ~main.ready
  }

  /** Data goes through the data register: a byte is there, or awaited. */
  offerData(toGuest: boolean): void {
    this.#main |= main.withoutDma | main.ready | (toGuest ? main.toGuest : 0)
  }

  /** The guest is to look for data. */
  interrupt(): void {
    this.#raise()
  }

  /** A command with data is over. @param place what is told instead of where the heads are: cylinder, head, sector */
  endTransfer(status = 0, second = 0, third = 0, place?: readonly [number, number, number]): void {
    const { drive } = this
    const head = drive.head === 0 ? 0 : status0.head
    this.#status0 = (this.#status0 & ~status0.place) | this.#selected | head | status
    this.dma.release()
    this.#transfer?.cancel()
    this.#transfer = undefined
    this.#main &= ~main.withoutDma
    const [track, side, sector] = place ?? [drive.track, drive.head, drive.sector]
    this.answer([this.#status0, second, third, track, side, sector, sectorSizeCode])
    this.#raise()
  }

  get_state(): unknown[] {
    const registers = [this.#statusA, this.#statusB, this.#output, this.#tape, this.#main, this.#rate]
    const rest = [this.#selected, this.#status0, this.#toSense, this.#position, this.#length]
    return [
      [...registers, ...rest],
      this.#phase,
      [...this.#bytes],
      { ...this.settings },
      this.#drives.map((drive) => drive.getState()),
      this.#turns.left ?? null,
      this.#transfer?.getState() ?? null,
    ]
  }

  set_state(state: unknown): void {
    const [numbers, phase, bytes, settings, drives, turns, transfer] = state as [
      number[],
      Phase,
      number[],
      FloppySettings,
      unknown[][],
      number | null,
      unknown[] | null,
    ]
    const [a = 0, b = 0, out = 0, tape = 0, mainStatus = 0, rate = 0, ...rest] = numbers
    ;[this.#statusA, this.#statusB, this.#output, this.#tape, this.#main, this.#rate] = [
      a,
      b,
      out,
      tape,
      mainStatus,
      rate,
    ]
    const [selected = 0, first = 0, toSense = 0, position = 0, length = 0] = rest
    this.#selected = selected === 1 ? 1 : 0
    ;[this.#status0, this.#toSense, this.#position, this.#length] = [first, toSense, position, length]
    this.#phase = phase
    this.#bytes.set(bytes)
    Object.assign(this.settings, settings)
    for (const [index, drive] of this.#drives.entries()) drive.setState(drives[index]!)
    this.#turns.arm(turns ?? undefined)
    this.#transfer?.cancel()
    this.#transfer = transfer === null ? undefined : FloppyTransfer.restored(this, transfer)
  }

  #reset(byGuest: boolean): void {
    this.#lower()
    this.#statusA = this.#drives[1].present ? 0 : statusA.noSecondDrive
    this.#statusB = 0xc0
    this.#selected = 0
    this.#output = output.running | output.dma
    this.#main = main.ready
    this.#toSense = 0
    this.#turns.arm(undefined)
    this.dma.release()
    this.#transfer?.cancel()
    this.#transfer = undefined
    for (const drive of this.#drives) drive.recalibrate()
    this.awaitCommand()
    if (!byGuest) return
    this.#status0 |= status0.changed
    this.#raise()
    this.#toSense = drivesToSense
  }

  #raise(): void {
    if ((this.#statusA & statusA.interrupt) === 0) this.#cpu.device_raise_irq(irq)
    this.#statusA |= statusA.interrupt
    this.#toSense = 0
  }

  #lower(): void {
    this.#status0 = 0
    if ((this.#statusA & statusA.interrupt) === 0) return
    this.#cpu.device_lower_irq(irq)
    this.#statusA &= ~statusA.interrupt
  }

  #read(register: number): number {
    switch (register) {
      case 1:
        return this.#statusB
      case 2:
        return this.#output | this.#selected
      case 3:
        return this.#tape
      case 4:
        this.#rate &= ~rateSelect.powerDown
        this.#output |= output.running
        return this.#main
      case 5:
        return this.#readData()
      default:
        return this.drive.changed ? 0x80 : 0
    }
  }

  #write(register: number, value: number): void {
    if (register === 2) {
      this.#writeOutput(value)
      return
    }
    if ((this.#output & output.running) === 0) return
    switch (register) {
      case 3:
        this.#tape = value & 0x04
        break
      case 4:
        if (value & (rateSelect.reset | rateSelect.powerDown)) this.#reset(true)
        this.#rate = value
        break
      case 5:
        this.#writeData(value)
        break
      case 7:
        this.#rate = (this.#rate & ~rateSelect.rate) | (value & rateSelect.rate)
        break
    }
  }

  #writeOutput(value: number): void {
    const motors = (value & output.motorA ? 1 : 0) | (value & output.motorB ? 2 : 0) | (value & output.drive ? 0x20 : 0)
    this.#statusB = (this.#statusB & ~0x23) | motors // which a reset switches off again
    if ((value & output.running) !== 0 && (this.#output & output.running) === 0) {
      this.#reset(true)
      this.#rate &= ~rateSelect.powerDown
    }
    this.#selected = value & output.drive ? 1 : 0
    this.#output = value
  }

  #readData(): number {
    this.#rate &= ~rateSelect.powerDown
    const toGuest = main.ready | main.toGuest
    if ((this.#main & toGuest) !== toGuest) return 0
    if (this.#phase === 'execution') return this.#transfer?.take() ?? 0
    const value = this.#bytes[this.#position++]!
    if (this.#position === this.#length) {
      this.awaitCommand()
      this.#lower()
    }
    return value
  }

  #writeData(value: number): void {
    if ((this.#main & (main.ready | main.toGuest)) !== main.ready) return
    this.#rate &= ~rateSelect.powerDown
    if (this.#phase === 'execution') {
      this.#transfer?.give(value)
      return
    }
    if (this.#position === 0) {
      this.#length = floppyCommand(value).parameters + 1
      this.#main |= main.busy
    }
    this.#bytes[this.#position++] = value
    if (this.#position < this.#length) return
    this.#phase = 'execution'
    this.#main &= ~main.ready
    floppyCommand(this.#bytes[0]!).run(this, this.#bytes)
  }

  #sectorFound(): void {
    const { drive } = this
    if (drive.sectors !== 0) drive.sector = (drive.sector % drive.sectors) + 1
    if (this.rateFits) this.endTransfer()
    else this.endTransfer(status0.abnormal, 0x01)
  }
}
