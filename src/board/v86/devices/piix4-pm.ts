import type { V86Cpu } from '../v86-internals.ts'

export interface Piix4PmHost {
  /** The guest wrote SLP_EN: 0 = soft off, 1 = suspend to RAM, 2 = suspend to disk. */
  sleep(type: number): void
}

/** PM1 status bits (ACPI): power button, resume button and wake-up. */
const powerButton = 0x0100
const wakeStatus = 0x8000
/** PM1 events that can raise the system control interrupt. */
const pm1Events = 0x0721
const sleepEnable = 0x2000
const sciIrq = 9
/**
 * Where the fixed registers answer: where SeaBIOS puts them on this board, and where it puts them on QEMU's. Small
 * kernels switch a machine off by writing to QEMU's port 0x604 without looking.
 */
const pmBases = [0xb000, 0x600]

/**
 * The power management function of a PIIX4, as SeaBIOS' ACPI tables expect it: fixed events, general purpose events,
 * PCI hot-plug registers.
 *
 * v86's own model lacks write-1-to-clear status, sleep states and the hot-plug registers; without them Linux takes
 * every PCI device for ejected.
 */
export class Piix4Pm {
  readonly #cpu: V86Cpu
  readonly #host: Piix4PmHost

  constructor(cpu: V86Cpu, host: Piix4PmHost) {
    this.#cpu = cpu
    this.#host = host
    this.#acpi.gpe.fill(0)
    this.#replaceTimer()
    this.#registerFixedEvents()
    this.#registerGeneralEvents()
    this.#registerHotplug()
  }

  pressPowerButton(): void {
    this.#raise(powerButton)
  }

  /** Tells the firmware that it is a wake-up, not a cold start. */
  wake(): void {
    this.#raise(wakeStatus)
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

  #replaceTimer(): void {
    const acpi = this.#acpi
    acpi.timer = (now) => {
      const timer = acpi.get_timer(now)
      if ((timer ^ acpi.last_timer) & (1 << 23)) acpi.pm1_status |= 1
      acpi.last_timer = timer
      this.#updateSci()
      return 100
    }
  }

  #registerFixedEvents(): void {
    const acpi = this.#acpi
    this.#onPmRead(0, () => acpi.pm1_status)
    this.#onPmRead(2, () => acpi.pm1_enable)
    this.#onPmRead(4, () => acpi.status)
    const clear = (bits: number): void => {
      acpi.pm1_status &= ~bits
      this.#updateSci()
    }
    this.#onPmWrite(0, (value) => clear(value & 0xff), clear)
    this.#onPmWrite(1, (value) => clear(value << 8))
    const enable = (value: number): void => {
      acpi.pm1_enable = value
      this.#updateSci()
    }
    this.#onPmWrite(2, (value) => enable((acpi.pm1_enable & 0xff00) | value), enable)
    this.#onPmWrite(3, (value) => enable((acpi.pm1_enable & 0xff) | (value << 8)))
    const control = (value: number): void => {
      acpi.status = value & ~sleepEnable
      if (value & sleepEnable) this.#host.sleep((value >> 10) & 7)
    }
    this.#onPmWrite(4, (value) => control((acpi.status & 0xff00) | value), control)
    this.#onPmWrite(5, (value) => control((acpi.status & 0xff) | (value << 8)))
    this.#onWrite(0xb2, (value) => {
      if (value === 0xf1) acpi.status |= 1 // ACPI on
      if (value === 0xf0) acpi.status &= ~1
    })
  }

  #registerGeneralEvents(): void {
    const { gpe } = this.#acpi
    for (const index of [0, 1]) {
      this.#onWrite(0xafe0 + index, (value) => {
        gpe[index] = gpe[index]! & ~value
        this.#updateSci()
      })
      this.#onWrite(0xafe2 + index, (value) => {
        gpe[2 + index] = value
        this.#updateSci()
      })
    }
  }

  /** PCI slots: nothing has come, nothing is to go, nothing can be ejected. CPUs: one. */
  #registerHotplug(): void {
    const zero = (): number => 0
    for (const port of [0xae00, 0xae04, 0xae08]) this.#onRead(port, zero, zero, zero)
    this.#onRead(
      0xae0c,
      () => 0xff,
      () => 0xffff,
      () => -1,
    )
    for (let index = 0; index < 32; index++) this.#onRead(0xaf00 + index, () => (index === 0 ? 1 : 0))
  }

  /** A register of the block that answers at both of its addresses. */
  #onPmWrite(offset: number, write8: (value: number) => void, write16?: (value: number) => void): void {
    for (const base of pmBases) this.#onWrite(base + offset, write8, write16)
  }

  /** Lets a word of the block be read at both of its addresses, and by bytes as well. */
  #onPmRead(offset: number, word: () => number): void {
    for (const base of pmBases) {
      this.#onRead(base + offset, () => word() & 0xff, word)
      this.#onRead(base + offset + 1, () => (word() >> 8) & 0xff)
    }
  }

  #onWrite(port: number, write8: (value: number) => void, write16?: (value: number) => void): void {
    this.#cpu.io.register_write(port, this.#acpi, write8, write16)
  }

  #onRead(port: number, ...read: ((port: number) => number)[]): void {
    this.#cpu.io.register_read(port, this.#acpi, ...read)
  }
}
