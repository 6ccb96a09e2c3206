import type { LoadedFile } from '../acpi/acpi-tables.ts'
import type { PciFunction, PortSize } from '../board.ts'
import type { FirmwareFile } from '../firmware/firmware-items.ts'
import { ConfigSpace, type FunctionShape } from '../pci/config-space.ts'
import type {
  AcpiBus,
  BusRam,
  BusTimer,
  BusWindow,
  DeviceBus,
  InterruptLine,
  MemoryResponder,
  PciDevice,
  PciParts,
  PortHandler,
} from './device-bus.ts'

interface Window<Handler> {
  readonly size: number
  readonly handler: Handler
  base: number | undefined
}

interface Configured {
  readonly space: ConfigSpace
  /** Lets everything follow what the configuration space says. */
  follow(): void
}

/**
 * A bus of a few lines, on which time stands still: for a board that never executes, and for tests, which are the guest
 * then: they use ports and memory, look at interrupts and let timers expire.
 */
export class PlainBus implements DeviceBus {
  readonly ram: BusRam
  readonly files: FirmwareFile[] = []
  readonly tables: (() => Uint8Array)[] = []
  readonly loaded: LoadedFile[] = []
  /** General purpose events that were raised, in order. */
  readonly raised: number[] = []
  readonly acpi: AcpiBus = {
    present: true,
    table: (read) => void this.tables.push(read),
    load: (file) => void this.loaded.push(file),
    event: (number) => ({ raise: () => void this.raised.push(number) }),
  }
  /** ISA interrupts that are asserted. */
  readonly asserted = new Set<number>()
  /** The functions whose interrupt pins are. */
  readonly assertedFunctions = new Set<ConfigSpace>()
  readonly #ports: Window<PortHandler>[] = []
  readonly #memory: Window<MemoryResponder>[] = []
  readonly #functions: Configured[] = []
  readonly #timers: PlainTimer[] = []

  constructor(ram: BusRam = new PlainRam(1 << 20)) {
    this.ram = ram
  }

  ports(count: number, handler: PortHandler): BusWindow {
    return windowIn(this.#ports, count, handler)
  }

  memory(size: number, responder: MemoryResponder): BusWindow {
    return windowIn(this.#memory, size, responder)
  }

  pci(shape: FunctionShape, { ports, memory, changed }: PciParts): PciDevice {
    const space = new ConfigSpace(shape)
    const regions = (shape.bars ?? []).flatMap((bar) => {
      const portHandler = ports?.get(bar.bar)
      const responder = memory?.get(bar.bar)
      if (portHandler !== undefined) return [{ bar, window: windowIn(this.#ports, bar.size, portHandler) }]
      return responder === undefined ? [] : [{ bar, window: windowIn(this.#memory, bar.size, responder) }]
    })
    const follow = (): void => {
      for (const { bar, window } of regions) window.move(space.addressOf(bar))
      changed?.(space)
    }
    const configured = { space, follow }
    this.#functions.push(configured)
    return {
      space,
      setInterrupt: (asserted) => {
        if (!this.#functions.includes(configured)) return // it has gone
        space.setInterruptPending(asserted)
        if (asserted) this.assertedFunctions.add(space)
        else this.assertedFunctions.delete(space)
      },
      close: () => {
        for (const { window } of regions) window.close()
        removeFrom(this.#functions, configured)
        this.assertedFunctions.delete(space)
      },
    }
  }

  interrupt(line: number): InterruptLine {
    return {
      set: (asserted) => {
        if (asserted) this.asserted.add(line)
        else this.asserted.delete(line)
      },
    }
  }

  timer(expired: () => void): BusTimer {
    const timer = new PlainTimer(expired, () => removeFrom(this.#timers, timer))
    this.#timers.push(timer)
    return timer
  }

  firmwareFile(file: FirmwareFile): void {
    this.files.push(file)
  }

  /** What the guest reads; all ones where nobody answers. */
  readPort(port: number, size: PortSize): number {
    const window = windowAt(this.#ports, port)
    return window === undefined ? 2 ** (8 * size) - 1 : window.handler.read(port - window.base!, size)
  }

  writePort(port: number, size: PortSize, value: number): void {
    const window = windowAt(this.#ports, port)
    window?.handler.write(port - window.base!, size, value)
  }

  readMemory(address: number, size: 1 | 4): number {
    const window = windowAt(this.#memory, address)
    if (window === undefined) return 0
    return size === 1 ? window.handler.read8(address - window.base!) : window.handler.read32(address - window.base!)
  }

  writeMemory(address: number, size: 1 | 4, value: number): void {
    const window = windowAt(this.#memory, address)
    if (size === 1) window?.handler.write8(address - window.base!, value)
    else window?.handler.write32(address - window.base!, value)
  }

  /** Writes into the configuration space of the function that was added as the `index`th. */
  configure(index: number, offset: number, width: 1 | 2 | 4, value: number): void {
    const { space, follow } = this.#functions[index]!
    space.write(offset, width, value)
    follow()
  }

  /** Brings configuration spaces back to what they were; the devices behind them are not told. */
  resetFunctions(): void {
    for (const { space, follow } of this.#functions) {
      space.reset()
      follow()
    }
  }

  functions(): readonly PciFunction[] {
    return this.#functions.map(({ space }) => space.describe())
  }

  /** Lets guest time go on by so many milliseconds. */
  pass(milliseconds: number): void {
    for (const timer of this.#timers) timer.pass(milliseconds)
  }
}

function windowIn<Handler>(windows: Window<Handler>[], size: number, handler: Handler): BusWindow {
  const window: Window<Handler> = { size, handler, base: undefined }
  windows.push(window)
  return {
    move: (base) => {
      window.base = base
    },
    close: () => removeFrom(windows, window),
  }
}

function removeFrom<T>(list: T[], one: T): void {
  const at = list.indexOf(one)
  if (at >= 0) list.splice(at, 1)
}

function windowAt<Handler>(windows: readonly Window<Handler>[], address: number): Window<Handler> | undefined {
  return windows.findLast(({ base, size }) => base !== undefined && address >= base && address < base + size)
}

class PlainTimer implements BusTimer {
  left: number | undefined
  readonly #expired: () => void
  readonly close: () => void

  constructor(expired: () => void, close: () => void) {
    this.#expired = expired
    this.close = close
  }

  arm(milliseconds: number | undefined): void {
    this.left = milliseconds
  }

  pass(milliseconds: number): void {
    if (this.left === undefined) return
    this.left -= milliseconds
    if (this.left > 0) return
    this.left = undefined
    this.#expired()
  }
}

class PlainRam implements BusRam {
  readonly #bytes: Uint8Array

  constructor(byteLength: number) {
    this.#bytes = new Uint8Array(byteLength)
  }

  get byteLength(): number {
    return this.#bytes.length
  }

  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    bytes.set(this.#bytes.subarray(address, address + length))
    return bytes
  }

  write(address: number, bytes: Uint8Array): void {
    const room = this.#bytes.length - address
    if (room > 0) this.#bytes.set(bytes.subarray(0, room), address)
  }
}
