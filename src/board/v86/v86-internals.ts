/**
 * What the board uses of v86 behind its public face, by v86's own names (0.5.462, pinned). Each patch has a test that
 * fails when v86 changes under it.
 */
import type { VbeMachine } from './vbe-virtual-width.ts'
import type { VgaDevice } from './vga-device.ts'
import type { VgaPortsMachine } from './vga-ports.ts'

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
  readonly sreg: ArrayLike<number>
  readonly segment_offsets: ArrayLike<number>
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
  readonly protected_mode: ArrayLike<number>
  readonly previous_ip: { [index: number]: number }
  readonly in_hlt: { [index: number]: number }
  /** EFLAGS; the arithmetic flags lag behind. */
  readonly flags: { readonly [index: number]: number }
  /** Instructions executed, modulo 2^32. */
  readonly instruction_counter: { readonly [index: number]: number }
  readonly instruction_pointer: ArrayLike<number>
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
  /** Files of the firmware configuration device. */
  readonly option_roms: { name: string; data: Uint8Array }[]
  readonly io: V86Io
  readonly devices: V86Devices
  /** Who answers for memory that is not RAM, by blocks of 128 KiB. */
  readonly memory_map_read8: ((address: number) => number)[]
  readonly memory_map_write8: ((address: number, value: number) => void)[]
  readonly memory_map_read32: ((address: number) => number)[]
  readonly memory_map_write32: ((address: number, value: number) => void)[]
  readonly bios: { vga: ArrayBuffer | undefined }
  readonly wm: { readonly exports: V86Exports; readonly wasm_table: WebAssembly.Table }
  readonly jit_imports: Record<string, WebAssembly.ImportValue>
  /** v86 has made a module of a page of the guest's code, which lies in its memory at `address`. */
  codegen_finalize(slot: number, start: number, flags: number, address: number, length: number): void
  codegen_finalize_finished(slot: number, start: number, flags: number): void
  reboot_internal(): void
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
}

type Read = (this: unknown, port: number) => number
type Write = (this: unknown, value: number) => void

/** One `device` serves reads and writes of a port alike: registering one kind with another object breaks the other. */
export interface V86Io {
  readonly ports: V86PortEntry[]
  create_empty_entry(): V86PortEntry
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
  readonly vga: VgaDevice & VgaPortsMachine['v86']['cpu']['devices']['vga'] & VbeMachine['v86']['cpu']['devices']['vga']
  ps2: StatefulDevice & { reset(): void }
  vmware: StatefulDevice
  readonly fdc: { readonly drives: readonly V86FloppyDrive[] } & StatefulDevice
  ide: V86Ide
  cdrom: V86IdeInterface
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
  rtc_time: number
  readonly cmos_index: number
  readonly cmos_b: number
  /** Brings `rtc_time` up to now. */
  timer(now: number): number
  last_update: number
  readonly cmos_data: Uint8Array
  cmos_read(index: number): number
  cmos_write(index: number, value: number): void
}

export interface V86Dma extends StatefulDevice {
  /** Moves what the channel is programmed for from a disk to memory; `done` hears whether that failed. */
  do_read: DmaTransfer
  do_write: DmaTransfer
}

export type DmaTransfer = (
  disk: V86Disk,
  start: number,
  length: number,
  channel: number,
  done: (failed: boolean) => void,
) => void

export interface V86FloppyDrive {
  drive_type: number
  curr_track: number
  readonly buffer: V86Disk | null
  /** @returns 0 or 1 if the head is there, and has not or has moved; 2 and 3 if there is no such track or sector */
  seek(head: number, track: number, sector: number): number
  insert_disk(disk: V86Disk, readOnly: boolean): boolean
  eject_disk(): void
}

export interface V86Ide {
  readonly bus: V86Bus
  readonly primary?: V86IdeChannel
  readonly secondary?: V86IdeChannel
}

export type V86IdeUnit = { is_cdrom?: boolean; buffer?: V86Disk } | undefined
export type V86IdeConstructor = new (cpu: V86Cpu, bus: V86Bus, channels: V86IdeUnit[][]) => V86Ide

export interface V86IdeChannel extends StatefulDevice {
  readonly master: V86IdeInterface
  readonly slave: V86IdeInterface
  dma_status: number
  /** Where the table of memory regions is. */
  readonly prdt_addr: number
  dma_command: number
  device_control_reg: number
}

export interface V86IdeInterface {
  readonly channel: V86IdeChannel
  readonly cpu: V86Cpu
  readonly channel_nr: number
  readonly interface_nr: number
  readonly is_atapi: boolean
  readonly drive_connected: boolean
  readonly data16: Uint16Array
  readonly data: Uint8Array
  readonly data_length: number
  data_end: number
  data_pointer: number
  readonly write_dest: number
  readonly in_progress_io_ids: Map<number, AbortController>
  readonly cancelled_io_ids: Set<number>
  buffer: V86Disk | null
  last_io_id: number
  current_command: number
  status_reg: number
  error_reg: number
  sector_count_reg: number
  sector_count: number
  readonly sector_size: number
  lba_mid_reg: number
  lba_high_reg: number
  current_atapi_command: number
  /** 2 after a change of media, 1 when the guest has heard that there was none, 0 when it has heard of the new one. */
  medium_changed: number
  ata_command(command: number): void
  ata_advance(command: number, sectors: number): void
  ata_read_sectors(command: number): void
  ata_read_sectors_dma(command: number): void
  ata_write_sectors(command: number): void
  ata_write_sectors_dma(command: number): void
  atapi_handle(): void
  atapi_check_condition_response(senseKey: number, additionalSense: number): void
  create_identify_packet(): void
  data_allocate(length: number): void
  device_reset(): void
  do_write(): void
  do_ata_read_sectors_dma(): void
  do_ata_write_sectors_dma(): void
  do_atapi_dma(): void
  eject(): void
  get_count(lba48: boolean): number
  get_lba(lba48: boolean): number
  push_irq(): void
  read_buffer(start: number, length: number, callback: (data: Uint8Array) => void): void
  report_write(bytes: number): void
  set_cdrom(disk: V86Disk): void
}

/** What v86 asks of a disk. Callbacks come later, never inside the call. */
export interface V86Disk {
  byteLength: number
  onload?: (event: object) => void
  load(): void
  get(
    offset: number,
    length: number,
    done: (data: Uint8Array, error?: Error) => void,
    options?: { signal?: AbortSignal },
  ): void
  set(offset: number, data: Uint8Array, done: (error?: Error) => void): void
  flush(done: (error?: Error) => void): void
  /** Reads ahead what `get_from_cache` is to return: the first sector of a hard disk. */
  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void
  get_from_cache(offset: number, length: number): Uint8Array | undefined
  get_buffer(done: (buffer?: ArrayBuffer) => void): void
  get_state(): unknown
  set_state(state: unknown): void
}
