import type {
  Board,
  BoardConfig,
  BoardState,
  CpuRegisters,
  CpuStatus,
  DriveSlot,
  Keyboard,
  Medium,
  PciFunction,
  Pointers,
  Screen,
  SerialPort,
} from '../board.ts'
import { BoardError } from '../board-error.ts'
import { type BoardShape, shapeOf } from '../board-shape.ts'
import { packDevices, unpackDevices } from '../device-state.ts'
import { ConfigSpace } from '../pci/config-space.ts'
import { pcFunctions } from '../pci/pc-functions.ts'
import { placeholderPicture } from '../placeholder.ts'
import { pageBytes, pagesFit, type RamPages, takePages } from '../ram-pages.ts'
import { ScreenChanges } from '../screen-changes.ts'
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
  readonly ready = Promise.resolve()
  readonly screen: Screen
  readonly keyboard: Keyboard
  readonly pointers: Pointers
  readonly serial: readonly SerialPort[]
  readonly #memory: SparseMemory
  readonly #bios: Uint8Array
  readonly #shape: BoardShape
  readonly #functions: readonly PciFunction[]
  #state: BoardState = 'paused'

  constructor(config: BoardConfig) {
    this.ramBytes = config.ramBytes
    this.#memory = new SparseMemory(config.ramBytes)
    this.#bios = config.firmware.bios
    this.#shape = shapeOf('none', '', config)
    this.#functions = pcFunctions(config).map((shape) => new ConfigSpace(shape).describe())
    const changes = new ScreenChanges()
    this.screen = {
      capture: () => this.#open(() => (config.vga ? placeholderPicture(config.firmware.vgaBios) : noVga())),
      changes: (serial) => this.#open(async () => changes.look(await this.screen.capture(), serial)),
      text: () => this.#open(() => (config.vga ? undefined : noVga())),
    }
    this.keyboard = { send: () => this.#open(() => undefined), waiting: () => this.#open(() => 0) }
    this.pointers = { ps2: () => this.#open(() => undefined), vmmouse: () => this.#open(() => undefined) }
    this.serial = Array.from({ length: config.serialPorts }, () => ({ write: () => this.#open(() => undefined) }))
    this.#copyBios()
  }

  get state(): BoardState {
    return this.#state
  }

  resume(): Promise<void> {
    return this.#open(() => {
      this.#state = 'running'
    })
  }

  pause(): Promise<void> {
    return this.#open(() => {
      this.#state = 'paused'
    })
  }

  reset(): Promise<void> {
    return this.#open(() => this.#copyBios())
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
      for (const [index, page] of pages.addresses.entries())
        this.#memory.write(page, pages.bytes.subarray(index * pageBytes, (index + 1) * pageBytes))
    })
  }

  saveDevices(): Promise<Uint8Array> {
    return this.#standing(() => packDevices(this.#shape, null, new Uint8Array(0)))
  }

  restoreDevices(state: Uint8Array): Promise<void> {
    return this.#standing(() => {
      unpackDevices(this.#shape, state)
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

  pci(): Promise<readonly PciFunction[]> {
    return this.#open(() => this.#functions)
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

  close(): Promise<void> {
    this.#state = 'closed'
    this.#memory.clear()
    return Promise.resolve()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #open<T>(act: () => T | Promise<T>): Promise<T> {
    if (this.#state === 'closed') throw new BoardError('closed', 'The board has been closed')
    return act()
  }

  #standing<T>(act: () => T): Promise<T> {
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

function noVga(): never {
  throw new BoardError('unavailable', 'the board has no display')
}

/** Copies the part of `source`, which lies at `sourceAddress`, that falls into `target`, which lies at `address`. */
function copyOverlap(target: Uint8Array, address: number, source: Uint8Array, sourceAddress: number): void {
  const from = Math.max(address, sourceAddress)
  const to = Math.min(address + target.length, sourceAddress + source.length)
  if (from < to) target.set(source.subarray(from - sourceAddress, to - sourceAddress), from - address)
}
