/**
 * What host and worker say to each other: the one place where it is declared.
 *
 * The host calls the worker's `WorkerCalls` and gets each answer once. The worker tells the host what happens
 * (`Notice`), asks it for blocks of disks (`DiskRequest`) and whether trays may move (`TrayRequest`).
 */
import type {
  BoardConfig,
  CodeCache,
  CpuRegisters,
  CpuStatus,
  PciFunction,
  Picture,
  PictureChanges,
  PointerEvent,
  PortSize,
  TextScreen,
  TrayView,
  VmmouseMode,
} from '../board.ts'
import type { BoardErrorKind } from '../board-error.ts'
import type { BootPlace } from '../bus/guest-device.ts'
import type { DeviceShape } from '../bus/plugged-devices.ts'
import type { DriveSlot, GuestTrayMove } from '../drive-config.ts'
import type { InterruptControllers } from '../interrupt-controllers.ts'
import type { RamCopy, RamPages } from '../state/ram-pages.ts'

/** What the host can ask of the worker. */
export interface WorkerCalls {
  resume(): void
  pause(): void
  reset(): void
  wake(): void
  pressPowerButton(): void
  injectNmi(): void
  readPhysical(address: number, length: number): Uint8Array
  readVirtual(address: number, length: number): Uint8Array
  writePhysical(address: number, bytes: Uint8Array): void
  writeVirtual(address: number, bytes: Uint8Array): void
  readPages(address: number, length: number): RamPages
  writePages(address: number, length: number, pages: RamPages): void
  overwritePages(pages: RamPages): void
  changedPages(address: number, length: number): RamPages
  countChangedPages(address: number, length: number): number
  forgetPages(): void
  throttle(percentage: number): void
  copyRam(): RamCopy
  pasteRam(copy: RamCopy): void
  pageChecksums(addresses: Uint32Array): Uint32Array
  idle(): Promise<void>
  guestTime(): number
  saveDevices(): Promise<Uint8Array>
  restoreDevices(state: Uint8Array): void
  readBus(address: number, length: number): Uint8Array
  writeBus(address: number, bytes: Uint8Array): void
  watchInterrupts(): void
  setInterrupt(line: number, asserted: boolean): void
  /** @param milliseconds - of guest time, undefined for the next thing that happens @returns the guest time then */
  stepTo(milliseconds: number | undefined): Promise<number>
  readPort(port: number, size: PortSize): number
  writePort(port: number, size: PortSize, value: number): void
  setBootOrder(letters: string): void
  registers(): CpuRegisters
  cpu(): CpuStatus
  interruptControllers(): InterruptControllers
  clock(): number
  codeCache(): CodeCache
  pci(): readonly PciFunction[]
  picture(): Picture
  pictureChanges(serial: number, patience: number): PictureChanges | Promise<PictureChanges>
  text(): TextScreen | undefined
  sendKeys(scanCodes: readonly number[]): void
  keysWaiting(): number
  point(device: 'ps2' | 'vmmouse', events: readonly PointerEvent[]): void
  serialInput(port: number, bytes: Uint8Array): Promise<void>
  serialBreak(port: number): Promise<void>
  setMedium(slot: DriveSlot, medium: MediumShape | undefined, tray: TrayView): void
  resizeMedium(slot: DriveSlot, byteLength: number): void
  requestEject(slot: DriveSlot): void
  plug(device: DeviceShape): Promise<void>
  requestUnplug(key: string): void
  unplug(key: string): void
  inspect(key: string, question: unknown): unknown
  setBootPlaces(key: string, places: readonly BootPlace[]): void
  /** A declared point of injection for tests: the worker fails as if the emulator had. */
  fail(how: 'throw' | 'exit' | 'hang'): void
}

export type CallName = keyof WorkerCalls
export type CallArguments<N extends CallName> = Parameters<WorkerCalls[N]>
export type CallResult<N extends CallName> = Awaited<ReturnType<WorkerCalls[N]>>

/** A medium as the worker knows it: its bytes stay with the host. */
export interface MediumShape {
  readonly id: number
  readonly byteLength: number
  readonly readOnly: boolean
}

/** The configuration as it crosses: media become shapes. */
export interface WorkerConfig extends Omit<BoardConfig, 'drives' | 'devices'> {
  readonly devices: readonly DeviceShape[]
  readonly wasm: WebAssembly.Module
  /** Counts the pings that the worker has seen. */
  readonly heartbeats: Int32Array
  readonly drives: readonly (Omit<BoardConfig['drives'][number], 'medium'> & {
    readonly medium: MediumShape | undefined
  })[]
}

/** What decides what the emulator is before drives and devices are put into it. */
export type CoreConfig = Pick<WorkerConfig, 'wasm' | 'ramBytes' | 'serialPorts' | 'stepped' | 'bootOrder' | 'bootOnce'>

export interface WireError {
  readonly kind: BoardErrorKind
  readonly message: string
  readonly address?: number
}

export type ToWorker =
  /** A board with such a core is likely to be wanted: the first one of a thread that waits for one. */
  | { readonly type: 'prepare'; readonly config: CoreConfig }
  /** What is to be built; its core is the one that has been prepared, if one has. */
  | { readonly type: 'build'; readonly config: WorkerConfig }
  | { readonly type: 'call'; readonly id: number; readonly name: CallName; readonly args: readonly unknown[] }
  | { readonly type: 'disk'; readonly id: number; readonly data?: Uint8Array; readonly error?: string }
  | { readonly type: 'tray'; readonly id: number; readonly allowed: boolean }
  | { readonly type: 'serialDrained'; readonly port: number; readonly count: number }
  | { readonly type: 'device'; readonly key: string; readonly message: unknown }
  /** The worker is to show that it lives: see heartbeat.ts. */
  | { readonly type: 'ping' }

export type ToHost =
  | { readonly type: 'ready'; readonly threadId: number }
  | { readonly type: 'unbuildable'; readonly error: WireError }
  | { readonly type: 'answer'; readonly id: number; readonly result?: unknown; readonly error?: WireError }
  | DiskRequest
  | TrayRequest
  | Notice

export type DiskRequest = {
  readonly type: 'disk'
  readonly id: number
  readonly medium: number
} & (
  | { readonly operation: 'read' | 'peek'; readonly offset: number; readonly length: number }
  | { readonly operation: 'write'; readonly offset: number; readonly data: Uint8Array }
  | { readonly operation: 'discard'; readonly offset: number; readonly length: number }
  | { readonly operation: 'flush' }
)

/** The guest wants to move or lock a tray: the host decides. */
export interface TrayRequest {
  readonly type: 'tray'
  readonly id: number
  readonly slot: DriveSlot
  readonly move: GuestTrayMove
}

export type Notice =
  | { readonly type: 'guestReset' }
  | { readonly type: 'guestShutdown' }
  | { readonly type: 'guestSuspend'; readonly kind: 'ram' | 'disk' }
  | { readonly type: 'wakeRequested' }
  | { readonly type: 'vmmouse'; readonly mode: VmmouseMode }
  | { readonly type: 'keyboardLeds'; readonly leds: number }
  | { readonly type: 'clockSet'; readonly offsetSeconds: number }
  | { readonly type: 'crashed'; readonly message: string }
  | { readonly type: 'deviceFailed'; readonly message: string }
  | { readonly type: 'serialOutput'; readonly port: number; readonly bytes: Uint8Array }
  /** What a plugged device says to its other side; `stopped` if the guest stands still for it. */
  | { readonly type: 'device'; readonly key: string; readonly message: unknown; readonly stopped: boolean }
  /** Devices have gone. */
  | { readonly type: 'unplugged'; readonly keys: readonly string[] }
  | { readonly type: 'interruptLine'; readonly line: number; readonly asserted: boolean }
  | { readonly type: 'firmwareLog'; readonly line: string }
