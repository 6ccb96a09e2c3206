import { BoardError } from '../board-error.ts'
import { placePages, type RamPages } from '../state/ram-pages.ts'
import type { VirtualClock } from './cpu/virtual-clock.ts'
import type { StatefulDevice, V86Emulator } from './v86-internals.ts'

/** The release of v86 that the patches of this folder are made for; a state is of its internals. */
export const v86Version = '0.5.462'

/** What v86 leaves out of its own state. */
interface Omitted {
  /** Guest time, in milliseconds. */
  readonly clock: number
  readonly pmTimer: number
  readonly vgaVirtualWidth: number
  /** What waits in the serial ports for the guest. */
  readonly serial: readonly (readonly number[])[]
  /** The states of our own devices. */
  readonly devices: Readonly<Record<string, readonly unknown[]>>
}

/**
 * The whole machine but for RAM and video memory, in v86's own format with what that leaves out beside it. RAM goes another
 * way: pages can be sent while the guest still runs, and most of them are empty. So are those of video memory, which v86
 * would copy whole, three times over.
 */
export class SavedState {
  readonly #devices: ReadonlyMap<string, StatefulDevice>
  readonly #emulator: V86Emulator
  readonly #clock: VirtualClock

  /** @param devices - our own that v86 does not know, by name */
  constructor(emulator: V86Emulator, clock: VirtualClock, devices: ReadonlyMap<string, StatefulDevice>) {
    this.#devices = devices
    this.#emulator = emulator
    this.#clock = clock
  }

  /** Video memory itself. */
  get video(): Uint8Array {
    const { wasm_memory: memory, devices } = this.#emulator.v86.cpu
    return new Uint8Array(memory.buffer, devices.vga.svga_memory.byteOffset, devices.vga.vga_memory_size)
  }

  /** Takes the state of a machine that stands still and waits for no disk. */
  save(): { omitted: Omitted; bytes: Uint8Array } {
    const { cpu } = this.#emulator.v86
    const bitmapBytes = Math.ceil(cpu.memory_size[0]! / 4096 / 8)
    const bytes = this.#shadowed(
      {
        pack_memory: () => ({
          bitmap: { get_buffer: () => new ArrayBuffer(bitmapBytes) },
          packed_memory: new Uint8Array(0),
        }),
      },
      () => new Uint8Array(this.#emulator.v86.save_state()),
    )
    const { acpi, vga, uart0, uart1, uart2, uart3 } = cpu.devices
    return {
      omitted: {
        clock: this.#clock.now(),
        pmTimer: acpi.last_timer,
        vgaVirtualWidth: vga.svga_virtual_width ?? 0,
        serial: [uart0, uart1, uart2, uart3].map((uart) => (uart === undefined ? [] : [...uart.input])),
        devices: Object.fromEntries(
          [...this.#devices].map(([name, device]) => [name, device.get_state() as unknown[]]),
        ),
      },
      bytes,
    }
  }

  /**
   * @param bytes - become the emulator's, if they are all of a buffer
   * @param video - what video memory holds but for zeros
   * @throws {BoardError} kind `state`, if there is no sense in it: the machine then needs a reset
   */
  restore(omitted: unknown, bytes: Uint8Array, video: RamPages): void {
    try {
      this.#restore(omitted as Omitted, bytes)
      placePages(this.video, 0, video)
    } catch (cause) {
      throw new BoardError('state', `the emulator refuses the state: ${(cause as Error).message}`, { cause })
    }
  }

  #restore(omitted: Omitted, bytes: Uint8Array): void {
    const { cpu } = this.#emulator.v86
    this.#clock.set(omitted.clock)
    const { buffer } = bytes
    const own = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length ? buffer : bytes.slice().buffer
    const { acpi, vga, uart0, uart1, uart2, uart3 } = cpu.devices
    const { vga_memory_size: videoBytes } = vga
    this.#shadowed({ unpack_memory: () => undefined }, () => this.#emulator.v86.restore_state(own))
    vga.vga_memory_size = videoBytes // whatever the state tells
    for (const [name, device] of this.#devices) device.set_state(omitted.devices[name])
    acpi.last_timer = omitted.pmTimer
    vga.svga_virtual_width = omitted.vgaVirtualWidth
    for (const [port, uart] of [uart0, uart1, uart2, uart3].entries()) {
      uart?.input.splice(0, uart.input.length, ...(omitted.serial[port] ?? []))
    }
  }

  /** Lets v86 save or restore with some of its methods replaced, and without video memory: RAM stays out, too. */
  #shadowed<T>(methods: object, act: () => T): T {
    const { cpu } = this.#emulator.v86
    const { vga } = cpu.devices
    const { svga_memory: video } = vga
    Object.assign(cpu, methods)
    vga.svga_memory = new Uint8Array(0)
    try {
      return act()
    } finally {
      vga.svga_memory = video
      for (const name of Object.keys(methods)) Reflect.deleteProperty(cpu, name)
    }
  }
}
