import { readU16, readU32, readU64, readWide, type Wide, writeU16, writeU32, writeU64 } from './big-endian.ts'
import type { ByteIntake } from './byte-intake.ts'
import { commands, largestTransfer, magics } from './wire-values.ts'

/** What a client wants done. */
export interface Request {
  /** Of `commands`. */
  readonly command: number
  /** Of `commandFlags`. */
  readonly flags: number
  /** By which replies mean the request: the client's choice. */
  readonly cookie: bigint
  readonly offset: Wide
  readonly length: number
}

/** The header of a request; the bytes of a write follow it. */
export function requestHeader({ command, flags, cookie, offset, length }: Request): Uint8Array {
  const bytes = new Uint8Array(requestSize)
  writeU32(bytes, 0, magics.request)
  writeU16(bytes, 4, flags)
  writeU16(bytes, 6, command)
  writeU64(bytes, 8, cookie)
  writeU64(bytes, 16, offset)
  writeU32(bytes, 24, length)
  return bytes
}

const requestSize = 28

export type RequestMessage =
  /** `payload` has the bytes of a write; it is undefined for other commands, and for a write that is too long to be read. */
  | { readonly kind: 'request'; readonly request: Request; readonly payload: Uint8Array | undefined }
  | { readonly kind: 'broken'; readonly reason: string }

/** Reads requests as a server gets them, one at a time: what waits behind the one asked for stays in the intake. */
export class RequestParser {
  readonly #intake: ByteIntake
  readonly #allocate: (length: number) => Uint8Array
  #write: { readonly request: Request; readonly payload: Uint8Array; filled: number } | undefined

  /** @param allocate - makes memory for a write */
  constructor(intake: ByteIntake, allocate: (length: number) => Uint8Array = (length) => new Uint8Array(length)) {
    this.#intake = intake
    this.#allocate = allocate
  }

  /** Whether a request has begun and is not yet whole. */
  get amid(): boolean {
    return this.#write !== undefined || this.#intake.size > 0
  }

  /** The next request, whole; undefined if it is not there yet. Nothing comes after a broken one. */
  next(): RequestMessage | undefined {
    if (this.#write !== undefined) return this.#fill(this.#write)
    const bytes = this.#intake.take(requestSize)
    if (bytes === undefined) return undefined
    const magic = readU32(bytes, 0)
    if (magic !== magics.request) return { kind: 'broken', reason: `invalid magic (got 0x${magic.toString(16)})` }
    const request: Request = {
      flags: readU16(bytes, 4),
      command: readU16(bytes, 6),
      cookie: readU64(bytes, 8),
      offset: readWide(bytes, 16),
      length: readU32(bytes, 24),
    }
    const { command, length } = request
    if (command !== commands.write || length > largestTransfer) return { kind: 'request', request, payload: undefined }
    const whole = length <= this.#intake.contiguous ? this.#intake.take(length) : undefined
    if (whole !== undefined) return { kind: 'request', request, payload: whole }
    return this.#fill({ request, payload: this.#allocate(length), filled: 0 })
  }

  #fill(write: {
    readonly request: Request
    readonly payload: Uint8Array
    filled: number
  }): RequestMessage | undefined {
    const { request, payload } = write
    write.filled += this.#intake.fill(payload, write.filled)
    const whole = write.filled === payload.byteLength
    this.#write = whole ? undefined : write
    return whole ? { kind: 'request', request, payload } : undefined
  }
}
