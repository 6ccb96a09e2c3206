import { deferred } from '../../async/index.ts'
import { BlockError } from '../block-error.ts'
import { reasonOf } from '../block-reason.ts'
import { chainStatus } from '../graph/chain-status.ts'
import type { BlockNode } from '../graph/node.ts'
import type { BlockStatus } from '../open/driver.ts'
import { isZero, zeroStretches } from '../zeroes.ts'
import type { RateLimit } from './rate-limit.ts'
import type { WriteTarget } from './write-target.ts'

const largestPiece = 2 * 2 ** 20

/** What to copy, and how. */
export interface CopyPlan {
  /** One behind the other. */
  readonly sources: readonly BlockNode[]
  readonly target: WriteTarget
  /** The target has the backing file of the only source, or one like it: what the source's own image does not hold is left out. */
  readonly keepBacking: boolean
  /** Bytes of the target's backing file, if `keepBacking`: behind them the target shows zeroes. */
  readonly backingLength: number
  /** What is not written to the target reads as zeroes. */
  readonly targetIsZero: boolean
  readonly compressed: boolean
  /** Zeroes of at least so many bytes are not written as data; 0: everything is. */
  readonly sparse: number
  /** Data is copied as it is: nobody looks for zeroes in it. */
  readonly verbatim: boolean
  /** Pieces that are under way at once. */
  readonly parallel: number
  /** They are written in their order, so that the target grows in it. */
  readonly inOrder: boolean
  readonly limit: RateLimit | undefined
  /** What cannot be read becomes zeroes, and somebody hears of it. */
  readonly salvage: ((text: string) => void) | undefined
  /** Hears how far it is; without it nobody looks beforehand how much there is. */
  readonly progress: ((percent: number) => void) | undefined
  /** Gives up between two pieces: what has been written stays. */
  readonly signal?: AbortSignal | undefined
}

interface Piece {
  /** In the target, and in the sources one behind the other. */
  readonly at: number
  readonly length: number
  readonly kind: 'data' | 'zero'
}

/** A source and where it begins in the target. */
interface Placed {
  readonly source: BlockNode
  readonly start: number
}

/** Copies images: pieces are found in order, and several are under way at the same time. */
export class ImageCopy {
  readonly #plan: CopyPlan
  readonly #sources: readonly Placed[]
  readonly #length: number
  readonly #pieces: AsyncGenerator<Piece>
  /** Of the target, if clusters are compressed. */
  #clusterSize = largestPiece
  /** Bytes to write, found out before anything is copied: what the progress is measured by. */
  #total = 0
  #done = 0
  /** Settles when the piece that was found last has been written. */
  #written: Promise<void> = Promise.resolve()
  #failed = false

  constructor(plan: CopyPlan) {
    this.#plan = plan
    let start = 0
    this.#sources = plan.sources.map((source) => {
      const placed = { source, start }
      start += source.length
      return placed
    })
    this.#length = start
    this.#pieces = this.#find()
  }

  /** @throws {BlockError} in QEMU's words, if a source cannot be read or the target cannot be written */
  async run(): Promise<void> {
    const { progress, salvage } = this.#plan
    // Who salvages hears of a status that cannot be told once more when it matters, as with QEMU.
    if (progress !== undefined || salvage !== undefined) {
      for await (const piece of this.#find()) if (this.#counts(piece)) this.#total += piece.length
    }
    // One at a time lets what is said of failures stand in the order of the image.
    const parallel = salvage === undefined ? this.#plan.parallel : 1
    const workers = Array.from({ length: parallel }, () => this.#work())
    const results = await Promise.allSettled(workers)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #work(): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(largestPiece)
    while (!this.#failed) {
      this.#plan.signal?.throwIfAborted()
      const { value: piece, done } = await this.#pieces.next()
      if (done === true) return
      const turn = deferred<void>()
      const before = this.#written
      this.#written = turn.promise
      try {
        const bytes = buffer.subarray(0, piece.length)
        if (piece.kind === 'data') await this.#fill(piece.at, bytes)
        if (this.#plan.inOrder) await before
        if (this.#failed) return
        await this.#write(piece, bytes)
      } catch (error) {
        this.#failed = true
        throw error
      } finally {
        turn.resolve()
      }
      if (!this.#counts(piece)) continue
      this.#done += piece.length
      this.#plan.progress?.((100 * this.#done) / this.#total)
    }
  }

  /** Whether a piece takes time. */
  #counts({ kind }: Piece): boolean {
    return kind === 'data' || !this.#plan.targetIsZero
  }

  async *#find(): AsyncGenerator<Piece> {
    const { sparse, compressed, target } = this.#plan
    if (compressed) this.#clusterSize = (await target.node.details()).clusterSize ?? largestPiece
    const step = compressed ? this.#clusterSize : largestPiece
    for (let at = 0; at < this.#length; ) {
      const found = await this.#look(at)
      const kind = found.kind === 'zero' && sparse === 0 ? 'data' : found.kind
      let { length } = found
      if (kind === 'data') length = Math.min(length, step)
      // Compressed clusters are written whole: what is shorter than one counts as data, with what follows it.
      const short = compressed && length < step
      if (short) length = Math.min(step, this.#length - at)
      else if (compressed) length -= length % step
      if (short) yield { at, length, kind: 'data' }
      else if (kind !== 'behind') yield { at, length, kind }
      at += length
    }
  }

  /** What begins at an offset: data, zeroes, or what the backing file of the target shows too. */
  async #look(at: number): Promise<{ readonly kind: 'data' | 'zero' | 'behind'; readonly length: number }> {
    const { keepBacking, backingLength } = this.#plan
    const { source, start } = this.#sourceAt(at)
    const rest = source.length - (at - start)
    if (!keepBacking) {
      const { zero, length } = await this.#status(source, at - start, rest)
      return { kind: zero ? 'zero' : 'data', length: Math.min(length, rest) }
    }
    const wanted = at < backingLength ? Math.min(rest, backingLength - at) : rest
    const base = backingOf(source)
    const { allocated, zero, data, length } = await this.#status(source, at - start, wanted, base)
    // Behind the end of its backing file the target shows zeroes without being told.
    if (zero) return { kind: at >= backingLength ? 'behind' : 'zero', length: Math.min(length, wanted) }
    return { kind: data && allocated ? 'data' : 'behind', length: Math.min(length, wanted) }
  }

  async #status(source: BlockNode, offset: number, length: number, base?: BlockNode): Promise<BlockStatus> {
    const { salvage } = this.#plan
    for (let wanted = length; ; wanted = Math.ceil(wanted / 2048) * 512) {
      try {
        return wholeSectors(await chainStatus(source, offset, wanted, base === undefined ? {} : { base }))
      } catch (error) {
        if (!(error instanceof BlockError)) throw error
        const text = `error while reading block status at offset ${offset}: ${reasonOf(error)}`
        if (salvage === undefined) throw inWords(text, error)
        if (wanted > 512) continue
        salvage(text)
        // What is there may still be read.
        return { allocated: true, data: true, zero: false, length: wanted }
      }
    }
  }

  #sourceAt(at: number): Placed {
    return this.#sources.findLast(({ source, start }) => start <= at && source.length > 0)!
  }

  /** Reads what stands at an offset of the sources. */
  async #fill(at: number, buffer: Uint8Array): Promise<void> {
    await this.#plan.limit?.spend(buffer.byteLength)
    for (let done = 0; done < buffer.byteLength; ) {
      const { source, start } = this.#sourceAt(at + done)
      const offset = at + done - start
      const part = buffer.subarray(done, done + source.length - offset)
      await this.#read(source, offset, part, at)
      done += part.byteLength
    }
  }

  async #write(piece: Piece, buffer: Uint8Array): Promise<void> {
    try {
      await this.#put(piece, buffer)
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      throw inWords(`error while writing at byte ${piece.at}: ${reasonOf(error)}`, error)
    }
  }

  async #put({ at, length, kind }: Piece, buffer: Uint8Array): Promise<void> {
    const { target, sparse, compressed, verbatim, targetIsZero } = this.#plan
    if (kind === 'zero') return targetIsZero ? undefined : this.#clear(at, length)
    if (compressed) return this.#compress(at, buffer)
    if (sparse === 0 || verbatim) return target.write(at, buffer)
    for (const { begin, end, zero } of zeroStretches(buffer, sparse, at)) {
      if (!zero) await target.write(at + begin, buffer.subarray(begin, end))
      else if (!targetIsZero) await this.#clear(at + begin, end - begin)
    }
  }

  async #compress(at: number, buffer: Uint8Array): Promise<void> {
    const { target, targetIsZero, sparse } = this.#plan
    if (sparse > 0 && isZero(buffer)) {
      if (!targetIsZero) await this.#clear(at, buffer.byteLength)
    } else await target.writeCompressed(at, buffer)
  }

  async #clear(at: number, length: number): Promise<void> {
    await this.#plan.target.writeZeroes(at, length, { unmap: true })
  }

  async #read(source: BlockNode, offset: number, buffer: Uint8Array, at: number): Promise<void> {
    try {
      await source.readInto(offset, buffer)
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      const reason = reasonOf(error)
      if (this.#plan.salvage === undefined) throw inWords(`error while reading at byte ${at}: ${reason}`, error)
      if (buffer.byteLength <= 512) {
        this.#plan.salvage(`error while reading offset ${offset}: ${reason}`)
        buffer.fill(0)
        return
      }
      const half = Math.ceil(buffer.byteLength / 1024) * 512
      await this.#read(source, offset, buffer.subarray(0, half), at)
      await this.#read(source, offset + half, buffer.subarray(half), at)
    }
  }
}

function inWords(text: string, cause: BlockError): BlockError {
  return new BlockError(cause.kind, text, cause.context, { cause })
}

/** What shows where an image, or the one under the filters that it is, holds nothing. */
function backingOf(node: BlockNode): BlockNode | undefined {
  let image: BlockNode | undefined = node
  while (image?.driver.filters === true) image = image.child('file')
  return image?.child('backing')
}

/** Files may end within a sector: what is partly data is data. */
function wholeSectors(status: BlockStatus): BlockStatus {
  const odd = status.length % 512
  if (odd === 0) return status
  if (status.length > 512 && !status.data) return { ...status, length: status.length - odd }
  const known = { allocated: true, data: true, zero: false }
  return { ...status, ...(status.length < 512 ? known : {}), length: status.length - odd + 512 }
}

/** Whether an image reads as zeroes that has just been made. What is encrypted does not, where it has a place. */
export async function newReadsAsZeroes(node: BlockNode): Promise<boolean> {
  if (node.child('backing') !== undefined) return false
  if ((await node.details()).encrypted !== true) return true
  const { zero, length } = await node.status(0, node.length)
  return zero && length === node.length
}
