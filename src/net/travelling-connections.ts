import { closeSync } from 'node:fs'
import type { NetSet } from './net-set.ts'
import { packConnection, type SavedConnection, unpackConnection } from './user/saved-connection.ts'
import type { TcpService } from './user/tcp-service.ts'

/** A connection that has left its network. */
export interface LeftConnection {
  /** What it is, for another process. */
  readonly contents: Buffer
  /** Its socket, if that goes along; it stays this object's. */
  readonly descriptor: number | undefined
}

/** Connections that have left their networks, while the machine stands still. */
export interface LeftConnections {
  readonly list: readonly LeftConnection[]
  /** They stay after all. */
  takeBack(): void
  /** Another process has the guest. @param passed - whether it has the sockets that were to go along */
  handOver(passed: boolean): void
}

/** A connection that has come from another process. */
export interface ComeConnection {
  /** It goes on here. */
  join(): void
  /** It is not to come after all. */
  drop(): void
}

/** The guests' TCP connections that are this process's: those of networks of our own. */
export class TravellingConnections {
  readonly #networks: Pick<NetSet, 'users'>

  constructor(networks: Pick<NetSet, 'users'>) {
    this.#networks = networks
  }

  /** Takes them out of their networks: nothing comes and goes. @param passing - whether sockets can go along */
  takeOut(passing: boolean): LeftConnections {
    const networks = this.#networks.users().map(({ client, user }) => ({ name: client.name, tcp: user.tcp }))
    const left = networks.flatMap(({ name, tcp }) => tcp.takeOut(passing).map((one) => ({ name, one })))
    return {
      list: left.map(({ name, one }) => ({
        ...{ contents: named(name, packConnection(one.saved)), descriptor: one.descriptor },
      })),
      takeBack: () => {
        for (const { tcp } of networks) tcp.stay()
        for (const { one } of left) one.takeBack()
      },
      handOver: (passed) => {
        for (const { one } of left) one.handOver(passed)
        for (const { tcp } of networks) tcp.leave()
      },
    }
  }

  /**
   * Looks at a connection that has come.
   *
   * @param descriptor - its socket, which belongs to the result; without one, its guest hears that it is no more, unless
   *   a device of the network is at its other end
   * @returns undefined, if it is none: the descriptor is closed then
   */
  come(contents: Uint8Array, descriptor: number | undefined): ComeConnection | undefined {
    const drop = (): void => {
      if (descriptor !== undefined) closeSync(descriptor)
    }
    const read = readNamed(contents)
    if (read === undefined) {
      drop()
      return undefined
    }
    const join = (): void => {
      const found = this.#tcpOf(read.name)
      if (found === undefined) drop()
      else found.takeOver(read.saved, descriptor)
    }
    return { join, drop }
  }

  #tcpOf(name: string): TcpService | undefined {
    return this.#networks.users().find(({ client }) => client.name === name)?.user.tcp
  }
}

/** Puts the name of the network before what a connection is: 2 bytes with its length, and UTF-8. */
function named(name: string, contents: Buffer): Buffer {
  const bytes = Buffer.from(name)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes, contents])
}

function readNamed(contents: Uint8Array): { readonly name: string; readonly saved: SavedConnection } | undefined {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength)
  if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return undefined
  const end = 2 + bytes.readUInt16BE(0)
  const saved = unpackConnection(bytes.subarray(end))
  return saved && { name: bytes.toString('utf8', 2, end), saved }
}
