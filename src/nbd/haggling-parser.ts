import { readU32, readU64 } from './big-endian.ts'
import type { ByteIntake } from './byte-intake.ts'
import { largestTransfer, magics } from './wire-values.ts'

/** What a client says before it chooses an export. */
export type HagglingMessage =
  | { readonly kind: 'flags'; readonly flags: number }
  | ClientOption
  /** Nothing can be made of what follows. */
  | { readonly kind: 'broken'; readonly reason: string }

export interface ClientOption {
  readonly kind: 'option'
  readonly option: number
  /** How many bytes the client has sent with it. */
  readonly length: number
  /** Those bytes; none if they were too many to keep. */
  readonly payload: Uint8Array
}

/** No option that means something has more: the rest of a longer one is read, and not kept. */
export const mostKept = 256 * 1024

const nothing = new Uint8Array(0)

type State =
  | { readonly at: 'flags' }
  | { readonly at: 'option' }
  | { readonly at: 'payload'; readonly option: number; readonly length: number }
  | { readonly at: 'long payload'; readonly option: number; readonly length: number; readonly left: number }
  | { readonly at: 'broken'; readonly reason: string }

/** Reads options as a server gets them. Holds no more memory than `mostKept`, whatever comes. */
export class HagglingParser {
  readonly #intake: ByteIntake
  #state: State = { at: 'flags' }

  constructor(intake: ByteIntake) {
    this.#intake = intake
  }

  /** What QEMU calls that which would come next. */
  get awaits(): string {
    if (this.#state.at === 'flags') return 'flags'
    return this.#state.at === 'option' ? 'opts magic' : 'option data'
  }

  /** The next message; undefined if it is not there yet. */
  next(): HagglingMessage | undefined {
    switch (this.#state.at) {
      case 'flags': {
        const bytes = this.#intake.take(4)
        if (bytes === undefined) return undefined
        this.#state = { at: 'option' }
        return { kind: 'flags', flags: readU32(bytes, 0) }
      }
      case 'option':
        return this.#readHeader()
      case 'payload': {
        const { option, length } = this.#state
        const payload = this.#intake.take(length)
        if (payload === undefined) return undefined
        this.#state = { at: 'option' }
        return { kind: 'option', option, length, payload }
      }
      case 'long payload': {
        const { option, length } = this.#state
        const left = this.#state.left - this.#intake.skip(this.#state.left)
        this.#state = left > 0 ? { ...this.#state, left } : { at: 'option' }
        return left > 0 ? undefined : { kind: 'option', option, length, payload: nothing }
      }
      case 'broken':
        return { kind: 'broken', reason: this.#state.reason }
    }
  }

  #readHeader(): HagglingMessage | undefined {
    const bytes = this.#intake.take(16)
    if (bytes === undefined) return undefined
    const [option, length] = [readU32(bytes, 8), readU32(bytes, 12)]
    if (readU64(bytes, 0) !== magics.option) this.#state = { at: 'broken', reason: 'Bad magic received' }
    else if (length > largestTransfer) {
      this.#state = { at: 'broken', reason: `len (${length} ) is larger than max len (${largestTransfer})` }
    } else if (length <= mostKept) this.#state = { at: 'payload', option, length }
    else this.#state = { at: 'long payload', option, length, left: length }
    return this.next()
  }
}
