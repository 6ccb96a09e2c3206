import { BlockError, type BlockNode, type BlockStatus, chainStatus, isZero, zeroStretches } from '../../block/index.ts'
import { reasonOf } from './block-reason.ts'
import { ImgError } from './img-error.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Target } from './target.ts'

const largestPiece = 2 * 2 ** 20

/** What to copy, and how. */
export interface CopyPlan {
  /** One behind the other. */
  readonly sources: readonly BlockNode[]
  readonly target: Target
  /** The target has a backing file: what the source's own image does not hold is left out. */
  readonly keepBacking: boolean
  /** What is not written to the target reads as zeroes. */
  readonly targetIsZero: boolean
  readonly compressed: boolean
  /** Zeroes of at least so many bytes are not written as data; 0: everything is. */
  readonly sparse: number
  /** Pieces that are under way at once. */
  readonly parallel: number
  readonly limit: RateLimit | undefined
  /** What cannot be read becomes zeroes, and somebody hears of it. */
  readonly salvage: ((text: string) => void) | undefined
  /** Hears how far it is; without it nobody looks beforehand how much there is. */
  readonly progress: ((percent: number) => void) | undefined
}

interface Piece {
  readonly source: BlockNode
  /** In the source. */
  readonly offset: number
  /** In the target. */
  readonly at: number
  readonly length: number
  readonly kind: 'data' | 'zero'
}

/** Copies images: pieces are found in order, and several are under way at the same time. */
export class Copy {
  readonly #plan: CopyPlan
  readonly #pieces: AsyncGenerator<Piece>
  /** Of the target, if clusters are compressed. */
  #clusterSize = largestPiece
  /** Bytes to write, found out before anything is copied: what the progress is measured by. */
  #total = 0
  #done = 0

  constructor(plan: CopyPlan) {
    this.#plan = plan
    this.#pieces = this.#find()
  }

  /** @throws {BlockError} from the target; {ImgError}, if a source cannot be read */
  async run(): Promise<void> {
    if (this.#plan.progress !== undefined) {
      for await (const piece of this.#find()) if (this.#counts(piece)) this.#total += piece.length
    }
    const workers = Array.from({ length: this.#plan.parallel }, () => this.#work())
    const results = await Promise.allSettled(workers)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #work(): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(largestPiece)
    for (;;) {
      const { value: piece, done } = await this.#pieces.next()
      if (done === true) return
      if (piece.kind === 'data') await this.#copy(piece, buffer.subarray(0, piece.length))
      else if (!this.#plan.targetIsZero) await this.#clear(piece.at, piece.length)
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
    const { sparse, keepBacking, compressed, target } = this.#plan
    if (compressed) this.#clusterSize = (await target.node.details()).clusterSize ?? largestPiece
    const step = compressed ? this.#clusterSize : largestPiece
    let at = 0
    for (const source of this.#plan.sources) {
      for (let offset = 0; offset < source.length; ) {
        const rest = source.length - offset
        const status = wholeSectors(await this.#status(source, offset, rest))
        const shows = keepBacking && !status.allocated && !status.zero
        const zero = status.zero && sparse > 0
        const skipped = shows || zero
        const wanted = skipped ? status.length : Math.min(status.length, step)
        const length = Math.min(compressed ? wholeClusters(at, wanted, step) : wanted, rest)
        const known = length <= status.length
        if (!shows || !known) yield { source, offset, at, length, kind: zero && known ? 'zero' : 'data' }
        offset += length
        at += length
      }
    }
  }

  #status(source: BlockNode, offset: number, length: number): Promise<BlockStatus> {
    return this.#plan.keepBacking ? source.status(offset, length) : chainStatus(source, offset, length)
  }

  async #copy({ source, offset, at }: Piece, buffer: Uint8Array): Promise<void> {
    await this.#plan.limit?.spend(buffer.byteLength)
    await this.#read(source, offset, buffer)
    const { target, sparse, compressed } = this.#plan
    if (compressed) return this.#compress(at, buffer)
    if (sparse === 0) return target.write(at, buffer)
    for (const { begin, end, zero } of zeroStretches(buffer, sparse)) {
      if (!zero) await target.write(at + begin, buffer.subarray(begin, end))
      else if (!this.#plan.targetIsZero) await this.#clear(at + begin, end - begin)
    }
  }

  async #compress(at: number, buffer: Uint8Array): Promise<void> {
    const { target, targetIsZero } = this.#plan
    if (targetIsZero && isZero(buffer)) return
    const end = at + buffer.byteLength
    const whole = at % this.#clusterSize === 0 && (end % this.#clusterSize === 0 || end === target.node.length)
    // Where one source ends and the next begins, clusters get their bytes in two pieces.
    await (whole ? target.writeCompressed(at, buffer) : target.write(at, buffer))
  }

  async #clear(at: number, length: number): Promise<void> {
    await this.#plan.target.writeZeroes(at, length, { unmap: true })
  }

  async #read(source: BlockNode, offset: number, buffer: Uint8Array): Promise<void> {
    try {
      await source.readInto(offset, buffer)
    } catch (error) {
      if (!(error instanceof BlockError)) throw error
      const reason = reasonOf(error)
      const text = `error while reading offset ${offset}: ${reason}`
      if (this.#plan.salvage === undefined) throw new ImgError(text.replace('offset', 'at byte'))
      if (buffer.byteLength <= 512) {
        this.#plan.salvage(text)
        buffer.fill(0)
        return
      }
      const half = Math.ceil(buffer.byteLength / 1024) * 512
      await this.#read(source, offset, buffer.subarray(0, half))
      await this.#read(source, offset + half, buffer.subarray(half))
    }
  }
}

/** Compressed clusters are written whole: a stretch ends with one, and is not shorter. */
function wholeClusters(begin: number, length: number, clusterSize: number): number {
  const end = begin + length
  const whole = end - (end % clusterSize) - begin
  return whole > 0 ? whole : clusterSize - (begin % clusterSize)
}

/** Files may end within a sector: what is partly data is data. */
function wholeSectors(status: BlockStatus): BlockStatus {
  const odd = status.length % 512
  if (odd === 0) return status
  if (status.length > 512 && !status.data) return { ...status, length: status.length - odd }
  const known = { allocated: true, data: true, zero: false }
  return { ...status, ...(status.length < 512 ? known : {}), length: status.length - odd + 512 }
}
