import type { NetClient } from './net-client.ts'

/** Frames that wait for a port that has no room. */
const mostWaiting = 256

/** A hub: what comes in at one port goes out at all others. */
export class Hub {
  readonly id: number
  readonly #ports: { readonly client: NetClient; waiting: Uint8Array[] }[] = []

  constructor(id: number) {
    this.id = id
  }

  /** Its ports, the newest first. */
  ports(): readonly NetClient[] {
    return this.#ports.map(({ client }) => client).reverse()
  }

  get empty(): boolean {
    return this.#ports.length === 0
  }

  /** Makes a client a port of it; the result takes it out again. */
  add(client: NetClient): () => void {
    const port = { client, waiting: [] as Uint8Array[] }
    this.#ports.push(port)
    client.end = {
      receive: (frame) => this.#spread(port, frame),
      resume: () => {
        let sent = 0
        while (sent < port.waiting.length && client.send(port.waiting[sent]!)) sent++
        port.waiting.splice(0, sent)
        // Between two, each waits for the other.
        if (port.waiting.length === 0) for (const other of this.#ports) if (other !== port) other.client.ready()
      },
    }
    return () => void this.#ports.splice(this.#ports.indexOf(port), 1)
  }

  #spread(from: { readonly client: NetClient }, frame: Uint8Array): boolean {
    const others = this.#ports.filter((port) => port !== from)
    if (others.length === 1) return others[0]!.client.send(frame)
    for (const { client, waiting } of others) {
      if (waiting.length === 0 && client.send(frame)) continue
      // Among several, who is slow loses frames, and holds nobody.
      if (waiting.length < mostWaiting) waiting.push(frame)
      else client.lost('sent')
    }
    return true
  }
}
