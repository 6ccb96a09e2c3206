import type { Channel } from './channels/channel.ts'
import { MigrationError } from './migration-error.ts'
import type { Section } from './stream/framing.ts'
import type { ArrivingConnection, MigratedConnections } from './surroundings.ts'

/** Bytes of all of them: more are never on their way. */
const mostBytes = 256 << 20

/** Keeps the guest's connections with others until it is here. */
export class ConnectionsThatCome implements Disposable {
  readonly #connections: Pick<MigratedConnections, 'come'>
  readonly #channel: Pick<Channel, 'takeDescriptor'>
  #arriving: ArrivingConnection[] = []
  #bytes = 0
  #received = 0

  constructor(connections: Pick<MigratedConnections, 'come'>, channel: Pick<Channel, 'takeDescriptor'>) {
    this.#connections = connections
    this.#channel = channel
  }

  /** How many sockets have come. */
  get received(): number {
    return this.#received
  }

  /** @returns whether the section is about a connection. @throws {MigrationError} `stream`, if it is spoilt */
  take({ name, contents }: Section): boolean {
    if (name !== 'connection') return false
    this.#bytes += contents.length
    const passed = contents[0] === 1
    const descriptor = passed ? this.#channel.takeDescriptor?.() : undefined
    if (descriptor !== undefined) this.#received++
    const arriving = this.#connections.come(contents.subarray(1), descriptor)
    if (arriving !== undefined) this.#arriving.push(arriving)
    if (arriving === undefined || this.#bytes > mostBytes) throw new MigrationError('stream', 'the stream is damaged')
    return true
  }

  /** The guest is here. */
  join(): void {
    for (const arriving of this.#arriving.splice(0)) arriving.join()
  }

  [Symbol.dispose](): void {
    for (const arriving of this.#arriving.splice(0)) arriving.drop()
  }
}
