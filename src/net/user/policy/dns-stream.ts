import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { HostTarget } from '../host-address.ts'

/** Messages over TCP have their length ahead (RFC 1035, 4.2.2). */
const prefixLength = 2
const longestMessage = 0xffff
/** Nobody asks more: what waits for its end is held for each connection. */
const longestQuestion = 4096

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
  readonly #questions = new DnsFrames(longestQuestion)
  readonly #answers = new DnsFrames(longestMessage)
  /** What is done as soon as the guest has read its refusals. */
  #waiting: (() => void) | undefined
  /** The resolver has ended its half, and so has this: nothing is answered any more, whoever were to answer. */
  #over = false

  constructor(parts: DnsStreamParts) {
    super({ allowHalfOpen: true })
    this.#parts = parts
  }

  override _read(): void {
    this.#resolver?.resume()
    this.#goOn()
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    if (this.#over) {
      done()
      return
    }
    const questions = this.#questions.add(bytes)
    if (questions === undefined) {
      this.destroy()
      return
    }
    const passing: Buffer[] = []
    let hasRoom = true
    for (const question of questions) {
      const answer = this.#parts.answerTo(question)
      if (answer === undefined) passing.push(framed(question))
      else if (answer.length > 0) hasRoom = this.push(framed(answer))
    }
    const pass = (): void => {
      if (this.#over || passing.length === 0) done()
      else this.#open().write(Buffer.concat(passing), () => done())
    }
    // Who asks without reading waits.
    if (hasRoom) pass()
    else this.#waiting = pass
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

  #goOn(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  #open(): Socket {
    if (this.#resolver !== undefined) return this.#resolver
    const { address, port } = this.#parts.resolver
    const resolver = connect({ host: address, port, allowHalfOpen: true })
    resolver.on('data', (bytes: Buffer) => {
      for (const answer of this.#answers.add(bytes) ?? []) {
        this.#parts.answered(answer)
        if (!this.push(framed(answer))) resolver.pause()
      }
    })
    resolver.on('end', () => {
      this.#over = true
      this.push(null)
      resolver.end()
      this.#goOn()
    })
    resolver.on('error', () => {
      if (!this.#over) this.destroy()
    })
    resolver.on('close', () => {
      if (!resolver.readableEnded) this.destroy()
    })
    this.#resolver = resolver
    return resolver
  }
}

/** Takes messages out of a stream; what is not whole yet waits. */
class DnsFrames {
  readonly #longest: number
  #waiting = Buffer.alloc(0)

  constructor(longest: number) {
    this.#longest = longest
  }

  /** @returns the messages that are whole now; undefined if one is longer than any may be */
  add(bytes: Buffer): Buffer[] | undefined {
    let rest = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes])
    const messages: Buffer[] = []
    while (rest.length >= prefixLength) {
      const length = rest.readUInt16BE(0)
      if (length > this.#longest) return undefined
      const end = prefixLength + length
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
