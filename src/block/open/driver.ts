import type { FileSource } from '../../descriptors/index.ts'
import type { Duplex, SecureStream } from '../../transport/index.ts'
import type { NodeBitmaps } from '../bitmaps/index.ts'
import type { Access } from '../graph/access.ts'
import type { DebugEvent } from '../graph/debug-events.ts'
import type { BlockNode } from '../graph/node.ts'
import type { ThrottleGroups } from '../throttling/throttle-groups.ts'
import type { CreateRequest, Maker, Measurement, MeasureRequest } from './create-request.ts'
import type { OptionBag, OptionValue, OptionValues } from './option-bag.ts'

export interface RequestOptions {
  /**
   * Gives the request up. One that still waits in our queues is dropped; one that has reached the host runs to its end,
   * because its buffer is in use until then, and settles as if there were no signal.
   */
  readonly signal?: AbortSignal
}

/** A request that changes what a node holds. */
export interface ChangeOptions extends RequestOptions {
  /** It writes what the node shows there already: who makes it need have asked for `write-unchanged` alone. */
  readonly unchanged?: boolean
}

/** How a node treats the host's caches. */
export interface CacheMode {
  /** Around the host's page cache. */
  readonly direct: boolean
  /** Flushes bring everything to the host, and not to its disk: fast, and unsafe if the host dies. */
  readonly noFlush: boolean
}

/** The default: through the host's page cache, flushes reach the disk. */
export const writeback: CacheMode = { direct: false, noFlush: false }

/** What a driver knows of its image beyond its length. */
export interface ImageDetails {
  /** Bytes that the image takes on its storage. */
  readonly actualSize?: number
  /** False if the image was closed cleanly; undefined for storage that has no such notion. */
  readonly dirty?: boolean
  readonly clusterSize?: number
  /** What is on its storage is encrypted. */
  readonly encrypted?: boolean
  /** The backing file as the image itself names it, whatever was opened in its place. */
  readonly backingFilename?: string
  readonly backingFormat?: string
  /** Where the machine's state begins in snapshots, in bytes behind what the guest sees. Default: 0. */
  readonly vmStateOffset?: number
  /** What only this format has, as QAPI's ImageInfoSpecific shows it. */
  readonly formatSpecific?: NestedOptions
}

/** What is known of a range without reading it: one answer for `length` bytes from the offset that was asked for. */
export interface BlockStatus {
  /** At least 1, at most what was asked for. */
  readonly length: number
  /** This node decides what the range holds; if not, the node behind it does. */
  readonly allocated: boolean
  /** The bytes are stored. */
  readonly data: boolean
  /** The bytes read as zeroes. */
  readonly zero: boolean
  /** Where the bytes lie in the node below, if they lie there as they are. */
  readonly offset?: number
  /** The node below that `offset` is in. Default: the data file, else the file. */
  readonly in?: BlockNode
  /** They lie there deflated. */
  readonly compressed?: boolean
}

export interface WriteOptions extends ChangeOptions {
  /** The write may lie behind the end: the image grows. Who writes so must also have asked to resize. */
  readonly grow?: boolean
}

export interface ZeroesOptions extends ChangeOptions {
  /** The image need not keep the space. */
  readonly unmap?: boolean
  /** Fail, with the code ENOTSUP, where it would take as long as to write the zeroes. */
  readonly fast?: boolean
}

/** What requests a driver serves; its node makes others fit. */
export interface DriverLimits {
  /** Offsets and lengths are multiples of this. Default: 1. */
  readonly alignment?: number
  /** The most bytes that one request moves. Default: any number. */
  readonly maxTransfer?: number
}

/**
 * One way to keep bytes: a protocol (reaches storage) or a format (gives structure to the bytes of another node).
 *
 * A driver may rely on its node: requests lie inside `length`, none comes after `close()`, and `close()` comes when no
 * request is under way. Failures are BlockErrors.
 */
export interface Driver {
  /** QEMU's name: `file`, `raw`, ... */
  readonly name: string
  /** A file name that alone would open the same thing; undefined if there is none. */
  readonly filename: string | undefined
  /** In bytes, a multiple of 512. */
  readonly length: number
  /** The nodes below, by role. */
  readonly children: ReadonlyMap<ChildRole, BlockNode>
  readonly limits?: DriverLimits
  /** Whether a write behind the end makes it longer, as with a file. */
  readonly grows?: boolean
  /** Whether it shows the bytes of its `file`, or of its `backing`, as they are. */
  readonly filters?: boolean
  /** Whether it is there for a job, and users have not asked to see it: they are shown what is below. */
  readonly implicit?: boolean
  /** Every option that it takes to open the same thing. */
  fullOptions(): NestedOptions

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void>
  /** The bytes must stay as they are until the promise settles. */
  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void>
  /** Settles when everything whose write has settled before is on stable storage. */
  flush(options?: RequestOptions): Promise<void>
  truncate(length: number, options?: RequestOptions): Promise<void>
  details(): Promise<ImageDetails>
  /** Makes a range read as zeroes. Without it the node writes zeroes. */
  writeZeroes?(offset: number, length: number, options?: ZeroesOptions): Promise<void>
  /** Gives a range its place, where it has none; it reads as zeroes. Without it places come with what is written. */
  preallocate?(offset: number, length: number): Promise<void>
  /** Nobody needs the range any more; what it reads as from now on is undefined. Without it nothing happens. */
  discard?(offset: number, length: number, options?: RequestOptions): Promise<void>
  /** What a range holds, as an object that is the caller's. Without it everything is data. */
  status?(offset: number, length: number): Promise<BlockStatus>
  /** Takes another node as child, or none, while nothing runs. Without it the children stay as they are. */
  setChild?(role: ChildRole, child: BlockNode | undefined): void
  /** Whether its file name opens it, though there is a node below. */
  readonly opensByName?: boolean
  /** What options call a child, where that is not its role. */
  readonly childNames?: Readonly<Partial<Record<ChildRole, string>>>
  /** Whether an image can be behind it, which shows where it holds nothing itself. */
  readonly takesBacking?: boolean
  /** Whether `setChild()` takes another `file`. */
  readonly changesFile?: boolean
  /**
   * Takes the options out that can change while it is open, and checks them; the result makes them hold, and returns
   * what takes that back. Without it none can change.
   *
   * @throws {BlockError} if they are wrong
   */
  takeChanges?(options: OptionBag, throttleGroups: ThrottleGroups): () => () => void
  /** Those of them that have their default again if they are not said again. */
  readonly resettable?: readonly string[]
  /** Brings what memory holds into the nodes below. Without it memory holds nothing. */
  settle?(): Promise<void>
  /** As `settle()`, when somebody else is to write the image. Without it, `settle()` is all that has to be done. */
  handOver?(): Promise<void>
  /** Somebody else has written the image: what memory has of it is taken anew when it is used next. Without it memory has nothing. */
  distrust?(): void
  /** Is written from now on, or no more. Without it that makes no difference. @throws {BlockError} if it cannot be written */
  setReadOnly?(readOnly: boolean): Promise<void>
  /** Goes that way to what it stores on, while no request runs; `limits` may change. @throws {BlockError}, nothing has changed then */
  setCache?(cache: CacheMode): Promise<void>

  /** Compares what the image says of itself with what is there. Without it there is nothing to check. */
  check?(options?: CheckOptions): Promise<CheckResult>
  /** What the image waits for before anything of it can be read or written. Without it there is nothing to wait for. */
  readonly lock?: KeyLock | undefined
  /** The node's dirty bitmaps, if the image can keep some. Without it they end with the node. */
  readonly bitmaps?: NodeBitmaps
  /** Internal snapshots. Without it the format has none. */
  readonly snapshots?: Snapshots | undefined
  /** Writes whole clusters in little space, where nothing has been written. Without it they are written as they are. */
  writeCompressed?(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void>
  /** Why `writeCompressed()` always fails on this image, though the format can do it. Without it nothing is in the way. */
  readonly compressionRefusal?: string | undefined
  /** Writes into the image which backing file it has; what is open stays open. Without it images have none. */
  nameBacking?(backing: NamedChild | undefined): Promise<void>

  /** Gives the image other features. Without it they stay. @throws {BlockError} in QEMU's words */
  amend?(request: AmendRequest): Promise<void>
  /** How many are about to amend it, or have not ended that: meanwhile it wants its file alone. */
  amendments?: number

  /** Gives everything back that this image itself holds: what is behind it shows. Without it images have nothing behind them. */
  empty?(): Promise<void>

  /** Hears of a step of the node above: the request that belongs to it comes next. Only filters for tests listen. */
  debugEvent?(event: DebugEvent): void
  /** Lets requests stop at steps. Only filters for tests have that. */
  readonly breakpoints?: Breakpoints
  /** Holds nothing back, until the result is called: somebody waits for the requests to end. Without it nothing is held back. */
  hurry?(): () => void
  /** Hears what the node's users together will do from now on, while the nodes below are still used as before. @throws {BlockError} */
  prepareAccess?(access: Access): Promise<void>
  /** What the node's users together do from now on: the place to take locks, or to reopen for writing. */
  setAccess?(access: Access): Promise<void>
  /** A node has been made of it. */
  joined?(node: BlockNode): void
  /** Breaks the connection to a server at once: requests fail from now on. Only clients of servers have that. */
  yank?(): void
  /** Those who used the node below use this one by now. Without it that makes no difference. */
  place?(): void
  /** Does nothing of its own any more: the node is about to be taken away. Without it there is nothing to end. */
  retire?(): void
  /** What the node needs of a child, given what its own users do; the same as its users, if it has no such method. */
  childAccess?(role: ChildRole, access: Access): Access
  close(): Promise<void>
}

/** Places where requests stop, each under a name; they go on when somebody says so. */
export interface Breakpoints {
  /** Lets the next request stop at a step. @throws {BlockError} kind `missing`, if there is no such step */
  set(event: string, tag: string): void
  /** Takes breakpoints away; whoever has stopped at one goes on. @returns whether there were any at which nobody had stopped */
  remove(tag: string): boolean
  /** Lets the request go on that has stopped last. @returns whether there was one */
  resume(tag: string): boolean
  /** Settles when a request has stopped there. */
  untilStopped(tag: string, signal: AbortSignal): Promise<void>
}

/** What is wrong with an image, met while it was in use. */
export interface Damage {
  readonly message: string
  /** In bytes: the write that would have hit a table, and was not done; absent for damage of other kinds. */
  readonly range?: { readonly offset: number; readonly length: number }
  /** The image is marked, and serves nothing more. */
  readonly fatal: boolean
}

/** An encrypted image that was opened without its key. */
export interface KeyLock {
  readonly locked: boolean
  /** @throws {BlockError} kind `permission`, if it is another password, as far as the format can tell */
  unlock(password: Uint8Array): Promise<void>
}

/** What a check mends: counts that are too high, or everything that it can. */
export type Repair = 'leaks' | 'all'

export interface CheckOptions extends RequestOptions {
  readonly repair?: Repair
  /** Hears of each fault, in QEMU's words. */
  readonly report?: (text: string) => void
}

/** What an image is to become. */
export interface AmendRequest {
  /** As `qemu-img amend -o` has them; the format takes out those that it knows. */
  readonly options: OptionBag
  /** Do what loses data, too. */
  readonly force?: boolean | undefined
  /** Hears how much of the work is done. */
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/** What a check has found (QAPI's ImageCheck). */
export interface CheckResult {
  /** Faults by which data can be lost. */
  readonly corruptions: number
  /** Clusters that are counted more often than they are used: lost space, no more. */
  readonly leaks: number
  readonly corruptionsFixed: number
  readonly leaksFixed: number
  /** What could not be checked. */
  readonly checkErrors: number
  readonly totalClusters: number
  readonly allocatedClusters: number
  readonly compressedClusters: number
  /** Clusters that do not follow the one before them. */
  readonly fragmentedClusters: number
  /** Where the last cluster in use ends. */
  readonly imageEndOffset: number
}

/** What an image keeps of an earlier time (QAPI's SnapshotInfo). */
export interface Snapshot {
  readonly id: string
  readonly name: string
  /** Since 1970. */
  readonly date: { readonly seconds: number; readonly nanoseconds: number }
  /** What the guest's clock said. */
  readonly vmClockNanoseconds: bigint
  /** Bytes of the machine's state; 0, if the snapshot is of the disk alone. */
  readonly vmStateSize: number
  /** Guest bytes. */
  readonly diskSize: number
  /** Instructions that the guest had run, if somebody counted. */
  readonly instructionCount: bigint | undefined
}

export interface NewSnapshot {
  readonly name: string
  /** Default: now. */
  readonly date?: { readonly seconds: number; readonly nanoseconds: number }
  readonly vmClockNanoseconds?: bigint
  readonly instructionCount?: bigint
  /** Bytes of the machine's state that `state` holds, and that the snapshot takes over. Default: 0, none of it. */
  readonly vmStateSize?: number
}

/**
 * Room for a machine's state behind what the guest sees: what is written there goes to the snapshot that is made next, and
 * what the snapshot has that was applied last can be read.
 */
export interface VmState {
  /** Writes bytes of the state, in any order. @throws {BlockError} kinds `read-only`, `no-space`, `io`, `invalid` */
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** Reads bytes of the state; zeroes where none were written. @throws {BlockError} kind `io` */
  readInto(offset: number, target: Uint8Array): Promise<void>
  /** Gives the room back: what snapshots have stays. @throws {BlockError} kinds `read-only`, `io` */
  clear(): Promise<void>
}

/** Internal snapshots of an image. Requests to it wait while they change. */
export interface Snapshots {
  readonly list: readonly Snapshot[]
  readonly state: VmState
  /** @throws {BlockError} kinds `invalid`, `no-space`, `io` */
  create(snapshot: NewSnapshot): Promise<Snapshot>
  /** Lets the guest see what it saw then. What it saw until now is lost. @throws {BlockError} kind `missing` */
  apply(id: string): Promise<void>
  /** @throws {BlockError} kind `missing` */
  delete(id: string): Promise<void>
  /** Lets an image that is open for reading show what the guest saw then, in its present size. @throws {BlockError} kind `missing` */
  show(id: string): Promise<void>
}

/**
 * What a node below is to a node: the storage, what shows where nothing is written, the storage of the data alone, the
 * storage of a part of the disk, where a filter copies to.
 */
export type ChildRole = (typeof childRoles)[number] | ExtentRole | 'target'
/** The roles that a node has at most one child in, and may have another in later. */
export const childRoles = ['file', 'backing', 'data-file'] as const
export type ExtentRole = `extents.${number}`

export interface NestedOptions {
  readonly [key: string]: OptionValue | NestedOptions | readonly (OptionValue | NestedOptions)[] | null
}

/** What every driver gets to open an image. */
export interface OpenRequest {
  /** The driver takes out the options that it knows; what is left is refused by the caller. */
  readonly options: OptionBag
  readonly readOnly: boolean
  /** Where it cannot be written, it is open for reading. */
  readonly autoReadOnly: boolean
  readonly cache: CacheMode
  /** Whatever others do with the storage, it is opened: nothing is locked. For reading only. */
  readonly forceShare?: boolean
  /** Says something to the user. */
  warn(text: string): void
  /** Says something to the user in the program's name. */
  complain(text: string): void
  /** What the user has given under a name: passwords; undefined if there is nothing. */
  secret(id: string): Promise<Uint8Array | undefined>
  /** Opens files whose names stand for descriptors that were passed; a matter of files of the host. */
  readonly files?: FileSource | undefined
  /**
   * What secures a connection to a server whose certificate has that name; a matter of servers.
   *
   * @throws {TransportError} `tls`, in QEMU's words, if there are no such credentials
   */
  readonly securing?: ((id: string, hostname: string | undefined) => Secure) | undefined
}

/** Speaks TLS over a stream. @throws {TransportError} `tls` */
export type Secure = (plain: Duplex) => Promise<SecureStream>

export interface FormatRequest extends OpenRequest {
  /** What the node will be called. */
  readonly nodeName: string
  /** The node below. */
  readonly file: BlockNode
  /** Nobody said that this is the format: it was guessed from the contents. */
  readonly probed: boolean
  /** The image is to be checked: damage is no reason to refuse it. */
  readonly forCheck: boolean
  /** Whoever opens the image may give its key later, if the options do not name one. */
  readonly keyLater: boolean
  /** Images are opened, too, that were encrypted before LUKS: a machine does not have them. */
  readonly legacyEncryption: boolean
  /** Nobody will read what the guest sees, or write it: it need not be unlocked. */
  readonly noIo: boolean
  /** Tells the user of damage: the first that is met. */
  reportDamage(damage: Damage): void
  /**
   * Opens a second node below: as the user's options say, else as the image names it.
   *
   * @returns undefined, if neither names one, or if the user wants none
   * @throws {BlockError} if it cannot be opened
   */
  openChild(
    role: Exclude<ChildRole, 'file' | 'target'>,
    named: NamedChild | undefined,
  ): Promise<OpenedChild | undefined>
}

/** How an image names a child in its header. */
export interface NamedChild {
  /** Relative to the image's own file, if it is relative. */
  readonly filename: string
  readonly format: string | undefined
}

export interface OpenedChild {
  readonly node: BlockNode
  /** Whether the user's options named it rather than the image. */
  readonly overridden: boolean
}

/** A format as the table of formats lists it. */
export interface FormatDefinition {
  readonly name: string
  /** Whether data can be written in little space. */
  readonly compresses?: boolean
  /** Why an image that is made with such options cannot be written so by this Node.js. Without it nothing is in the way. */
  compressionRefusal?(option: (name: string) => string | undefined): string | undefined
  /** Whether its images name other files, which are opened with them. */
  readonly namesFiles?: boolean
  /**
   * What its images do with the node below, and what others may do there, while nobody uses them. That they cannot have it
   * so is said before what is wrong with what is in there. Without it nothing is looked at.
   */
  fileAccess?(options: OptionBag, readOnly: boolean): Access | undefined
  /** Whether its images are read only: there can be new ones, and this version does not write into them. */
  readonly notWritten?: boolean
  /** Whether `create()` complains before anybody has looked for the node that the image is to be made in. */
  readonly checksFirst?: boolean
  /** @throws {BlockError} if the image cannot be opened; the node below still belongs to the caller then */
  open(request: FormatRequest): Promise<Driver>
  /**
   * Looks whether there can be such an image, and returns what makes it, empty, in place of what a file holds. Without
   * it images of this format cannot be made. If making it fails the file is removed, but for one of format `raw`.
   *
   * @throws {BlockError} kind `invalid`
   */
  create?(request: CreateRequest): Maker | Promise<Maker>
  /** Says how large such an image would be. Without it nobody knows. @throws {BlockError} kind `invalid` */
  measure?(request: MeasureRequest): Promise<Measurement>
}

export interface FilterRequest extends OpenRequest {
  /** The node whose bytes it lets through. */
  readonly child: BlockNode
  /** Opens a second node below, or finds one that is there, as the user's options say. @throws {BlockError} */
  openOther(role: 'target'): Promise<BlockNode>
  /** A node that is there, by its name. */
  find(name: string): BlockNode | undefined
  /** Limits that may hold for several nodes and drives, by name. */
  readonly throttleGroups: ThrottleGroups
  /** Prints a line for the user. */
  print(text: string): void
}

/** A filter as the table of filters lists it. */
export interface FilterDefinition {
  readonly name: string
  /** What it counts as where one of its options is refused. */
  readonly kind: 'format' | 'protocol'
  /** What the options call the node below. */
  readonly child: 'file' | 'image'
  /**
   * For a filter that file names can ask for: turns one that begins with its name and a colon into options, of which
   * `x-image` is the file name of the node below. @throws {BlockError}
   */
  parseFilename?(filename: string): OptionValues
  /** @throws {BlockError} if the options are wrong; the node below still belongs to the caller then */
  open(request: FilterRequest): Promise<Driver>
}

/** A protocol as the table of protocols lists it. */
export interface ProtocolDefinition {
  readonly name: string
  /** The word before the colon in a file name that asks for this protocol. */
  readonly prefix: string
  /** Turns such a file name into options. @throws {BlockError} if it says nothing to this protocol */
  parseFilename(filename: string): OptionValues
  /** @throws {BlockError} if the storage cannot be opened */
  open(request: OpenRequest): Promise<Driver>
}
