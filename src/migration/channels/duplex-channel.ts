import { closeSync } from 'node:fs'
import { deferred } from '../../async/index.ts'
import { reasonText } from '../../errno/index.ts'
import type { Duplex } from '../../transport/index.ts'
import { MigrationError } from '../migration-error.ts'
import type { Channel } from './channel.ts'

/** What a migration fails with whose connection has been broken on request. */
export function brokenPipe(): MigrationError {
  return new MigrationError('channel', 'Unable to write to socket: Broken pipe')
}

/** Bytes that wait to be read, before the peer has to wait. */
const readAhead = 1 << 20

/** Descriptors that may come: more are closed. */
const mostDescriptors = 4096

/** A stream through a socket, or through anything else that is a `Duplex`. */
export class DuplexChannel implements Channel {
  readonly answers: boolean
  readonly isPipe: boolean
  readonly #duplex: Duplex
  readonly #noun: string
  readonly #received: Buffer[] = []
  /** What goes along with what is written next, and what has come along. */
  readonly #attached: number[] = []
  readonly #descriptors: number[] = []
  #waiting = 0
  #ended = false
  #finishing = false
  #reason: Error | undefined
  /** Somebody waits for bytes, or for room. */
  #wake = deferred()

  /** @param noun what this is in complaints: a socket, a command */
  constructor(
    duplex: Duplex,
    options: { readonly answers: boolean; readonly noun: string; readonly isPipe?: boolean },
  ) {
    this.answers = options.answers
    this.isPipe = options.isPipe === true
    this.#duplex = duplex
    this.#noun = options.noun
    duplex.start({
      takesDescriptors: true,
      data: (chunk, descriptors = []) => {
        for (const one of descriptors)
          if (this.#descriptors.length < mostDescriptors) this.#descriptors.push(one)
          else closeSync(one)
        this.#received.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
        this.#waiting += chunk.length
        if (this.#waiting >= readAhead) duplex.pause()
        this.#rouse()
      },
      drain: () => this.#rouse(),
      end: () => {
        this.#ended = true
        this.#rouse()
      },
      closed: (reason) => {
        this.#ended = true
        this.#reason ??= reason ?? new Error('Broken pipe')
        for (const one of this.#descriptors.splice(0)) closeSync(one)
        this.#rouse()
      },
    })
  }

  readonly write = async (...pieces: readonly Uint8Array[]): Promise<void> => {
    for (const piece of pieces) {
      this.#requireOpen()
      if (piece.length > 0 && !this.#duplex.write(piece, this.#attached.splice(0)))
        while (this.#duplex.buffered > 0 && this.#reason === undefined) await this.#wake.promise
    }
    this.#requireOpen()
  }

  readonly read = async (length: number): Promise<Buffer> => {
    const taken: Buffer[] = []
    let missing = length
    while (missing > 0) {
      const chunk = this.#received.shift()
      if (chunk === undefined) {
        if (this.#reason instanceof MigrationError) throw this.#reason
        if (this.#ended) break
        this.#duplex.resume()
        await this.#wake.promise
        continue
      }
      const piece = chunk.length > missing ? chunk.subarray(0, missing) : chunk
      if (piece.length < chunk.length) this.#received.unshift(chunk.subarray(piece.length))
      this.#waiting -= piece.length
      missing -= piece.length
      taken.push(piece)
    }
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken)
  }

  get passesDescriptors(): boolean {
    return this.#duplex.passesDescriptors
  }

  attach(descriptor: number): void {
    this.#attached.push(descriptor)
  }

  takeDescriptor(): number | undefined {
    return this.#descriptors.shift()
  }

  /** Whether bytes wait to be sent, or may still come. */
  get unsent(): boolean {
    return !this.#finishing || this.#duplex.buffered > 0
  }

  async finish(): Promise<void> {
    this.#finishing = true
    await this.#duplex.close()
    if (this.#reason instanceof MigrationError) throw this.#reason
  }

  yank(): void {
    if (this.#noun === 'socket') void this.destroy(brokenPipe())
  }

  async destroy(reason: Error): Promise<void> {
    this.#reason ??= reason
    this.#ended = true
    this.#duplex.destroy(reason)
    this.#rouse()
    await this.#duplex.closed
  }

  #requireOpen(): void {
    if (this.#reason === undefined) return
    if (this.#reason instanceof MigrationError) throw this.#reason
    throw new MigrationError('channel', `Unable to write to ${this.#noun}: ${reasonText(this.#reason)}`, this.#reason)
  }

  #rouse(): void {
    this.#wake.resolve()
    this.#wake = deferred()
  }
}
