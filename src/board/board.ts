import type { BootPlace, DevicePort, NewDevice, PluggedDevice } from './bus/guest-device.ts'
import type { DriveConfig, DriveSlot, GuestTrayMove, Medium } from './drive-config.ts'
import type { FirmwareFile, FirmwareItem } from './firmware/firmware-items.ts'
import type { FlashRange } from './firmware/flash-range.ts'
import type { InterruptControllers } from './interrupt-controllers.ts'
import type { Probe } from './probe.ts'
import type { RamCopy, RamPages } from './state/ram-pages.ts'

/**
 * A board is the PC without its outside: CPU, RAM, chipset, devices that the guest sees. Everything that a
 * monitor wants from it goes through this interface; everything it wants from its surroundings is in `BoardHost`.
 *
 * Two implementations pass the same suite: `v86` (a real PC in a worker thread) and `none` (a board that never
 * executes: plain memory, idle devices).
 */
export interface Board extends AsyncDisposable {
  readonly kind: 'v86' | 'none'
  readonly ramBytes: number
  /** How many bytes the BIOS has, below 4 GiB. */
  readonly biosBytes: number
  /** Flash memory that has the firmware, in place of a BIOS. */
  readonly flash: readonly FlashRange[]
  readonly state: BoardState
  /** Settles when the board can take calls that touch the guest; rejects if it could not be built. Calls before that wait. */
  readonly ready: Promise<void>

  /** Lets the CPU run. Guest time goes on where it stood. */
  resume(): Promise<void>
  /** Stops the CPU between two instructions; when it returns, guest time stands still and no device is at work. */
  pause(): Promise<void>
  /** Resets everything that a PC's reset line resets, and leaves a running board running, a paused one paused. */
  reset(): Promise<void>
  /** Presses the ACPI power button. */
  pressPowerButton(): Promise<void>
  /** Wakes the guest from S3. */
  wake(): Promise<void>
  /** Delivers a non-maskable interrupt before the next instruction; a paused board remembers one. A guest without a handler is reset. */
  injectNmi(): Promise<void>

  /** Reads at a physical address what the bus has there: RAM, ROM, zeros where nothing answers. Below 4 GiB. */
  readPhysical(address: number, length: number): Promise<Uint8Array>
  /** Reads through the guest's page tables as they are now. @throws {BoardError} kind `address`, if a page is not mapped */
  readVirtual(address: number, length: number): Promise<Uint8Array>
  /** Writes guest RAM and keeps translated code coherent. @throws {BoardError} kind `address` */
  writePhysical(address: number, bytes: Uint8Array): Promise<void>
  /**
   * Writes RAM through the guest's page tables, also pages that the guest must not write: all of it or nothing.
   *
   * @throws {BoardError} kind `address`, if a page is not mapped or not RAM
   */
  writeVirtual(address: number, bytes: Uint8Array): Promise<void>
  /** The pages in a range of RAM that hold anything but zeros; the range begins and ends at a page's border. */
  readPages(address: number, length: number): Promise<RamPages>
  /** Makes a range of RAM hold these pages and zeros elsewhere. @throws {BoardError} kind `address`, if one does not lie in it */
  writePages(address: number, length: number, pages: RamPages): Promise<void>
  /** Writes these pages over what RAM holds there. @throws {BoardError} kind `address`, if one is not a page of RAM */
  overwritePages(pages: RamPages): Promise<void>
  /**
   * The pages in a range of RAM, as of `readPages`, that differ from what this has given before: from zeros, the first
   * time. What it has given is remembered until `forgetPages()`.
   */
  changedPages(address: number, length: number): Promise<RamPages>
  /** How many pages `changedPages` would give for a range now. */
  countChangedPages(address: number, length: number): Promise<number>
  /** Forgets what `changedPages` has given. */
  forgetPages(): Promise<void>
  /** Lets the guest stand still for a part of its time, in percent, 0 to 99, while its clocks go on. */
  throttle(percentage: number): Promise<void>
  /** A copy for others like it. This board should stand still; a file behind the copy is closed by who has asked for it. */
  copyRam(): Promise<RamCopy>
  /** Makes RAM hold such a copy. @throws {BoardError} kind `address`, if it is of a larger board */
  pasteRam(copy: RamCopy): Promise<void>
  /** Others like it are likely to be built soon: lets so many of them have a thread that waits with an emulator. */
  keepSpares(count: number): void
  /** The CRC-32 of each of some pages of RAM as they are now. @throws {BoardError} kind `address`, if one is not a page of RAM */
  pageChecksums(addresses: Uint32Array): Promise<Uint32Array>
  /** Settles when no request of the guest to a medium is on its way; the board stands still. @throws {BoardError} kind `unavailable`, if it runs */
  idle(): Promise<void>
  /** How long the guest has run, in milliseconds: time that stands still while it does, and is saved with the devices. */
  guestTime(): Promise<number>
  /**
   * CPU, devices, video memory and guest time: everything but RAM and the media. The board must stand still; the call
   * waits for requests that are on their way to a medium.
   *
   * @throws {BoardError} kind `unavailable`, if the board runs
   */
  saveDevices(): Promise<Uint8Array>
  /**
   * Makes this board, which must stand still, the one whose devices were saved, in another process perhaps. RAM is brought
   * beside it, with `writePages`.
   *
   * @throws {BoardError} kind `state`, if it is not the state of such a board; kind `unavailable`, if the board runs
   */
  restoreDevices(state: Uint8Array): Promise<void>
  /** Reads an I/O port as the guest would, with what that does to the device. */
  readPort(port: number, size: PortSize): Promise<number>
  /** Writes an I/O port as the guest would. */
  writePort(port: number, size: PortSize, value: number): Promise<void>
  /** Sets from which devices the firmware boots from now on, in the letters of `bootOrder`. */
  setBootOrder(letters: string): Promise<void>
  registers(): Promise<CpuRegisters>
  cpu(): Promise<CpuStatus>
  /** The controllers between devices and CPU, as they are now. */
  interruptControllers(): Promise<InterruptControllers>
  /** What the guest's clock shows, in milliseconds since the epoch, whole seconds. Looking at it changes nothing. */
  clock(): Promise<number>
  /** What the processor has translated of the guest's code; undefined if it never translates. */
  codeCache(): Promise<CodeCache | undefined>
  /** The functions on the PCI bus, as their configuration spaces describe them now, in the order of their addresses. */
  pci(): Promise<readonly PciFunction[]>

  /** For tests of devices. */
  readonly probe: Probe
  readonly screen: Screen
  readonly keyboard: Keyboard
  readonly pointers: Pointers
  /** COM1 to COM4, as many as the configuration asked for. */
  readonly serial: readonly SerialPort[]

  /**
   * Puts a medium into a removable drive, or takes it out (`undefined`): the guest sees the change. A medium in an open
   * tray cannot be read, so it counts as taken out.
   */
  setMedium(slot: DriveSlot, medium: Medium | undefined, tray?: TrayView): Promise<void>
  /** Says that the medium in a drive has another size now; the guest sees it when it asks the drive who it is. */
  resizeMedium(slot: DriveSlot, byteLength: number): Promise<void>
  /** Tells the guest that somebody presses the eject button of a drive; what follows is up to the guest. */
  requestEject(slot: DriveSlot): Promise<void>

  /**
   * Plugs in a device that the board knows.
   *
   * @throws {BoardError} kind `configuration`, if this board cannot carry it, or has one of that name
   */
  plug(device: NewDevice, port: DevicePort): Promise<PluggedDevice>
  /**
   * Asks the guest to let go of a device on the PCI bus, with what else is in its slot; `closed()` of their ports tells
   * when they have gone. The guest may let go of any device of its own accord, and a reset takes out what was to go.
   *
   * @throws {BoardError} kind `configuration`, if there is no such device, or it is on another bus
   */
  requestUnplug(key: string): Promise<void>
  /** Takes a device out at once, whatever the guest is doing with it; its port is closed. @throws {BoardError} kind `configuration` */
  unplug(key: string): Promise<void>
  /** What the firmware can boot from, of a device, from the next reset on; nothing, if it has gone. */
  setBootPlaces(key: string, places: readonly BootPlace[]): Promise<void>
  /**
   * What a device tells of its own state; which questions there are is up to its model. The guest notices nothing.
   *
   * @throws {BoardError} kind `configuration`, if there is no such device, or it tells nothing
   */
  inspect(key: string, question: unknown): Promise<unknown>
  /** A device that has been plugged in, or was there from the start. @throws {BoardError} kind `configuration` */
  plugged(key: string): PluggedDevice

  /** Ends the board; pending calls are rejected with `reason`. Later callers join the first. */
  close(reason?: Error): Promise<void>
}

/** What a guest finds of the tray of its drive. */
export interface TrayView {
  readonly open: boolean
  /** The guest has moved the tray itself, or was reset: no new medium is announced. */
  readonly expected?: boolean
}

export type BoardState = 'building' | 'paused' | 'running' | 'crashed' | 'closed'

/** What the board tells its surroundings. No call may throw. */
export interface BoardHost {
  /** The guest asked for a reset (keyboard controller, 0xCF9, triple fault, ...). The board stands still until it is reset or resumed. */
  guestReset(): void
  /** The guest switched the power off. The board stands still. */
  guestShutdown(): void
  /** The guest went to sleep (S3) or wants to hibernate (S4). The board stands still. */
  guestSuspend(kind: 'ram' | 'disk'): void
  /** The guest has set its clock: by how many seconds it goes before the host's, in UTC. */
  clockSet(offsetSeconds: number): void
  /** The emulator itself failed: the guest cannot go on without a reset, perhaps not even then. */
  crashed(error: Error): void
  /** A device has failed to serve the guest, which read all ones or wrote nothing; told once for each reason. */
  deviceFailed?(message: string): void
  /** Bytes that the guest sent through a serial port. Back-pressure: the port stalls until the promise settles. */
  serialOutput(port: number, bytes: Uint8Array): Promise<void> | void
  /** A key or a button has been used that would wake the guest if it slept; told only while the board stands still. */
  wakeRequested(): void
  /** The guest has begun to listen to VMware's mouse, asks it for coordinates of another kind, or has ceased to listen. */
  vmmouse(mode: VmmouseMode): void
  /** Which lamps of the keyboard the guest wants lit, when that changes: Scroll Lock, Num Lock and Caps Lock are bits 0, 1 and 2. */
  keyboardLeds?(leds: number): void
  /**
   * The guest moves or locks the tray of a drive, and waits. Settles with whether it may, after `setMedium()` has shown
   * what follows from it. Without this, the guest may not.
   */
  guestTray?(slot: DriveSlot, move: GuestTrayMove): Promise<boolean>
  /** An interrupt line, 0 to 15, rises or falls; told only if `Probe.watchInterrupts` was called. */
  interruptLine?(line: number, asserted: boolean): void
  /** Firmware log (port 0x402), a line at a time; only if the configuration asked for it. */
  firmwareLog?(line: string): void
}

export interface BoardConfig {
  /** Guest RAM in bytes: a multiple of 1 MiB, at most 2040 MiB. */
  readonly ramBytes: number
  /** System and video BIOS images. */
  readonly firmware: { readonly bios: Uint8Array; readonly vgaBios: Uint8Array | undefined }
  /** Where devices have the firmware as flash memory; the BIOS is what is seen of it below 1 MiB then. */
  readonly flash?: readonly FlashRange[]
  /**
   * A kernel that is started without a boot loader (-kernel, -initrd, -append): an option ROM that starts it, and what
   * that finds in the firmware configuration device; see `directBoot()`.
   */
  readonly kernel?: {
    readonly rom: { readonly name: string; readonly image: Uint8Array }
    readonly items: readonly FirmwareItem[]
  }
  /** The machine's UUID: 16 bytes. */
  readonly uuid?: Uint8Array
  /** Files of the firmware configuration device, beside those that describe the board. */
  readonly firmwareFiles?: readonly FirmwareFile[]
  /** ACPI tables that the firmware adds to its own. */
  readonly acpiTables?: readonly Uint8Array[]
  /** Devices in the order in which the BIOS tries them (`-boot order=`): a = floppy, c = disk, d = CD, n = network. */
  readonly bootOrder: string
  /** The order until the first reset, if it differs (`-boot once=`). */
  readonly bootOnce?: string
  /** Floppies boot without a signature in their first sector. */
  readonly bootsAnyFloppy?: boolean
  /** How long the firmware waits before it starts again when nothing could be booted; for ever, if absent. */
  readonly bootFailWaitMs?: number
  readonly bootMenu?: { readonly enabled: boolean; readonly timeoutMs?: number }
  /** The drives that the board has; a removable one may be empty. */
  readonly drives: readonly DriveConfig[]
  /** Devices beside those that every PC has: they are there when the guest first runs. */
  readonly devices?: readonly ConfiguredDevice[]
  /** How many UARTs, 0 to 4. */
  readonly serialPorts: number
  /** Whether one of the devices is a parallel port at 378h, as the guest is told. */
  readonly parallelPort?: boolean
  /** Numbers of those UARTs that are not there, 0 to 3. */
  readonly absentSerialPorts?: readonly number[]
  readonly vga: boolean
  /** What is special about the VGA card, if anything is. */
  readonly videoCard?: VideoCard
  /** The firmware is to use COM1 as its console, as well as the screen (-nographic). */
  readonly serialConsole?: boolean
  /** VMware's backdoor port, and the mouse behind it; there unless this is false. */
  readonly vmport?: boolean
  /** Power management and the ACPI tables that tell of it; there unless this is false. */
  readonly acpi?: boolean
  /** Guest clock at start, in milliseconds since the epoch; undefined: the host's UTC. */
  readonly rtcBase?: number
  /** The first state that it takes does not change that. */
  readonly rtcSteps?: true
  /** Whether the guest's clock stands still while the guest does (`-rtc clock=vm`), or goes with the host's. */
  readonly rtcStops?: boolean
  readonly logFirmware?: boolean
  /** The CPU never executes, and guest time goes only as `Probe.time` is told. */
  readonly stepped?: boolean
}

/** A device, and what is behind it. */
export interface ConfiguredDevice {
  readonly device: NewDevice
  readonly port: DevicePort
}

/** What can differ between VGA cards. */
export interface VideoCard {
  /** Its name on the PCI bus. */
  readonly id?: string | undefined
  /** Where on the PCI bus it is; 2 unless said otherwise. */
  readonly slot?: number
  /** The size in dots that its monitor prefers, or that it has no monitor that says so. */
  readonly monitor?: MonitorSize | 'none'
}

export interface MonitorSize {
  readonly width: number
  readonly height: number
}

/** How many bytes an instruction moves through a port. */
export type PortSize = 1 | 2 | 4

export interface Screen {
  /** The picture as it is now. @throws {BoardError} kind `unavailable`, if the board has no VGA */
  capture(): Promise<Picture>
  /**
   * What has changed in the picture since the state that `serial` names; 0 names none, and gives all of it.
   *
   * @param patience - for how many milliseconds the board may wait until something has changed, if nothing has; 0 if absent
   */
  changes(serial: number, patience?: number): Promise<PictureChanges>
  /** What a text mode shows; undefined in graphics modes, and while the screen is blank. */
  text(): Promise<TextScreen | undefined>
}

/** Pixels in rows from the top, 3 bytes each: red, green, blue. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgb: Uint8Array
}

/** A part of a picture. */
export interface PictureRectangle extends Picture {
  readonly x: number
  readonly y: number
}

/** What a viewer has to paint to see the picture as it is now. */
export interface PictureChanges {
  /** Names this state of the picture: the next question is what has changed since. */
  readonly serial: number
  readonly width: number
  readonly height: number
  /** The viewer's picture has another size, or it has none: the one rectangle is all of it. */
  readonly whole: boolean
  readonly rectangles: readonly PictureRectangle[]
}

export interface TextScreen {
  readonly columns: number
  readonly rows: number
  /** Characters as Unicode (code page 437), one string a row, `columns` long. */
  readonly lines: readonly string[]
  /** VGA attribute bytes, row by row. */
  readonly attributes: Uint8Array
  readonly cursor: { readonly row: number; readonly column: number; readonly visible: boolean }
}

export interface Keyboard {
  /** Puts bytes of scan code set 1 (release = bit 7, 0xE0 prefix) into the keyboard's queue, in order. */
  send(scanCodes: readonly number[]): Promise<void>
  /** How much of what was sent the guest has not taken yet: bytes, and keys in the BIOS's buffer while that is filled. */
  waiting(): Promise<number>
}

export type PointerButton =
  | 'left'
  | 'middle'
  | 'right'
  | 'wheel-up'
  | 'wheel-down'
  | 'side'
  | 'extra'
  | 'wheel-left'
  | 'wheel-right'

/** What is done with a pointing device: moved by or to, in 32 bits; a turn of a wheel is a press of a button. */
export type PointerEvent =
  | { readonly type: 'rel' | 'abs'; readonly axis: 'x' | 'y'; readonly value: number }
  | { readonly type: 'btn'; readonly button: PointerButton; readonly down: boolean }

/** The pointing devices. What is given together, the guest gets as one report, if it has switched the device on. */
export interface Pointers {
  ps2(events: readonly PointerEvent[]): Promise<void>
  /** VMware's; coordinates of the screen are 0 to 32767. */
  vmmouse(events: readonly PointerEvent[]): Promise<void>
}

/** What a guest asks of VMware's mouse: nothing, movements, or coordinates of the screen. */
export type VmmouseMode = 'relative' | 'absolute' | undefined

export interface SerialPort {
  /** Feeds bytes to the guest; settles when the port has room for more. */
  write(bytes: Uint8Array): Promise<void>
  /** Lets the guest see a break behind these bytes; settles when the port has it. */
  break(): Promise<void>
}

export interface CpuStatus {
  readonly index: number
  /** Linear address of the next instruction. */
  readonly pc: number
  readonly halted: boolean
  /** The operating system's number of the thread that runs the CPU. */
  readonly threadId: number
}

/** Guest code that the processor has translated since the board was built. */
export interface CodeCache {
  /** WebAssembly modules: each has a page of code, or a part of one. */
  readonly modules: number
  /** Their size together. */
  readonly bytes: number
}

export interface SegmentRegister {
  readonly selector: number
  readonly base: number
  /** The last byte that may be accessed; in bytes, whatever the granularity. */
  readonly limit: number
  /** Bits 8 to 23 of the descriptor's second word, as `info registers` prints them. */
  readonly flags: number
}

/** x87: registers by their physical numbers, not by their place on the stack. */
export interface FpuRegisters {
  readonly controlWord: number
  /** With the top of the stack in bits 11 to 13. */
  readonly statusWord: number
  /** A bit for each physical register that holds something (the short form of FXSAVE). */
  readonly tags: number
  /** 64 bits of mantissa, also an MMX register; sign and exponent. */
  readonly registers: readonly { readonly mantissa: bigint; readonly exponent: number }[]
}

/** All registers that programs and debuggers know of a 32-bit CPU. */
export interface CpuRegisters {
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
  readonly esi: number
  readonly edi: number
  readonly ebp: number
  readonly esp: number
  readonly eip: number
  readonly eflags: number
  readonly cpl: number
  readonly halted: boolean
  readonly segments: Readonly<Record<'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs' | 'ldt' | 'tr', SegmentRegister>>
  readonly gdt: { readonly base: number; readonly limit: number }
  readonly idt: { readonly base: number; readonly limit: number }
  readonly cr0: number
  readonly cr2: number
  readonly cr3: number
  readonly cr4: number
  readonly dr: readonly number[]
  readonly efer: number
  readonly fpu: FpuRegisters
  readonly mxcsr: number
  /** XMM0 to XMM7: 128 bits each. */
  readonly xmm: readonly bigint[]
}

export interface PciFunction {
  /** The name that it was given. */
  readonly id?: string
  readonly slot: number
  readonly function: number
  readonly vendorId: number
  readonly deviceId: number
  readonly subsystemVendorId: number
  readonly subsystemId: number
  /** Base class (high byte) and subclass. */
  readonly classCode: number
  /** 0: none; 1 = INTA# ... 4 = INTD#. */
  readonly interruptPin: number
  /** What firmware or guest wrote into the interrupt line register. */
  readonly interruptLine: number
  /** The guest lets it reach memory by itself. */
  readonly busMaster: boolean
  /** Where ports answer that a register of its own places; undefined while none do. */
  readonly ownPorts?: number | undefined
  readonly regions: readonly PciRegion[]
}

export interface PciRegion {
  /** Base address register 0 to 5, or 6 for the expansion ROM. */
  readonly bar: number
  readonly kind: 'io' | 'memory'
  readonly size: number
  readonly prefetchable: boolean
  /** Its address has 64 bits. */
  readonly wide?: boolean
  /** Where it answers; undefined while it does not. */
  readonly address: number | undefined
}
