import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Where in a stream of migration something happens. */
export interface Place {
  /** The section's name; `head` is before the first, `end` behind the last. */
  readonly section: string
  /** Which of those of that name, from 0; the last, if there are fewer. */
  readonly number: number
  /** How far in the section, as a part of its length. */
  readonly part: number
}

/** Tells what bytes are of, as they go by. */
class SectionTracker {
  #pending = Buffer.alloc(0)
  #section: { readonly name: string; readonly number: number; readonly length: number } | undefined
  #at = 0
  readonly #counts = new Map<string, number>()

  /** @param begins - whether the head of a stream is first */
  constructor(begins: boolean) {
    if (begins) this.#begin('head', 19)
  }

  /** Pieces of what has come, each of one section. */
  *pieces(chunk: Buffer) {
    this.#pending = Buffer.concat([this.#pending, chunk])
    for (;;) {
      if (this.#section === undefined && !this.#identify()) return
      const section = this.#section!
      const bytes = this.#pending.subarray(0, section.length - this.#at)
      if (bytes.length === 0) return
      this.#pending = this.#pending.subarray(bytes.length)
      yield { ...section, at: this.#at, bytes }
      this.#at += bytes.length
      if (this.#at === section.length) this.#section = undefined
    }
  }

  #identify(): boolean {
    const [kind, nameLength] = this.#pending
    if (this.#pending.length < 12) return false
    if (kind === 0) return this.#begin('end', 12)
    if (this.#pending.length < 12 + nameLength!) return false
    const name = this.#pending.toString('latin1', 12, 12 + nameLength!)
    return this.#begin(name, 16 + nameLength! + this.#pending.readUInt32BE(4))
  }

  #begin(name: string, length: number): true {
    const number = this.#counts.get(name) ?? 0
    this.#counts.set(name, number + 1)
    this.#section = { name, number, length }
    this.#at = 0
    return true
  }
}

/** What happens to the bytes at a place. */
export type Fault = 'cut' | 'flip' | 'delay' | 'slow' | (() => void)

/** A way from one socket to another on which something goes wrong once. */
export class TornWay implements AsyncDisposable {
  /** Whether what was to happen has happened. */
  happened = false
  readonly #server: NetServer
  readonly #sockets: Socket[] = []

  private constructor(from: string, to: string, { place, fault }: { readonly place: Place; readonly fault: Fault }) {
    this.#server = createServer({ allowHalfOpen: true }, (source) => {
      const target = connect({ path: to, allowHalfOpen: true })
      this.#sockets.push(source, target)
      const cut = (): void => {
        source.destroy()
        target.destroy()
      }
      void this.#carry(source, target, { tracker: new SectionTracker(true), place, fault, cut })
      void this.#carry(target, source, { tracker: new SectionTracker(false), place, fault, cut })
    })
    this.#server.listen(from)
  }

  static open(from: string, to: string, what: { readonly place: Place; readonly fault: Fault }): TornWay {
    return new TornWay(from, to, what)
  }

  async #carry(
    from: Socket,
    to: Socket,
    way: { tracker: SectionTracker; place: Place; fault: Fault; cut: () => void },
  ): Promise<void> {
    const { tracker, place, fault, cut } = way
    try {
      for await (const chunk of from) {
        for (const piece of tracker.pieces(chunk as Buffer)) {
          const here = Math.floor(place.part * piece.length) - piece.at
          const hit = piece.name === place.section && piece.number === place.number
          if (this.happened || !hit || here < 0 || here >= piece.bytes.length) {
            if (this.happened && fault === 'slow') await pause(2)
            if (!to.write(piece.bytes)) await drained(to)
            continue
          }
          this.happened = true
          const bytes = Buffer.from(piece.bytes)
          if (fault === 'flip') bytes[here]! ^= 1 << (here % 8)
          to.write(bytes.subarray(0, here))
          if (fault === 'cut') {
            to.end(() => cut()) // what came before has gone
            return
          }
          if (fault === 'delay') await pause(100)
          if (typeof fault === 'function') fault()
          to.write(bytes.subarray(here))
        }
      }
      to.end()
    } catch {
      cut()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Settles when there is room, or nobody takes anything any more. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go)
      resolve()
    }
    socket.on('drain', go).on('close', go)
  })
}
