import { readU16, readU32, readU64, readWide, toText, type Wide } from './big-endian.ts'
import type { ByteIntake } from './byte-intake.ts'
import type { Extent } from './replies.ts'
import { chunkDone, chunkName, chunkTypes, isErrorChunk, largestTransfer, magics } from './wire-values.ts'

/** A part of what a server answers to a request. */
export type ReplyPart =
  /** Bytes that were read, as many as have come: those of one chunk may come in several pieces. */
  | (Part & { readonly kind: 'data'; readonly offset: Wide; readonly bytes: Uint8Array })
  /** Bytes that were read, and are zero. */
  | (Part & { readonly kind: 'hole'; readonly offset: Wide; readonly length: number })
  | (Part & { readonly kind: 'status'; readonly context: number; readonly extents: readonly Extent[] })
  /** `error` is of `errors`. */
  | (Part & { readonly kind: 'error'; readonly error: number; readonly message: string })
  | (Part & { readonly kind: 'done' })
  /** The stream makes no sense from here on; in QEMU's words. */
  | { readonly kind: 'broken'; readonly reason: string }

interface Part {
  readonly cookie: bigint
  /** Nothing more comes for this request. */
  readonly done: boolean
}

export interface ReplyParserOptions {
  /** Whether the two sides have agreed on structured replies. */
  readonly structured: boolean
  /** What the request with a cookie reads: undefined if there is no such request, or it reads nothing. */
  readonly reading: (cookie: bigint) => { readonly offset: number; readonly length: number } | undefined
}

type State =
  | { readonly at: 'header' }
  | {
      readonly at: 'chunk'
      readonly type: number
      readonly cookie: bigint
      readonly done: boolean
      readonly length: number
    }
  | { readonly at: 'data'; readonly cookie: bigint; readonly done: boolean; offset: Wide; left: number }
  | { readonly at: 'broken'; readonly reason: string }

const header: State = { at: 'header' }

/** The most extents that we take in a reply, and what they take. */
const mostStatusBytes = 8 * 2 ** 20
const mostErrorBytes = 6 + 8 + 0xffff

/**
 * Reads replies as a client gets them. Data are handed on as they come, so they are never held here; of everything else,
 * no more is held than makes sense.
 */
export class ReplyParser {
  readonly #intake: ByteIntake
  readonly #options: ReplyParserOptions
  #state: State = header

  constructor(intake: ByteIntake, options: ReplyParserOptions) {
    this.#intake = intake
    this.#options = options
  }

  /** Whether a reply has begun and is not yet whole. */
  get amid(): boolean {
    return this.#state.at !== 'header' || this.#intake.size > 0
  }

  /** The next part; undefined if it is not there yet. Nothing comes after a broken one. */
  next(): ReplyPart | undefined {
    switch (this.#state.at) {
      case 'header':
        return this.#readHeader()
      case 'chunk':
        return this.#readChunk(this.#state)
      case 'data':
        return this.#readData(this.#state)
      case 'broken':
        return { kind: 'broken', reason: this.#state.reason }
    }
  }

  #readHeader(): ReplyPart | undefined {
    if (this.#intake.size < 16) return undefined
    const bytes = this.#intake.take(16)!
    const magic = readU32(bytes, 0)
    const cookie = readU64(bytes, 8)
    if (magic === magics.simpleReply) return this.#simple(cookie, readU32(bytes, 4))
    if (magic !== magics.structuredReply || !this.#options.structured) {
      return this.#break(`invalid magic (got 0x${magic.toString(16)})`)
    }
    const done = (readU16(bytes, 4) & chunkDone) !== 0
    this.#state = { at: 'chunk', type: readU16(bytes, 6), cookie, done, length: -1 }
    return this.next()
  }

  #simple(cookie: bigint, error: number): ReplyPart | undefined {
    if (error !== 0) return { kind: 'error', cookie, done: true, error, message: '' }
    const reading = this.#options.reading(cookie)
    if (reading === undefined || reading.length === 0) return { kind: 'done', cookie, done: true }
    if (this.#options.structured) {
      return this.#break('Protocol error: simple reply when structured reply chunk was expected')
    }
    this.#state = { at: 'data', cookie, done: true, offset: reading.offset, left: reading.length }
    return this.next()
  }

  #readChunk(state: Extract<State, { at: 'chunk' }>): ReplyPart | undefined {
    let { length } = state
    const { type, cookie, done } = state
    if (length < 0) {
      const bytes = this.#intake.take(4)
      if (bytes === undefined) return undefined
      length = readU32(bytes, 0)
      const wrong = wrongLength(type, length, done)
      if (wrong !== undefined) return this.#break(wrong)
      this.#state = { ...state, length }
    }
    if (type === chunkTypes.offsetData) {
      const bytes = this.#intake.take(8)
      if (bytes === undefined) return undefined
      this.#state = { at: 'data', cookie, done, offset: readWide(bytes, 0), left: length - 8 }
      return this.next()
    }
    const bytes = this.#intake.take(length)
    if (bytes === undefined) return undefined
    this.#state = header
    const part = readPayload(type, bytes, { cookie, done })
    return part.kind === 'broken' ? this.#break(part.reason) : part
  }

  #readData(state: Extract<State, { at: 'data' }>): ReplyPart | undefined {
    const bytes = this.#intake.takeUpTo(state.left)
    if (bytes.byteLength === 0) return undefined
    const { cookie, offset } = state
    state.left -= bytes.byteLength
    state.offset = typeof offset === 'bigint' ? offset + BigInt(bytes.byteLength) : offset + bytes.byteLength
    if (state.left === 0) this.#state = header
    return { kind: 'data', cookie, done: state.done && state.left === 0, offset, bytes }
  }

  #break(reason: string): ReplyPart {
    this.#state = { at: 'broken', reason }
    return { kind: 'broken', reason }
  }
}

/** What is wrong with the length of a chunk, before its payload has come. */
function wrongLength(type: number, length: number, done: boolean): string | undefined {
  switch (type) {
    case chunkTypes.none:
      if (!done) return 'Protocol error: NBD_REPLY_TYPE_NONE chunk without NBD_REPLY_FLAG_DONE flag set'
      if (length > 0) return 'Protocol error: NBD_REPLY_TYPE_NONE chunk with nonzero length'
      return undefined
    case chunkTypes.offsetData:
      if (length <= 8) return 'Protocol error: invalid payload for NBD_REPLY_TYPE_OFFSET_DATA'
      return length - 8 > largestTransfer ? tooLarge : undefined
    case chunkTypes.offsetHole:
      return length === 12 ? undefined : 'Protocol error: invalid payload for NBD_REPLY_TYPE_OFFSET_HOLE'
    case chunkTypes.blockStatus:
      if (length < 12 || length % 8 !== 4) return 'Protocol error: invalid payload for NBD_REPLY_TYPE_BLOCK_STATUS'
      return length > mostStatusBytes ? tooLarge : undefined
    default:
      if (!isErrorChunk(type)) return `Unexpected reply type: ${type} (${chunkName(type)})`
      if (length < 6) return 'Protocol error: invalid payload for structured error'
      return length > mostErrorBytes ? tooLarge : undefined
  }
}

const tooLarge = 'Payload too large'

function readPayload(type: number, bytes: Uint8Array, of: Part): ReplyPart {
  switch (type) {
    case chunkTypes.none:
      return { kind: 'done', ...of }
    case chunkTypes.offsetHole: {
      const length = readU32(bytes, 8)
      if (length === 0) return broken('Protocol error: invalid payload for NBD_REPLY_TYPE_OFFSET_HOLE')
      return { kind: 'hole', ...of, offset: readWide(bytes, 0), length }
    }
    case chunkTypes.blockStatus:
      return { kind: 'status', ...of, context: readU32(bytes, 0), extents: readExtents(bytes) }
    default:
      return readError(bytes, of)
  }
}

function readExtents(bytes: Uint8Array): Extent[] {
  const extents: Extent[] = []
  for (let at = 4; at < bytes.byteLength; at += 8) {
    extents.push({ length: readU32(bytes, at), flags: readU32(bytes, at + 4) })
  }
  return extents
}

function readError(bytes: Uint8Array, of: Part): ReplyPart {
  const error = readU32(bytes, 0)
  const end = 6 + readU16(bytes, 4)
  if (error === 0) return broken('Protocol error: server sent structured error chunk with error = 0')
  if (end > bytes.byteLength) {
    return broken('Protocol error: server sent structured error chunk with incorrect message size')
  }
  return { kind: 'error', ...of, error, message: toText(bytes.subarray(6, end)) }
}

function broken(reason: string): ReplyPart {
  return { kind: 'broken', reason }
}
