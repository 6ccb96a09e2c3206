import type {
  Board,
  BoardConfig,
  BoardState,
  CpuRegisters,
  CpuStatus,
  Keyboard,
  PciFunction,
  Pointers,
  PortSize,
  Screen,
  SerialPort,
} from '../board.ts'
import { BoardError } from '../board-error.ts'
import type { BusRam } from '../bus/device-bus.ts'
import { DevicePorts, shapeOfDevice } from '../bus/device-ports.ts'
import type { BootPlace, DevicePort, GuestLink, GuestSides, NewDevice, PluggedDevice } from '../bus/guest-device.ts'
import { PlainBus } from '../bus/plain-bus.ts'
import { PluggedDevices } from '../bus/plugged-devices.ts'
import type { DriveSlot, Medium } from '../drive-config.ts'
import type { FlashRange } from '../firmware/flash-range.ts'
import { type InterruptControllers, resetControllers } from '../interrupt-controllers.ts'
import { ConfigSpace } from '../pci/config-space.ts'
import { pcFunctions } from '../pci/pc-functions.ts'
import { hotplugPorts } from '../pci/pci-hotplug.ts'
import type { Probe } from '../probe.ts'
import { placeholderPicture } from '../screen/placeholder.ts'
import { ScreenChanges } from '../screen/screen-changes.ts'
import { type BoardShape, shapeOf } from '../state/board-shape.ts'
import { packDevices, unpackDevices } from '../state/device-state.ts'
import { pageChecksums } from '../state/page-checksums.ts'
import { pageBytes, pagesFit, type RamCopy, type RamPages, takePages } from '../state/ram-pages.ts'
import { RamShadow } from '../state/ram-shadow.ts'
import { NoneProbe } from './none-probe.ts'
import { resetRegisters } from './reset-registers.ts'
import { SparseMemory } from './sparse-memory.ts'

/** The end of the address space, where the CPU finds its first instruction: the BIOS image ends there. */
const busEnd = 2 ** 32
/** The BIOS's last 128 KiB are also seen below 1 MiB. */
const lowBiosEnd = 0x100000
const lowBiosBytes = 0x20000

/**
 * A PC that never executes: memory, and devices that do nothing. It starts at once and costs next to nothing, so
 * that thousands fit in one process; whoever tests a machine manager needs no more.
 */
export class NoneBoard implements Board {
  readonly kind = 'none'
  readonly ramBytes: number
  readonly biosBytes: number
  readonly flash: readonly FlashRange[]
  readonly ready: Promise<void>
  readonly probe: Probe
  readonly screen: Screen
  readonly keyboard: Keyboard
  readonly pointers: Pointers
  readonly serial: readonly SerialPort[]
  readonly #memory: SparseMemory
  readonly #bios: Uint8Array
  readonly #config: BoardConfig
  readonly #functions: readonly PciFunction[]
  readonly #bus: PlainBus
  readonly #ports = new DevicePorts()
  readonly #devices: PluggedDevices
  /** What a copy of RAM that is being made elsewhere has. */
  #shadow: RamShadow | undefined
  #state: BoardState = 'paused'

  constructor(config: BoardConfig, guests: GuestSides) {
    this.#config = config
    this.ramBytes = config.ramBytes
    this.flash = config.flash ?? []
    this.biosBytes = this.flash.length > 0 ? 0 : config.firmware.bios.length
    this.#memory = new SparseMemory(config.ramBytes)
    this.#bios = config.firmware.bios
    this.#functions = pcFunctions(config).map((shape) => new ConfigSpace(shape).describe())
    const changes = new ScreenChanges()
    this.screen = {
      capture: () => this.#open(() => (config.vga ? placeholderPicture(config.firmware.vgaBios) : noVga())),
      changes: (serial) => this.#open(async () => changes.look(await this.screen.capture(), serial)),
      text: () => this.#open(() => (config.vga ? undefined : noVga())),
    }
    this.keyboard = { send: () => this.#open(() => undefined), waiting: () => this.#open(() => 0) }
    this.pointers = { ps2: () => this.#open(() => undefined), vmmouse: () => this.#open(() => undefined) }
    this.serial = Array.from({ length: config.serialPorts }, () => ({
      write: () => this.#open(() => undefined),
      break: () => this.#open(() => undefined),
    }))
    this.#copyBios()
    this.#bus = new PlainBus(this.#ram())
    this.#devices = new PluggedDevices({
      bus: this.#bus,
      guests,
      linkOf: (key) => this.#linkOf(key),
      raiseHotplug: () => undefined, // nobody looks
      fixed: (slot) => this.#functions.some((own) => own.slot === slot),
      gone: (keys) => this.#ports.gone(keys),
    })
    this.probe = new NoneProbe({
      ...{ bus: this.#bus, ramBytes: this.ramBytes },
      readPhysical: (address, length) => this.readPhysical(address, length),
      writePhysical: (address, bytes) => this.writePhysical(address, bytes),
      settle: () => this.#devices.settle(),
    })
    if (config.acpi !== false) this.#bus.ports(hotplugPorts.count, this.#devices.hotplug).move(hotplugPorts.base)
    this.ready = this.#plugAll(config)
    this.ready.catch(() => undefined) // whoever waits for it is told; nobody has to
  }

  get state(): BoardState {
    return this.#state
  }

  resume(): Promise<void> {
    return this.#open(() => {
      if (this.#state !== 'running') this.#devices.resumed()
      this.#state = 'running'
    })
  }

  pause(): Promise<void> {
    return this.#open(() => {
      this.#state = 'paused'
    })
  }

  reset(): Promise<void> {
    return this.#open(() => {
      this.#copyBios()
      this.#bus.resetFunctions()
      this.#devices.reset()
    })
  }

  pressPowerButton(): Promise<void> {
    return this.#open(() => undefined)
  }

  wake(): Promise<void> {
    return this.#open(() => undefined)
  }

  injectNmi(): Promise<void> {
    return this.#open(() => undefined)
  }

  /** Only devices that were plugged in answer: elsewhere the lines stay high. */
  readPort(port: number, size: PortSize): Promise<number> {
    return this.#open(() => this.#bus.readPort(port, size))
  }

  writePort(port: number, size: PortSize, value: number): Promise<void> {
    return this.#open(() => {
      this.#bus.writePort(port, size, value)
      this.#devices.settle()
    })
  }

  setBootOrder(_letters: string): Promise<void> {
    return this.#open(() => undefined)
  }

  readPhysical(address: number, length: number): Promise<Uint8Array> {
    return this.#open(() => {
      const bytes = new Uint8Array(length)
      copyOverlap(bytes, address, this.#bios, busEnd - this.#bios.length)
      const inRam = Math.max(0, Math.min(length, this.ramBytes - address))
      if (inRam > 0) bytes.set(this.#memory.read(address, inRam))
      return bytes
    })
  }

  readVirtual(address: number, length: number): Promise<Uint8Array> {
    return this.#open(() => {
      const inRam = address + length <= this.ramBytes
      const inBios = address >= busEnd - this.#bios.length && address + length <= busEnd
      if (!inRam && !inBios && length > 0) throw outside(address)
      return this.readPhysical(address, length)
    })
  }

  writePhysical(address: number, bytes: Uint8Array): Promise<void> {
    return this.#open(() => {
      if (!(address >= 0 && address + bytes.length <= this.ramBytes)) throw outside(address)
      this.#memory.write(address, bytes)
    })
  }

  readPages(address: number, length: number): Promise<RamPages> {
    return this.#open(() => {
      this.#requirePages(address, length)
      return takePages(this.#memory.read(address, length), address)
    })
  }

  writePages(address: number, length: number, pages: RamPages): Promise<void> {
    return this.#open(() => {
      this.#requirePages(address, length)
      if (!pagesFit(pages, address, length)) throw outside(address)
      this.#memory.clear(address, length)
      this.#overwrite(pages)
    })
  }

  overwritePages(pages: RamPages): Promise<void> {
    return this.#open(() => {
      if (!pagesFit(pages, 0, this.ramBytes)) throw outside(pages.addresses[0] ?? 0)
      this.#overwrite(pages)
    })
  }

  #overwrite({ addresses, bytes }: RamPages): void {
    for (const [index, page] of addresses.entries())
      this.#memory.write(page, bytes.subarray(index * pageBytes, (index + 1) * pageBytes))
  }

  changedPages(address: number, length: number): Promise<RamPages> {
    return this.#open(() => {
      this.#requirePages(address, length)
      this.#shadow ??= new RamShadow(this.ramBytes)
      return this.#shadow.take(this.#memory.read(address, length), address)
    })
  }

  countChangedPages(address: number, length: number): Promise<number> {
    return this.#open(() => {
      this.#requirePages(address, length)
      this.#shadow ??= new RamShadow(this.ramBytes)
      return this.#shadow.count(this.#memory.read(address, length), address)
    })
  }

  forgetPages(): Promise<void> {
    return this.#open(() => {
      this.#shadow = undefined
    })
  }

  /** It stands still all the time. */
  throttle(): Promise<void> {
    return this.#open(() => undefined)
  }

  keepSpares(): void {} // it has no thread

  async copyRam(): Promise<RamCopy> {
    return { pages: await this.readPages(0, this.ramBytes) }
  }

  pasteRam(copy: RamCopy): Promise<void> {
    if (!('pages' in copy)) throw new BoardError('state', 'this copy is of another kind of board')
    return this.writePages(0, this.ramBytes, copy.pages)
  }

  pageChecksums(addresses: Uint32Array): Promise<Uint32Array> {
    return this.#open(() =>
      addresses.map((address) => {
        this.#requirePages(address, pageBytes)
        return pageChecksums(this.#memory.read(address, pageBytes), Uint32Array.of(0))[0]!
      }),
    )
  }

  idle(): Promise<void> {
    return this.#standing(() => this.#devices.idle())
  }

  /** A CPU that never runs takes no time. */
  guestTime(): Promise<number> {
    return this.#open(() => 0)
  }

  saveDevices(): Promise<Uint8Array> {
    return this.#standing(async () => {
      await this.ready
      await this.#devices.idle()
      const { hotplug } = this.#devices
      return packDevices(this.#shapeNow(), [this.#devices.save(), hotplug.save()], new Uint8Array(0))
    })
  }

  restoreDevices(state: Uint8Array): Promise<void> {
    return this.#standing(async () => {
      await this.ready
      const { own } = unpackDevices(this.#shapeNow(), state)
      try {
        const [devices, hotplug] = own as [unknown[], unknown]
        this.#devices.restore(devices)
        this.#devices.hotplug.restore(hotplug)
      } catch (cause) {
        throw new BoardError('state', `the devices refuse the state: ${(cause as Error).message}`, { cause })
      }
    })
  }

  writeVirtual(address: number, bytes: Uint8Array): Promise<void> {
    return this.writePhysical(address, bytes) // a CPU that never runs has no page tables
  }

  registers(): Promise<CpuRegisters> {
    return this.#open(() => resetRegisters)
  }

  cpu(): Promise<CpuStatus> {
    const { cs } = resetRegisters.segments
    return this.#open(() => ({ index: 0, pc: cs.base + resetRegisters.eip, halted: false, threadId: process.pid }))
  }

  interruptControllers(): Promise<InterruptControllers> {
    return this.#open(() => resetControllers)
  }

  /** A clock that nobody set. */
  clock(): Promise<number> {
    return this.#open(() => Math.floor((this.#config.rtcBase ?? Date.now()) / 1000) * 1000)
  }

  codeCache(): Promise<undefined> {
    return this.#open(() => undefined)
  }

  pci(): Promise<readonly PciFunction[]> {
    return this.#open(() => [...this.#functions, ...this.#bus.functions()].sort(byAddress))
  }

  setMedium(_slot: DriveSlot, _medium: Medium | undefined): Promise<void> {
    return this.#open(() => undefined)
  }

  resizeMedium(_slot: DriveSlot, _byteLength: number): Promise<void> {
    return this.#open(() => undefined)
  }

  requestEject(_slot: DriveSlot): Promise<void> {
    return this.#open(() => undefined)
  }

  plug(device: NewDevice, port: DevicePort): Promise<PluggedDevice> {
    return this.#open(async () => {
      const withdraw = this.#ports.add(device, port)
      try {
        await this.#devices.plug(shapeOfDevice(device, port), { hot: true })
      } catch (error) {
        withdraw()
        throw error
      }
      return this.plugged(device.key)
    })
  }

  plugged(key: string): PluggedDevice {
    return this.#ports.plugged(key, (message) => this.#devices.receive(key, message))
  }

  requestUnplug(key: string): Promise<void> {
    return this.#open(() => {
      this.#ports.leaves(key)
      this.#devices.requestUnplug(key)
    })
  }

  unplug(key: string): Promise<void> {
    return this.#open(() => {
      this.#ports.leaves(key)
      this.#devices.unplug(key)
    })
  }

  /** There is no firmware; but what there is to boot from is kept as on other boards. */
  setBootPlaces(key: string, places: readonly BootPlace[]): Promise<void> {
    return this.#open(() => {
      this.#ports.setBootPlaces(key, places)
      this.#devices.setBootPlaces(key, places)
    })
  }

  inspect(key: string, question: unknown): Promise<unknown> {
    return this.#open(() => this.#devices.inspect(key, question))
  }

  close(): Promise<void> {
    this.#state = 'closed'
    this.#memory.clear()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #plugAll({ devices = [] }: BoardConfig): Promise<void> {
    // All of them can be spoken to before the first has been plugged in.
    for (const { device, port } of devices) this.#ports.add(device, port)
    for (const { device, port } of devices) {
      await this.#devices.plug(shapeOfDevice(device, port), { hot: false })
    }
  }

  #linkOf(key: string): GuestLink {
    return {
      send: (message) => this.#ports.hear(key, message),
      stop: (message) => {
        this.#devices.settle()
        if (this.#state === 'running') this.#state = 'paused'
        this.#ports.hear(key, message)
      },
      hold: () => () => undefined, // what never executes has nothing to wait with
    }
  }

  #ram(): BusRam {
    const memory = this.#memory
    const inside = (address: number, length: number): number => Math.max(0, Math.min(length, this.ramBytes - address))
    return {
      byteLength: this.ramBytes,
      read: (address, length) => {
        const bytes = new Uint8Array(length)
        bytes.set(memory.read(address, inside(address, length)))
        return bytes
      },
      write: (address, bytes) => memory.write(address, bytes.subarray(0, inside(address, bytes.length))),
    }
  }

  #shapeNow(): BoardShape {
    return shapeOf('none', '', this.#config, this.#devices.describe())
  }

  async #open<T>(act: () => T | Promise<T>): Promise<T> {
    if (this.#state === 'closed') throw new BoardError('closed', 'The board has been closed')
    return act()
  }

  #standing<T>(act: () => T | Promise<T>): Promise<T> {
    return this.#open(() => {
      if (this.#state === 'running') throw new BoardError('unavailable', 'the board runs')
      return act()
    })
  }

  #requirePages(address: number, length: number): void {
    if (address % pageBytes !== 0 || length % pageBytes !== 0 || address + length > this.ramBytes)
      throw outside(address)
  }

  #copyBios(): void {
    const low = this.#bios.subarray(Math.max(0, this.#bios.length - lowBiosBytes))
    this.#memory.write(lowBiosEnd - low.length, low)
  }
}

function outside(address: number): BoardError {
  return new BoardError('address', `there is no memory at 0x${address.toString(16)}`, { address })
}

const byAddress = (one: PciFunction, other: PciFunction): number =>
  one.slot - other.slot || one.function - other.function

function noVga(): never {
  throw new BoardError('unavailable', 'the board has no display')
}

/** Copies the part of `source`, which lies at `sourceAddress`, that falls into `target`, which lies at `address`. */
function copyOverlap(target: Uint8Array, address: number, source: Uint8Array, sourceAddress: number): void {
  const from = Math.max(address, sourceAddress)
  const to = Math.min(address + target.length, sourceAddress + source.length)
  if (from < to) target.set(source.subarray(from - sourceAddress, to - sourceAddress), from - address)
}
