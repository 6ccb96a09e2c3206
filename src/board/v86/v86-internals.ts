/**
 * What the board uses of v86 behind its public face, by v86's own names (0.5.462, pinned). Each patch has a test that
 * fails when v86 changes under it.
 */
import type { VbeMachine } from './screen/vbe-virtual-width.ts'
import type { VgaDevice } from './screen/vga-device.ts'
import type { VgaPortsMachine } from './screen/vga-ports.ts'
import type { VgaTextDrawing } from './screen/vga-text-drawing.ts'

export interface V86Emulator {
  readonly v86: V86Loop
  readonly bus: V86Bus
  add_listener(event: string, listener: (value: never) => void): void
}

/** The main loop: slices of execution with yields between. */
export interface V86Loop {
  readonly cpu: V86Cpu
  running: boolean
  stopping: boolean
  idle: boolean
  tick_counter: number
  run(): void
  next_tick(milliseconds: number): void
  do_tick(): void
  yield(milliseconds: number, tick: number): void
  yield_callback(tick: number): void
  /** Everything, in v86's own format. */
  save_state(): ArrayBuffer
  restore_state(state: ArrayBuffer): void
}

export interface V86Bus {
  send(event: string, value?: unknown): void
}

export interface V86Cpu {
  readonly wasm_memory: WebAssembly.Memory
  /** Only tells where RAM begins: indexing it goes through a slow proxy. */
  readonly mem8: { readonly byteOffset: number }
  readonly memory_size: ArrayLike<number>
  readonly reg32: { [index: number]: number }
  readonly sreg: { [index: number]: number }
  readonly segment_offsets: { [index: number]: number }
  readonly segment_limits: { [index: number]: number }
  readonly segment_access_bytes: { [index: number]: number }
  readonly segment_is_null: ArrayLike<number>
  readonly gdtr_offset: ArrayLike<number>
  readonly gdtr_size: { [index: number]: number }
  readonly idtr_offset: ArrayLike<number>
  readonly idtr_size: { [index: number]: number }
  readonly cr: ArrayLike<number>
  readonly dreg: ArrayLike<number>
  readonly cpl: ArrayLike<number>
  readonly protected_mode: { [index: number]: number }
  readonly previous_ip: { [index: number]: number }
  readonly in_hlt: { [index: number]: number }
  /** EFLAGS; the arithmetic flags lag behind. */
  readonly flags: { readonly [index: number]: number }
  /** Instructions executed, modulo 2^32. */
  readonly instruction_counter: { readonly [index: number]: number }
  readonly instruction_pointer: ArrayLike<number>
  /** An address in the page from which what v86 interprets was taken last: it is not looked up again. */
  readonly last_virt_eip: { [index: number]: number }
  /** Whether the code and the stack segment are of 32 bits. */
  readonly is_32: ArrayLike<number>
  readonly stack_size_32: ArrayLike<number>
  /** Four words for each physical register: mantissa (two), sign and exponent, nothing. */
  readonly fpu_st: ArrayLike<number>
  /** A bit for each physical register. */
  readonly fpu_stack_empty: ArrayLike<number>
  readonly fpu_control_word: ArrayLike<number>
  /** Four words for each register. */
  readonly reg_xmm32s: ArrayLike<number>
  readonly mxcsr: ArrayLike<number>
  readonly io: V86Io
  readonly devices: V86Devices
  /** Who answers for memory that is not RAM, by blocks of 128 KiB. */
  readonly memory_map_read8: ((address: number) => number)[]
  readonly memory_map_write8: ((address: number, value: number) => void)[]
  readonly memory_map_read32: ((address: number) => number)[]
  readonly memory_map_write32: ((address: number, value: number) => void)[]
  readonly wm: { readonly exports: V86Exports; readonly wasm_table: WebAssembly.Table }
  readonly jit_imports: Record<string, WebAssembly.ImportValue>
  /** v86 has made a module of a page of the guest's code, which lies in its memory at `address`. */
  codegen_finalize(slot: number, start: number, flags: number, address: number, length: number): void
  codegen_finalize_finished(slot: number, start: number, flags: number): void
  reboot_internal(): void
  /** Puts images into memory: at the begin, and when the machine restarts. */
  load_bios(): void
  /** Lets timer, clock and controllers do what has become due. @returns milliseconds until they want to be called again */
  run_hardware_timers(acpi: boolean, now: number): number
  reset_cpu(): void
  write_blob(bytes: Uint8Array, address: number): void
  device_raise_irq(irq: number): void
  device_lower_irq(irq: number): void
  get_state_pic(): unknown[]
  set_state_pic(state: unknown[]): void
  get_state_apic(): unknown
  set_state_apic(state: unknown): void
  get_state_ioapic(): unknown
  set_state_ioapic(state: unknown): void
}

export interface V86Exports {
  readonly memory: WebAssembly.Memory
  get_real_eip(): number
  get_eflags(): number
  /** The x87 status word, with the top of the stack. */
  fpu_load_status_word(): number
  read8(address: number): number
  read32s(address: number): number
  write8(address: number, value: number): void
  write32(address: number, value: number): void
  jit_dirty_cache(start: number, end: number): void
  instr_CD(vector: number): void
  /** `in al,dx` and `out dx,al`. */
  instr_EC(): void
  instr_EE(): void
  /** Of v86's own stack (see wasm-patches.ts). */
  readonly _stack_pointer: WebAssembly.Global
}

type Read = (this: unknown, port: number) => number
type Write = (this: unknown, value: number) => void

/** One `device` serves reads and writes of a port alike: registering one kind with another object breaks the other. */
export interface V86Io {
  readonly ports: V86PortEntry[]
  create_empty_entry(): V86PortEntry
  readonly empty_port_read8: Read
  readonly empty_port_read16: Read
  readonly empty_port_read32: Read
  readonly empty_port_write: Write
  register_read(port: number, device: object, read8?: Read, read16?: Read, read32?: Read): void
  register_write(port: number, device: object, write8?: Write, write16?: Write, write32?: Write): void
}

/** Who answers at a port; called with `device` as `this`. */
export interface V86PortEntry {
  read8: Read
  read16: Read
  read32: Read
  write8: Write
  write16: Write
  write32: Write
  device: object | undefined
}

export interface V86Devices {
  readonly pci: V86Pci
  readonly acpi: V86Acpi
  readonly rtc: V86Rtc
  readonly vga: VgaDevice &
    VgaTextDrawing &
    VgaPortsMachine['v86']['cpu']['devices']['vga'] &
    VbeMachine['v86']['cpu']['devices']['vga']
  ps2: StatefulDevice & { reset(): void }
  vmware: StatefulDevice
  fdc: StatefulDevice
  /** v86 saves all of it if there is a second channel. */
  ide: StatefulDevice & { readonly secondary?: unknown }
  readonly pit: StatefulDevice
  readonly dma: V86Dma
  readonly uart0: V86Uart
  readonly uart1?: V86Uart
  readonly uart2?: V86Uart
  readonly uart3?: V86Uart
}

export interface StatefulDevice {
  get_state(): unknown
  set_state(state: unknown): void
}

export interface V86Uart extends StatefulDevice {
  /** Line status register. */
  lsr: number
  ThrowInterrupt(kind: number): void
  readonly input: number[]
}

export interface V86Pci {
  readonly devices: (V86PciDevice | undefined)[]
  /** Configuration spaces, 64 double words each. */
  readonly device_spaces: (Int32Array | undefined)[]
  /** The address register at port 0xCF8, twice. */
  readonly pci_addr: Uint8Array
  readonly pci_addr32: Int32Array
  raise_irq(address: number): void
  lower_irq(address: number): void
  set_state(state: readonly unknown[]): void
}

export interface V86PciDevice {
  pci_id: number
  readonly name: string
}

export interface V86Acpi {
  /** PM1 control. */
  status: number
  pm1_status: number
  pm1_enable: number
  last_timer: number
  /** GPE0: two bytes of status, two of enable. */
  readonly gpe: Uint8Array
  timer(now: number): number
  get_timer(now: number): number
}

export interface V86Rtc {
  /** Called between slices of execution. @returns after how many milliseconds it is to be called again */
  timer(now: number): number
  readonly cmos_data: Uint8Array
  cmos_read(index: number): number
  cmos_write(index: number, value: number): void
}

export interface V86Dma extends StatefulDevice {
  /** Of each of eight channels: where the address is, how many bytes are left less one, whether it must not work. */
  readonly channel_addr: Uint16Array
  readonly channel_page: Uint8Array
  readonly channel_pagehi: Uint8Array
  readonly channel_count: Uint16Array
  readonly channel_count_init: Uint16Array
  readonly channel_mask: Uint8Array
  readonly channel_mode: Uint8Array
  /** Which byte of a word comes next. */
  lsb_msb_flipflop: number
  update_mask(channel: number, mask: 0 | 1): void
  /** Tells when the guest lets a channel work. */
  on_unmask(unmasked: (channel: number) => void, self: object): void
}
