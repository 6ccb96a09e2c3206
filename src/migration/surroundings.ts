import type { EmitOf } from '../qapi/index.ts'
import type { Duplex, SecureStream } from '../transport/index.ts'
import type { migrationEvents } from './events.ts'
import type { BitmapPart } from './stream/bitmap-section.ts'
import type { DiskDescription, DiskPart } from './stream/disk-section.ts'
import type { Pages } from './stream/ram-section.ts'

/** What migrations ask of the board. */
export interface MigratedBoard {
  readonly kind: string
  readonly ramBytes: number
  changedPages(address: number, length: number): Promise<Pages>
  countChangedPages(address: number, length: number): Promise<number>
  forgetPages(): Promise<void>
  throttle(percentage: number): Promise<void>
  readPages(address: number, length: number): Promise<Pages>
  writePages(address: number, length: number, pages: Pages): Promise<void>
  overwritePages(pages: Pages): Promise<void>
  saveDevices(): Promise<Uint8Array>
  restoreDevices(state: Uint8Array): Promise<void>
}

/** What snapshots ask of the board. */
export interface SnapshotBoard extends MigratedBoard {
  /** Settles when no request of the guest is on its way. */
  idle(): Promise<void>
  /** Milliseconds that the guest has run. */
  guestTime(): Promise<number>
}

/** What migrations ask of run control. */
export interface MigratedGuest {
  readonly state: string
  readonly running: boolean
  /** Stops the guest for the last pass; tells what the run state was. */
  beginHandover(): Promise<string>
  /** The other side has the guest. */
  endHandover(): Promise<void>
  /** The other side has not: a guest that ran goes on. */
  abandonHandover(): Promise<void>
  /** The guest has come: it goes on as it did at the other side, unless it is to wait for `cont`. */
  takeOver(state: string): Promise<void>
  /** The guest cannot come any more. */
  exit(status: number): void
}

/** What migrations ask of the images. */
export interface MigratedDisks {
  /** Puts everything that was written on the disk, and lets others write. */
  handOver(): Promise<void>
  /** Keeps others from writing again. @throws if somebody else has an image */
  takeBack(): Promise<void>
  /**
   * The contents of all disks that can be written, to be sent.
   *
   * @param options.incremental - without what only the images behind theirs hold
   */
  leave(options: { readonly incremental: boolean }): Promise<readonly LeavingDisk[]>
  /** Disks into which others are to come; nobody else has them meanwhile. @throws if there are no such ones */
  arrive(disks: readonly DiskDescription[]): Promise<readonly ArrivingDisk[]>
}

/** The contents of a disk that are sent while the guest writes them. */
export interface LeavingDisk extends DiskDescription, AsyncDisposable {
  /** Bytes that have been gone through, from the beginning on; all of them when `next()` begins to give changes. */
  readonly passedBytes: number
  /** Bytes that are to be sent, as far as is known. */
  readonly unsentBytes: number
  /** The next part that is to be sent. @returns undefined, if there is nothing for the moment */
  next(most: number): Promise<DiskPart | undefined>
}

/** A disk into which the contents of another one come. */
export interface ArrivingDisk extends AsyncDisposable {
  put(part: DiskPart): Promise<void>
  flush(): Promise<void>
}

/** What migrations ask of the guest's connections with others that are this process's. */
export interface MigratedConnections {
  /** Takes them out of their networks: nothing comes and goes. @param passing - whether sockets can go along */
  takeOut(passing: boolean): LeavingConnections
  /**
   * Looks at one that has come.
   *
   * @param descriptor - its socket, which belongs to the result
   * @returns undefined, if it is none; the descriptor is closed then
   */
  come(contents: Uint8Array, descriptor: number | undefined): ArrivingConnection | undefined
}

/** Connections that leave. */
export interface LeavingConnections {
  readonly list: readonly { readonly contents: Uint8Array; readonly descriptor: number | undefined }[]
  /** They stay after all. */
  takeBack(): void
  /** Another process has the guest. @param passed - whether it has the sockets that were to go along */
  handOver(passed: boolean): void
}

/** A connection that comes. */
export interface ArrivingConnection {
  /** The guest is here. */
  join(): void
  /** It is not to come after all. */
  drop(): void
}

/** What migrations ask of dirty bitmaps. */
export interface MigratedBitmaps {
  /**
   * All that users can name.
   *
   * @param options.byDrive - nodes go by the name of the drive that holds them, where it has one
   */
  leave(options: { readonly byDrive: boolean }): readonly BitmapsOfNode[]
  /** A node to which some come. @throws if there is none of that name */
  arrive(place: { readonly nodeName: string; readonly drive?: string }): ArrivingNode
}

/** Dirty bitmaps of a node that users can name, at least one. */
export interface BitmapsOfNode {
  readonly name: string
  readonly bitmaps: readonly LeavingBitmap[]
}

/** A dirty bitmap that may be sent. */
export interface LeavingBitmap {
  readonly name: string
  readonly granularity: number
  /** Of the image. */
  readonly byteLength: number
  readonly recording: boolean
  readonly persistent: boolean
  /** @throws if it cannot be used */
  check(): void
  /** It is in use from now on, and goes on recording; the image does not keep it. */
  begin(): void
  /** @param handedOver - whether the other side has it: the image here does not keep it, until it is taken back */
  end(handedOver: boolean): void
  /** Its bits, but for long stretches of zeros. @param byteLength - how much of the image counts */
  parts(byteLength: number): Iterable<BitmapPart>
}

/** A node to which dirty bitmaps come. */
export interface ArrivingNode {
  readonly name: string
  readonly byteLength: number
  /** Makes one that is in use until it has everything. @throws if the node has such a one, or cannot have it */
  add(bitmap: { readonly name: string; readonly granularity: number; readonly persistent: boolean }): ArrivingBitmap
}

/** A dirty bitmap that comes. */
export interface ArrivingBitmap {
  put(offset: number, bytes: Uint8Array): void
  /** It has everything. @param recording - whether it records writes from now on */
  finish(recording: boolean): void
  /** It is not to come after all. */
  drop(): void
}

/** Speaks TLS over a stream from now on. @throws {TransportError} `tls`, in QEMU's words */
export type Secure = (plain: Duplex) => Promise<SecureStream>

/** Finds what streams are secured with. @throws {TransportError} `tls`, in QEMU's words, if it is not there */
export interface MigrationSecuring {
  securingClient(id: string, hostname?: string): Secure
  securingServer(id: string, authz?: string): Secure
}

export interface MigrationSurroundings {
  readonly securing: MigrationSecuring
  readonly board: MigratedBoard
  readonly guest: MigratedGuest
  readonly disks: MigratedDisks
  readonly bitmaps: MigratedBitmaps
  readonly connections: MigratedConnections
  /** Why the machine cannot be sent or saved for now, in QEMU's words: the newest reason is the last. */
  readonly blockers: () => readonly string[]
  readonly emit: EmitOf<typeof migrationEvents>
  /** Bytes of all memory that a guest can have in its address space. */
  readonly memoryBytes: () => Promise<number>
  readonly uuid: string | undefined
  /** Hears of a way whose connection can be broken at once; the result hears of its end. */
  readonly yankable: (yank: () => void) => () => void
  /** Hears what a user should know. */
  readonly complain: (text: string) => void
}
