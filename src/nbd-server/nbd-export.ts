import {
  type Attachment,
  type BlockNode,
  chainStatus,
  type DirtyBitmap,
  type WriteOptions,
  type ZeroesOptions,
} from '../block/index.ts'
import { type BlockSizes, exportFlags, largestTransfer } from '../nbd/index.ts'
import { dirtyBitmapContext, holdBitmaps } from './exported-bitmaps.ts'
import { allocationDepth, baseAllocation, type ExportContext, isZero } from './meta-contexts.ts'

export interface NbdExportOptions {
  /** By which commands name it. */
  readonly id: string
  /** By which clients name it. */
  readonly name: string
  /** What a person is told. */
  readonly description?: string | undefined
  readonly writable: boolean
  /** Every write reaches stable storage by itself. */
  readonly writethrough: boolean
  /** Clients may ask which image of a chain holds a range. */
  readonly allocationDepth: boolean
  /** Several connections of one client see one image at any time. */
  readonly multiConn: boolean
  /** Clients may ask what they have noted: they stay as they are meanwhile. */
  readonly bitmaps?: readonly DirtyBitmap[] | undefined
  /** A part of the image, in bytes: all of it by default. */
  readonly window?: { readonly offset: number; readonly length: number } | undefined
  /** Hears, first of all, that it is gone. */
  readonly ended?: () => void
}

/** `closing`: nobody new comes, and who is there is being sent away; `leaving`: nobody is there, and the image is let go. */
export type ExportState = 'open' | 'closing' | 'leaving' | 'gone'

const sector = 512

/** An image that clients see: what they may do with it, and who they are. */
export class NbdExport {
  readonly id: string
  readonly name: string
  readonly description: string | undefined
  readonly writable: boolean
  /** Bytes: whole sectors. */
  readonly size: number
  /** Of `exportFlags`. */
  readonly flags: number
  readonly contexts: readonly ExportContext[]
  readonly node: BlockNode
  readonly #hold: Attachment
  readonly #releaseBitmaps: () => void
  readonly #writethrough: boolean
  readonly #begin: number
  readonly #clients = new Set<ExportClient>()
  #state: ExportState = 'open'
  #gone: (() => void)[]

  /** @param hold - the export's use of the image, which ends with it */
  constructor(hold: Attachment, options: NbdExportOptions) {
    const { node } = hold
    const { bitmaps = [], window = { offset: 0, length: node.length - (node.length % sector) } } = options
    this.id = options.id
    this.name = options.name
    this.description = options.description
    this.writable = options.writable
    this.node = node
    this.size = window.length
    this.#begin = window.offset
    this.#hold = hold
    this.#releaseBitmaps = holdBitmaps(bitmaps)
    this.#writethrough = options.writethrough
    this.#gone = options.ended === undefined ? [] : [options.ended]
    this.contexts = [
      baseAllocation(node),
      ...(options.allocationDepth ? [allocationDepth(node)] : []),
      ...bitmaps.map(dirtyBitmapContext),
    ].map((context) => shifted(context, window.offset))
    const writes = exportFlags.sendTrim | exportFlags.sendWriteZeroes | exportFlags.sendFastZero
    this.flags =
      exportFlags.hasFlags |
      exportFlags.sendFlush |
      exportFlags.sendFua |
      exportFlags.sendCache |
      (options.multiConn ? exportFlags.canMultiConn : 0) |
      (options.writable ? writes : exportFlags.readOnly)
  }

  get state(): ExportState {
    return this.#state
  }

  /** Whether clients use it. */
  get used(): boolean {
    return this.#clients.size > 0
  }

  /** What requests should be like for a client that asks. */
  get blockSizes(): BlockSizes {
    const { alignment = 1, maxTransfer = largestTransfer } = this.node.driver.limits ?? {}
    return { minimum: alignment, preferred: Math.max(4096, alignment), maximum: Math.min(maxTransfer, largestTransfer) }
  }

  /** @throws {BlockError} */
  readInto(offset: number, target: Uint8Array): Promise<void> {
    return this.node.readInto(this.#begin + offset, target)
  }

  /** Whether a range, or its beginning, is known to be zero. @throws {BlockError} */
  async holes(offset: number, length: number): Promise<{ readonly zero: boolean; readonly length: number }> {
    const status = await chainStatus(this.node, this.#begin + offset, length)
    return { zero: isZero(status), length: status.length }
  }

  /** @throws {BlockError} */
  write(offset: number, bytes: Uint8Array, options: DurableOptions): Promise<void> {
    return this.#durably(this.node.write(this.#begin + offset, bytes), options)
  }

  /** @throws {BlockError} kind `unsupported`, if it is to be fast and cannot */
  writeZeroes(offset: number, length: number, options: ZeroesOptions & DurableOptions): Promise<void> {
    return this.#durably(this.node.writeZeroes(this.#begin + offset, length, options), options)
  }

  /** @throws {BlockError} */
  trim(offset: number, length: number, { fua }: DurableOptions): Promise<void> {
    const done = this.node.discard(this.#begin + offset, length)
    return fua ? done.then(() => this.flush()) : done
  }

  /** @throws {BlockError} */
  flush(): Promise<void> {
    return this.node.flush()
  }

  /** A client uses it from now on, until it calls the result. */
  join(client: ExportClient): () => void {
    this.#clients.add(client)
    return () => {
      this.#clients.delete(client)
      void this.#end()
    }
  }

  /** Sends all clients away, and lets go of the image when they are gone; later calls do nothing. */
  close(): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    for (const client of [...this.#clients]) client.dismiss()
    void this.#end()
  }

  /** Settles when it is gone. */
  get closed(): Promise<void> {
    if (this.#state === 'gone') return Promise.resolve()
    return new Promise((resolve) => this.#gone.push(resolve))
  }

  async #end(): Promise<void> {
    if (this.#state !== 'closing' || this.used) return
    this.#state = 'leaving'
    // The image may close now, and keeps those that nobody uses.
    this.#releaseBitmaps()
    await this.#hold.detach()
    this.#state = 'gone'
    for (const settle of this.#gone.splice(0)) settle()
  }

  #durably(write: Promise<void>, { fua }: DurableOptions): Promise<void> {
    return fua || this.#writethrough ? write.then(() => this.flush()) : write
  }
}

/** What an export may ask of a client. */
export interface ExportClient {
  /** Leave: the export is being closed. */
  dismiss(): void
}

export interface DurableOptions extends WriteOptions {
  /** What is written is on stable storage when it is done. */
  readonly fua: boolean
}

function shifted(context: ExportContext, by: number): ExportContext {
  if (by === 0) return context
  return { ...context, look: (offset, length) => context.look(by + offset, length) }
}
