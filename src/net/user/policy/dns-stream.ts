import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { HostTarget } from '../host-address.ts'

/** Messages over TCP have their length ahead (RFC 1035, 4.2.2). */
const prefixLength = 2

export interface DnsStreamParts {
  readonly resolver: HostTarget
  /** What is answered in the resolver's place; undefined if the question may pass. */
  readonly answerTo: (question: Buffer) => Buffer | undefined
  /** The resolver has answered. */
  readonly answered: (message: Buffer) => void
}

/** A connection of the guest's with the name server: each question passes, or is answered here. */
export class DnsStream extends Duplex {
  readonly #parts: DnsStreamParts
  /** There as soon as a question has passed. */
  #resolver: Socket | undefined
  readonly #questions = new DnsFrames()
  readonly #answers = new DnsFrames()

  constructor(parts: DnsStreamParts) {
    super({ allowHalfOpen: true })
    this.#parts = parts
  }

  override _read(): void {
    this.#resolver?.resume()
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    const passing: Buffer[] = []
    for (const question of this.#questions.add(bytes)) {
      const answer = this.#parts.answerTo(question)
      if (answer === undefined) passing.push(framed(question))
      else if (answer.length > 0) this.push(framed(answer))
    }
    if (passing.length === 0) done()
    else this.#open().write(Buffer.concat(passing), () => done())
  }

  override _final(done: () => void): void {
    if (this.#resolver === undefined) this.push(null)
    else this.#resolver.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#resolver?.destroy()
    done(error)
  }

  #open(): Socket {
    if (this.#resolver !== undefined) return this.#resolver
    const { address, port } = this.#parts.resolver
    const resolver = connect({ host: address, port, allowHalfOpen: true })
    resolver.on('data', (bytes: Buffer) => {
      for (const answer of this.#answers.add(bytes)) {
        this.#parts.answered(answer)
        if (!this.push(framed(answer))) resolver.pause()
      }
    })
    resolver.on('end', () => this.push(null))
    resolver.on('error', () => this.destroy())
    resolver.on('close', () => {
      if (!resolver.readableEnded) this.destroy()
    })
    this.#resolver = resolver
    return resolver
  }
}

/** Takes messages out of a stream; what is not whole yet waits, 64 KiB at the most. */
class DnsFrames {
  #waiting = Buffer.alloc(0)

  add(bytes: Buffer): Buffer[] {
    let rest = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes])
    const messages: Buffer[] = []
    while (rest.length >= prefixLength) {
      const end = prefixLength + rest.readUInt16BE(0)
      if (rest.length < end) break
      messages.push(rest.subarray(prefixLength, end))
      rest = rest.subarray(end)
    }
    this.#waiting = Buffer.from(rest)
    return messages
  }
}

function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(prefixLength + message.length)
  frame.writeUInt16BE(message.length, 0)
  frame.set(message, prefixLength)
  return frame
}
