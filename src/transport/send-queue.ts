/** How many bytes may wait to be sent before `write()` asks for patience. */
export const highWaterMark = 64 * 1024

/** Bytes that are not copied to be sent together with others. */
const large = 32 * 1024

/** Bytes that are sent together; the descriptors go with the first of them. */
export interface Parcel {
  readonly bytes: Uint8Array | string
  readonly descriptors: readonly number[]
}

interface Pending {
  parts: (Uint8Array | string)[]
  readonly descriptors: readonly number[]
}

/**
 * What is written in one go, gathered: one system call then sends many small messages. Bytes that come with descriptors
 * begin a new parcel.
 */
export class SendQueue {
  #pending: Pending[] = []
  #size = 0
  readonly #together: number

  /** @param options - `apart`: nothing is gathered, each push is a parcel */
  constructor({ apart = false }: { readonly apart?: boolean } = {}) {
    this.#together = apart ? 0 : large
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#size
  }

  get empty(): boolean {
    return this.#pending.length === 0
  }

  /** The descriptors of the parcel that is next. */
  get nextDescriptors(): readonly number[] {
    return this.#pending[0]?.descriptors ?? []
  }

  push(bytes: Uint8Array | string, descriptors: readonly number[] = []): void {
    if (bytes.length === 0) return
    this.#size += sizeOf(bytes)
    const last = this.#pending.at(-1)
    if (last === undefined || descriptors.length > 0) this.#pending.push({ parts: [bytes], descriptors })
    else last.parts.push(bytes)
  }

  /** Takes the next parcel out; there must be one. What is large goes alone: to copy it would cost more than a call. */
  take(): Parcel {
    const next = this.#pending[0]
    if (next === undefined) throw new Error('the queue is empty')
    const { parts, descriptors } = next
    let count = 1
    const together = this.#together
    if (parts[0]!.length < together) while (count < parts.length && parts[count]!.length < together) count++
    if (count === parts.length) this.#pending.shift()
    else this.#pending[0] = { parts: parts.slice(count), descriptors: [] }
    const bytes = joined(count === parts.length ? parts : parts.slice(0, count))
    this.#size -= sizeOf(bytes)
    return { bytes, descriptors }
  }

  /** Puts what could not be sent of a parcel back to the front. */
  putBack({ bytes, descriptors }: Parcel): void {
    this.#size += sizeOf(bytes)
    this.#pending.unshift({ parts: [bytes], descriptors })
  }

  /** Drops everything; returns the descriptors that were to go. */
  clear(): number[] {
    const descriptors = this.#pending.flatMap((pending) => pending.descriptors)
    this.#pending = []
    this.#size = 0
    return descriptors
  }
}

/** How many bytes it takes to send this. */
export function sizeOf(bytes: Uint8Array | string): number {
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
}

function joined(parts: readonly (Uint8Array | string)[]): Uint8Array | string {
  if (parts.length === 1) return parts[0]!
  if (parts.every((part) => typeof part === 'string')) return parts.join('')
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}
