import type { PortHandler } from '../../bus/device-bus.ts'
import { hotplugPorts } from '../../pci/pci-hotplug.ts'
import type { PortWindow, PortWindows } from '../ports/port-windows.ts'
import type { V86Cpu, V86PortEntry } from '../v86-internals.ts'

export interface Piix4PmHost {
  /** The guest wrote SLP_EN: 0 = soft off, 1 = suspend to RAM, 2 = suspend to disk. */
  sleep(type: number): void
}

/** PM1 status bits (ACPI): power button, resume button and wake-up. */
const powerButton = 0x0100
const wakeStatus = 0x8000
/** In PM1 status and enable: the clock's alarm. */
const clockAlarm = 0x0400
/** PM1 events that can raise the system control interrupt. */
const pm1Events = 0x0721
const sleepEnable = 0x2000
/** Soft off, suspend to RAM, suspend to disk: others have no effect. */
const lastSleepType = 2
const sciIrq = 9
/** How many ports the fixed registers have, and where each of them is among these: words, and a timer of 24 bits. */
const portCount = 64
const offsets = { status: 0, enable: 2, control: 4, timer: 8 } as const
const timerKilohertz = 3579.545
/** Where v86 has them. */
const v86Base = 0xb000
/** Status and enable bits of general purpose events: two ports each. */
const generalPorts = { base: 0xafe0, count: 4 }

/** Where the guest asks the firmware's other half for something, and the byte that goes with it. */
const smiPorts = { base: 0xb2, count: 2 }

/** Takes away what v86 has of a power management function, on a board that has none. */
export function silencePowerManagement(ports: PortWindows): undefined {
  ports.take(v86Base, portCount)
  for (const { base, count } of [generalPorts, smiPorts]) ports.take(base, count)
}

/**
 * The power management function of a PIIX4, as SeaBIOS' ACPI tables expect it: fixed events, general purpose events,
 * ports for the PCI bus's hot-plug registers.
 *
 * v86's own model lacks write-1-to-clear status, sleep states and the hot-plug registers; without them Linux takes
 * every PCI device for ejected.
 */
export class Piix4Pm {
  /** The fixed registers: they answer where the firmware puts them. */
  readonly window: PortWindow
  readonly #cpu: V86Cpu
  readonly #host: Piix4PmHost
  readonly #timer: () => number

  constructor(cpu: V86Cpu, ports: PortWindows, host: Piix4PmHost) {
    this.#cpu = cpu
    this.#host = host
    this.#acpi.gpe.fill(0)
    this.#replaceTimer()
    const v86Timer = ports.take(v86Base, portCount)[offsets.timer]!
    this.#timer = () => v86Timer.read32.call(v86Timer.device, v86Base + offsets.timer)
    this.window = ports.add(Array.from({ length: portCount }, (_, offset) => this.#fixedPort(offset)))
    this.#registerSmiCommand()
    this.#registerGeneralEvents()
    this.#registerProcessors()
  }

  /** Lets the hot-plug registers of the PCI bus answer at their ports. */
  answerHotplug(registers: PortHandler): void {
    for (let offset = 0; offset < hotplugPorts.count; offset++) {
      const port = hotplugPorts.base + offset
      this.#onRead(
        port,
        () => registers.read(offset, 1),
        () => registers.read(offset, 2),
        () => registers.read(offset, 4) | 0,
      )
      this.#onWrite(
        port,
        (value) => registers.write(offset, 1, value),
        (value) => registers.write(offset, 2, value),
        (value) => registers.write(offset, 4, value >>> 0),
      )
    }
  }

  /** Raises general purpose events. @param events - bits of their status, 16 bits wide */
  raiseGeneral(events: number): void {
    const { gpe } = this.#acpi
    gpe[0] = gpe[0]! | (events & 0xff)
    gpe[1] = gpe[1]! | (events >> 8)
    this.#updateSci()
  }

  pressPowerButton(): void {
    this.#raise(powerButton)
  }

  /** Whether the guest wants to be woken by the clock's alarm. */
  get wokenByAlarm(): boolean {
    return (this.#acpi.pm1_enable & clockAlarm) !== 0
  }

  /** Tells the firmware that it is a wake-up, not a cold start, and the guest what has woken it. */
  wake(by: 'alarm' | 'other'): void {
    this.#raise(wakeStatus | (by === 'alarm' ? clockAlarm : 0))
  }

  reset(): void {
    const acpi = this.#acpi
    acpi.pm1_status = 0
    acpi.pm1_enable = 0
    acpi.status = 1
    acpi.gpe.fill(0)
    this.#updateSci()
  }

  get #acpi() {
    return this.#cpu.devices.acpi
  }

  #raise(event: number): void {
    this.#acpi.pm1_status |= event
    this.#updateSci()
  }

  /** The system control interrupt is a level: on while an enabled event is pending. */
  #updateSci(): void {
    const { pm1_status: status, pm1_enable: enable, gpe } = this.#acpi
    const general = (gpe[0]! & gpe[2]!) | (gpe[1]! & gpe[3]!)
    if ((status & enable & pm1Events) !== 0 || general !== 0) this.#cpu.device_raise_irq(sciIrq)
    else this.#cpu.device_lower_irq(sciIrq)
  }

  /**
   * v86's timer never goes back, and stands still until guest time has come to where it once was: that is the host's
   * clock when the machine was built, or the guest's when an earlier state was restored. Firmware would wait as long.
   */
  #replaceTimer(): void {
    const acpi = this.#acpi
    acpi.get_timer = (now) => Math.floor(now * timerKilohertz)
    acpi.last_timer = 0
    acpi.timer = (now) => {
      const timer = acpi.get_timer(now)
      if ((timer ^ acpi.last_timer) & (1 << 23)) acpi.pm1_status |= 1
      acpi.last_timer = timer
      this.#updateSci()
      return 100
    }
  }

  /** A port of the fixed registers. Wider accesses go to the ports behind it as well. */
  #fixedPort(offset: number): V86PortEntry {
    const byte = (at: number): number => (this.#word(at & ~1) >> (8 * (at & 1))) & 0xff
    const word = (at: number): number => (at & 1 ? byte(at) | (byte(at + 1) << 8) : this.#word(at))
    const writeByte = (at: number, value: number): void => {
      const shift = 8 * (at & 1)
      const other = (at & ~1) === offsets.status ? 0 : this.#word(at & ~1) & (0xff00 >> shift)
      this.#setWord(at & ~1, other | (value << shift))
    }
    const writeWord = (at: number, value: number): void => {
      if ((at & 1) === 0) {
        this.#setWord(at, value)
      } else {
        writeByte(at, value & 0xff)
        writeByte(at + 1, value >> 8)
      }
    }
    return {
      read8: () => byte(offset),
      read16: () => word(offset),
      read32: () => (offset === offsets.timer ? this.#timer() : word(offset) | (word(offset + 2) << 16)),
      write8: (value) => writeByte(offset, value),
      write16: (value) => writeWord(offset, value),
      write32: (value) => {
        writeWord(offset, value & 0xffff)
        writeWord(offset + 2, value >>> 16)
      },
      device: this.#acpi,
    }
  }

  #word(offset: number): number {
    const acpi = this.#acpi
    switch (offset) {
      case offsets.status:
        return acpi.pm1_status
      case offsets.enable:
        return acpi.pm1_enable
      case offsets.control:
        return acpi.status
      case offsets.timer:
        return this.#timer() & 0xffff
      case offsets.timer + 2:
        return this.#timer() >>> 16
      default:
        return 0
    }
  }

  #setWord(offset: number, value: number): void {
    const acpi = this.#acpi
    if (offset === offsets.status) acpi.pm1_status &= ~value
    else if (offset === offsets.enable) acpi.pm1_enable = value
    else if (offset === offsets.control) {
      acpi.status = value & ~sleepEnable
      const type = (value >> 10) & 7
      if (value & sleepEnable && type <= lastSleepType) this.#host.sleep(type)
    }
    this.#updateSci()
  }

  #registerSmiCommand(): void {
    const acpi = this.#acpi
    let last = 0
    this.#onRead(smiPorts.base, () => last)
    this.#onWrite(smiPorts.base, (value) => {
      last = value
      if (value === 0xf1) acpi.status |= 1 // ACPI on
      if (value === 0xf0) acpi.status &= ~1
    })
  }

  #registerGeneralEvents(): void {
    const acpi = this.#acpi // and not its `gpe`, which is another array when a state has been restored
    for (const index of [0, 1]) {
      this.#onWrite(generalPorts.base + index, (value) => {
        acpi.gpe[index] = acpi.gpe[index]! & ~value
        this.#updateSci()
      })
      this.#onWrite(generalPorts.base + 2 + index, (value) => {
        acpi.gpe[2 + index] = value
        this.#updateSci()
      })
    }
  }

  /** Which processors there are: one. */
  #registerProcessors(): void {
    for (let index = 0; index < 32; index++) this.#onRead(0xaf00 + index, () => (index === 0 ? 1 : 0))
  }

  #onWrite(port: number, ...write: ((value: number) => void)[]): void {
    this.#cpu.io.register_write(port, this.#acpi, ...write)
  }

  #onRead(port: number, ...read: ((port: number) => number)[]): void {
    this.#cpu.io.register_read(port, this.#acpi, ...read)
  }
}
