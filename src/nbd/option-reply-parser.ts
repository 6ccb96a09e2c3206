import { readU32, readU64, toText } from './big-endian.ts'
import type { ByteIntake } from './byte-intake.ts'
import { magics, optionName } from './wire-values.ts'

/** What a server answers to an option. */
export type OptionReply =
  | {
      readonly kind: 'reply'
      readonly option: number
      /** Of `optionReplies`. */
      readonly type: number
      readonly payload: Uint8Array
    }
  | { readonly kind: 'broken'; readonly reason: string }

/** The most bytes that a reply to an option has: a name, a description, and numbers. */
const longestReply = 2 * 4096 + 64

/** Whether a type of reply is a refusal. */
export function isOptionError(type: number): boolean {
  return type >= 0x8000_0000
}

/** The words of a refusal. */
export function optionErrorText(payload: Uint8Array): string {
  return toText(payload)
}

/** Reads what a server answers to options, as a client gets it. Holds no more than the longest reply that makes sense. */
export class OptionReplyParser {
  readonly #intake: ByteIntake
  #header: { readonly option: number; readonly type: number; readonly length: number } | undefined

  constructor(intake: ByteIntake) {
    this.#intake = intake
  }

  /** The next reply; undefined if it is not there yet. Nothing comes after a broken one. */
  next(): OptionReply | undefined {
    if (this.#header === undefined) {
      const bytes = this.#intake.take(20)
      if (bytes === undefined) return undefined
      if (readU64(bytes, 0) !== magics.optionReply) return { kind: 'broken', reason: 'Unexpected option reply magic' }
      const [option, type, length] = [readU32(bytes, 8), readU32(bytes, 12), readU32(bytes, 16)]
      if (length > longestReply) {
        const reason = `option ${option} (${optionName(option)}) reply is too long: ${length}`
        return { kind: 'broken', reason }
      }
      this.#header = { option, type, length }
    }
    const { option, type, length } = this.#header
    const payload = this.#intake.take(length)
    if (payload === undefined) return undefined
    this.#header = undefined
    return { kind: 'reply', option, type, payload }
  }
}
