import { concatenate, readU16, readU32, readU64, readWide, u16, u32, u64, type Wide } from './big-endian.ts'
import type { ByteIntake } from './byte-intake.ts'
import { magics } from './wire-values.ts'

/** How a server of the new style begins. @param flags - `handshakeFlags` */
export function greeting(flags: number): Uint8Array {
  return concatenate(u64(magics.greeting), u64(magics.option), u16(flags))
}

/** How a client answers. */
export function clientFlags(flags: number): Uint8Array {
  return u32(flags)
}

/** What a server has said first. */
export type Greeting =
  | { readonly style: 'new'; readonly flags: number }
  /** It has one export, and no options. */
  | { readonly style: 'old'; readonly size: Wide; readonly flags: number }
  | { readonly style: 'strange'; readonly magic: bigint; readonly version?: bigint }

const oldStyleRest = 8 + 4 + 124

/** Reads how a server begins, in the pieces in which it comes. */
export class GreetingParser {
  readonly #intake: ByteIntake
  #version: bigint | undefined

  constructor(intake: ByteIntake) {
    this.#intake = intake
  }

  next(): Greeting | undefined {
    if (this.#version === undefined) {
      const begin = this.#intake.take(16)
      if (begin === undefined) return undefined
      const magic = readU64(begin, 0)
      if (magic !== magics.greeting) return { style: 'strange', magic }
      this.#version = readU64(begin, 8)
    }
    if (this.#version === magics.option) {
      const flags = this.#intake.take(2)
      return flags && { style: 'new', flags: readU16(flags, 0) }
    }
    if (this.#version !== magics.oldStyle) return { style: 'strange', magic: magics.greeting, version: this.#version }
    const rest = this.#intake.take(oldStyleRest)
    return rest && { style: 'old', size: readWide(rest, 0), flags: readU32(rest, 8) & 0xffff }
  }
}
