import { concatenate, counted, readU16, readU32, toBytes, toText, u16, u32, u64 } from './big-endian.ts'
import { longestName, magics, optionName } from './wire-values.ts'

/** An option, as a client sends it. */
export function clientOption(option: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concatenate(u64(magics.option), u32(option, payload.byteLength), payload)
}

/** INFO and GO: which export, and what a client wants to know of it. */
export interface InfoRequest {
  readonly name: string
  /** Kinds of information, of `infos`. */
  readonly wanted: readonly number[]
}

/** LIST_META_CONTEXT and SET_META_CONTEXT. */
export interface MetaContextRequest {
  readonly name: string
  readonly queries: readonly string[]
}

/** What an option says, or what is wrong with it in QEMU's words. */
export type Read<T> = { readonly value: T } | { readonly problem: string }

export function infoRequest({ name, wanted }: InfoRequest): Uint8Array {
  return concatenate(counted(name), u16(wanted.length), ...wanted.map(u16))
}

export function readInfoRequest(option: number, payload: Uint8Array): Read<InfoRequest> {
  return readPayload(option, payload, (cursor) => {
    const name = cursor.name()
    const count = cursor.u16()
    const wanted = Array.from({ length: count }, () => cursor.u16())
    cursor.end()
    return { name, wanted }
  })
}

export function metaContextRequest({ name, queries }: MetaContextRequest): Uint8Array {
  return concatenate(counted(name), u32(queries.length), ...queries.map(counted))
}

/** Of a SET or LIST, only the name of the export: it is looked at before the rest. */
export function readContextExport(option: number, payload: Uint8Array): Read<string> {
  return readPayload(option, payload, (cursor) => cursor.name())
}

/** Queries that are longer than names may be are left out: nothing fits them. What follows the last one is left alone. */
export function readMetaContextRequest(option: number, payload: Uint8Array): Read<MetaContextRequest> {
  return readPayload(option, payload, (cursor) => {
    const name = cursor.name()
    const count = cursor.u32()
    const queries: string[] = []
    for (let index = 0; index < count; index++) {
      const query = cursor.query()
      if (query !== undefined) queries.push(query)
    }
    return { name, queries }
  })
}

class Problem extends Error {}

function readPayload<T>(option: number, payload: Uint8Array, read: (cursor: PayloadCursor) => T): Read<T> {
  try {
    return { value: read(new PayloadCursor(option, payload)) }
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message }
    throw error
  }
}

/** Reads the bytes of an option one after the other. */
class PayloadCursor {
  readonly #option: number
  readonly #payload: Uint8Array
  #at = 0

  constructor(option: number, payload: Uint8Array) {
    this.#option = option
    this.#payload = payload
  }

  u16(): number {
    return readU16(this.#take(2), 0)
  }

  u32(): number {
    return readU32(this.#take(4), 0)
  }

  name(): string {
    const length = this.u32()
    if (length > longestName) throw new Problem(`Invalid name length: ${length}`)
    return this.#text(length)
  }

  query(): string | undefined {
    const length = this.u32()
    if (length <= longestName) return this.#text(length)
    this.#take(length)
    return undefined
  }

  end(): void {
    if (this.#at === this.#payload.byteLength) return
    throw new Problem(unexpectedLength(this.#option))
  }

  #text(length: number): string {
    const bytes = this.#take(length)
    if (bytes.includes(0)) throw new Problem(`Unexpected embedded NUL in option ${optionName(this.#option)}`)
    return toText(bytes)
  }

  #take(count: number): Uint8Array {
    const end = this.#at + count
    if (end > this.#payload.byteLength) throw new Problem(`Inconsistent lengths in option ${optionName(this.#option)}`)
    const bytes = this.#payload.subarray(this.#at, end)
    this.#at = end
    return bytes
  }
}

export function unexpectedLength(option: number): string {
  return `option '${optionName(option)}' has unexpected length`
}

/** What a server answers to an option. */
export function optionReply(option: number, type: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concatenate(u64(magics.optionReply), u32(option, type, payload.byteLength), payload)
}

/** A refusal, with words for a person. */
export function optionError(option: number, type: number, message: string): Uint8Array {
  return optionReply(option, type, toBytes(message))
}
