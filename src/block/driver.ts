import type { Access } from './access.ts'
import type { BlockNode } from './node.ts'
import type { OptionBag, OptionValue, OptionValues } from './option-bag.ts'

export interface RequestOptions {
  /**
   * Gives the request up. One that still waits in our queues is dropped; one that has reached the host runs to its end,
   * because its buffer is in use until then, and settles as if there were no signal.
   */
  readonly signal?: AbortSignal
}

/** How a node treats the host's caches. */
export interface CacheMode {
  /** Around the host's page cache. */
  readonly direct: boolean
  /** Flushes do nothing: fast, and unsafe if the host dies. */
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
  /** Every option that it takes to open the same thing. */
  fullOptions(): NestedOptions

  readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void>
  /** The bytes must stay as they are until the promise settles. */
  write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void>
  /** Settles when everything whose write has settled before is on stable storage. */
  flush(options?: RequestOptions): Promise<void>
  truncate(length: number, options?: RequestOptions): Promise<void>
  details(): Promise<ImageDetails>

  /** What the node's users together do from now on: the place to take locks, or to reopen for writing. */
  setAccess?(access: Access): Promise<void>
  /** What the node needs of a child, given what its own users do. */
  childAccess?(role: ChildRole, access: Access): Access
  close(): Promise<void>
}

export type ChildRole = 'file'

export interface NestedOptions {
  readonly [key: string]: OptionValue | NestedOptions
}

/** What every driver gets to open an image. */
export interface OpenRequest {
  /** The driver takes out the options that it knows; what is left is refused by the caller. */
  readonly options: OptionBag
  readonly readOnly: boolean
  readonly cache: CacheMode
  /** Says something to the user. */
  warn(text: string): void
}

export interface FormatRequest extends OpenRequest {
  /** The node below. */
  readonly file: BlockNode
  /** Nobody said that this is the format: it was guessed from the contents. */
  readonly probed: boolean
}

/** A format as the table of formats lists it. */
export interface FormatDefinition {
  readonly name: string
  /** @throws {BlockError} if the image cannot be opened; the node below still belongs to the caller then */
  open(request: FormatRequest): Promise<Driver>
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
