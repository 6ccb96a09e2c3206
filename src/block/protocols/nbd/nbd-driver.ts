import { allocationFlags, commandFlags, commands, exportFlags, largestTransfer } from '../../../nbd/index.ts'
import type { SocketAddress } from '../../../transport/index.ts'
import { BlockError } from '../../block-error.ts'
import type { Access } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type {
  BlockStatus,
  ChildRole,
  Driver,
  DriverLimits,
  ImageDetails,
  NestedOptions,
  RequestOptions,
  ZeroesOptions,
} from '../../open/driver.ts'
import { notFast } from '../../zeroes.ts'
import { isReadOnly } from './handshake.ts'
import type { NbdClient } from './nbd-client.ts'
import { nbdFilename } from './nbd-names.ts'

const sector = 512
/** What one request without bytes may mean: what fits into the protocol. */
const longestRange = 2 ** 30

export interface NbdDriverOptions {
  readonly server: SocketAddress
  readonly export: string
  /** What else was said, by dotted keys. */
  readonly more: NestedOptions
  /** What the context means: which bytes are stored, or which image of a chain holds them. */
  readonly meaning: 'allocation' | 'depth'
}

/** An export of an NBD server. */
export class NbdDriver implements Driver {
  readonly name = 'nbd'
  readonly filename: string | undefined
  readonly children: ReadonlyMap<ChildRole, BlockNode> = new Map()
  readonly length: number
  readonly limits: DriverLimits
  readonly writeZeroes?: NonNullable<Driver['writeZeroes']>
  readonly discard?: NonNullable<Driver['discard']>
  readonly #client: NbdClient
  readonly #options: NbdDriverOptions
  readonly #size: number
  readonly #most: number

  constructor(client: NbdClient, options: NbdDriverOptions) {
    this.#client = client
    this.#options = options
    const { size, flags, sizes, context } = client.terms
    this.#size = size
    this.length = Math.ceil(size / sector) * sector
    const anySize = size % sector !== 0 || context !== undefined
    this.limits = { alignment: sizes.minimum ?? (anySize ? 1 : sector) }
    this.#most = sizes.maximum ?? largestTransfer
    this.filename = Object.keys(options.more).length > 0 ? undefined : nbdFilename(options.server, options.export)
    if ((flags & exportFlags.sendWriteZeroes) !== 0) {
      this.writeZeroes = (offset, length, how) => this.#writeZeroes(offset, length, how)
    }
    if ((flags & exportFlags.sendTrim) !== 0) {
      this.discard = (offset, length) => this.#each(offset, length, longestRange, commands.trim)
    }
  }

  fullOptions(): NestedOptions {
    const { server, export: name, more } = this.#options
    return {
      driver: this.name,
      server: { ...server } as NestedOptions,
      ...(name === '' ? {} : { export: name }),
      ...more,
    }
  }

  async readInto(offset: number, target: Uint8Array, options?: RequestOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const end = Math.min(this.#size - offset, target.byteLength)
    if (end < target.byteLength) target.fill(0, Math.max(0, end))
    const pieces: Promise<unknown>[] = []
    for (let at = 0; at < end; at += this.#most) {
      const piece = target.subarray(at, Math.min(end, at + this.#most))
      const call = { command: commands.read, flags: 0, offset: offset + at, length: piece.byteLength, target: piece }
      pieces.push(this.#client.call(call))
    }
    await settled(pieces)
  }

  async write(offset: number, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const end = Math.min(this.#size - offset, bytes.byteLength)
    const pieces: Promise<unknown>[] = []
    for (let at = 0; at < end; at += this.#most) {
      const piece = bytes.subarray(at, Math.min(end, at + this.#most))
      const call = { command: commands.write, flags: 0, offset: offset + at, length: piece.byteLength, bytes: piece }
      pieces.push(this.#client.call(call))
    }
    await settled(pieces)
  }

  async flush(): Promise<void> {
    if ((this.#client.terms.flags & exportFlags.sendFlush) === 0) return
    await this.#client.call({ command: commands.flush, flags: 0, offset: 0, length: 0 })
  }

  /** It stays as large as it is. @throws {BlockError} kind `unsupported` */
  async truncate(length: number): Promise<void> {
    if (length === this.length) return
    throw new BlockError('unsupported', 'Cannot resize NBD nodes', { code: 'ENOTSUP' })
  }

  async details(): Promise<ImageDetails> {
    return {}
  }

  async status(offset: number, length: number): Promise<BlockStatus> {
    const known = Math.min(length, this.#size - offset, longestRange)
    const { context } = this.#client.terms
    // The rest of the last sector, which the server does not have.
    if (known <= 0) return { length, allocated: true, data: false, zero: true, offset }
    if (context === undefined) return { length, allocated: true, data: true, zero: false, offset }
    const call = { command: commands.blockStatus, flags: commandFlags.reqOne, offset, length: known }
    const [first] = await this.#client.call(call)
    const flags = this.#options.meaning === 'depth' ? Math.min(first!.flags, 2) : first!.flags
    return {
      length: Math.min(first!.length, known),
      allocated: true,
      data: (flags & allocationFlags.hole) === 0,
      zero: (flags & allocationFlags.zero) !== 0,
      offset,
    }
  }

  async setAccess({ uses }: Access): Promise<void> {
    if (isReadOnly(this.#client.terms) && (uses.includes('write') || uses.includes('resize'))) throw readOnlyExport()
  }

  yank(): void {
    this.#client.yank()
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #writeZeroes(
    offset: number,
    length: number,
    { unmap = false, fast = false }: ZeroesOptions = {},
  ): Promise<void> {
    const knowsFast = (this.#client.terms.flags & exportFlags.sendFastZero) !== 0
    if (fast && !knowsFast) throw notFast()
    const flags = (unmap ? 0 : commandFlags.noHole) | (fast ? commandFlags.fastZero : 0)
    await this.#each(offset, length, this.#most, commands.writeZeroes, flags)
  }

  /** A command for a range, in as many requests as it takes. */
  async #each(offset: number, length: number, most: number, command: number, flags = 0): Promise<void> {
    const end = Math.min(this.#size, offset + length)
    for (let at = offset; at < end; at += most) {
      await this.#client.call({ command, flags, offset: at, length: Math.min(most, end - at) })
    }
  }
}

export function readOnlyExport(): BlockError {
  return new BlockError('read-only', 'NBD export is read-only', { code: 'EACCES' })
}

/** Waits for all of them, also if one fails: their memory is in use until then. */
async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  if (work.length === 1) {
    await work[0]
    return
  }
  const outcomes = await Promise.allSettled(work)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
