import type { Socket } from 'node:net'
import { setImmediate } from '../timers/index.ts'
import { loadScmRights, type Received, type ScmRights } from './scm-rights.ts'
import { SocketWire } from './socket-wire.ts'
import type { DescriptorLink, WireReceiver } from './wire.ts'

/** What is used of the handle inside a socket of Node's; undocumented, but the same in every release since 12. */
interface StreamHandle {
  readonly fd: number
  onread: () => void
  useUserBuffer(buffer: Uint8Array): void
  readStart(): number
  readStop(): number
}

/**
 * A unix socket that receives descriptors.
 *
 * Node reads its sockets with `read`, which drops descriptors without a word. Here Node only waits: it is given a buffer
 * of no bytes, finds no room to read to, and calls `onread` all the same whenever there is something; then `recvmsg`
 * fetches bytes and descriptors together. Sending, ending and closing stay with Node.
 *
 * The native part is loaded when the first socket begins to receive, a turn after the connection was handed out, so that
 * a first greeting does not wait for it. Where it cannot be loaded, Node reads.
 */
export class MessageWire extends SocketWire {
  /** Who reads: decided when the native part has been looked for. */
  #reader: 'undecided' | 'node' | { readonly handle: StreamHandle; readonly rights: ScmRights } = 'undecided'
  #paused = false

  override get descriptors(): DescriptorLink | undefined {
    const handle = handleOf(this.socket)
    const rights = handle === undefined ? undefined : loadScmRights()
    if (handle === undefined || rights === undefined) return undefined
    return {
      send: (bytes, descriptors) => rights.send(handle.fd, bytes, descriptors),
      duplicate: (descriptor) => rights.duplicate(descriptor),
    }
  }

  override receive(receiver: WireReceiver): void {
    setImmediate(() => {
      if (!this.socket.destroyed) this.#begin(receiver)
    })
  }

  /** Sends at once what the system takes at once: what is left, and what comes before descriptors pass, Node sends. */
  override send(bytes: Uint8Array | string, sent: () => void): boolean {
    const reader = this.#reader
    if (typeof reader === 'string' || this.socket.destroyed) return super.send(bytes, sent)
    let rest: Uint8Array | string | undefined
    try {
      rest = reader.rights.sendAtOnce(reader.handle.fd, bytes)
    } catch (error) {
      this.socket.destroy(error as Error)
      return false
    }
    return rest === undefined || super.send(rest, sent)
  }

  override pause(): void {
    this.#paused = true
    if (this.#reader === 'node') super.pause()
    else if (this.#reader !== 'undecided') this.#reader.handle.readStop()
  }

  override resume(): void {
    this.#paused = false
    if (this.#reader === 'node') super.resume()
    else if (this.#reader !== 'undecided' && !this.socket.destroyed) this.#reader.handle.readStart()
  }

  #begin(receiver: WireReceiver): void {
    const handle = handleOf(this.socket)
    const rights = handle === undefined ? undefined : loadScmRights()
    if (handle === undefined || rights === undefined) {
      this.#reader = 'node'
      super.receive(receiver)
      if (this.#paused) super.pause()
      return
    }
    this.#reader = { handle, rights }
    handle.useUserBuffer(Buffer.alloc(0))
    handle.onread = () => {
      if (!this.socket.destroyed) this.#fetch(handle, rights, receiver)
    }
    if (!this.#paused) handle.readStart()
  }

  #fetch(handle: StreamHandle, rights: ScmRights, receiver: WireReceiver): void {
    let received: Received
    try {
      received = rights.receive(handle.fd)
    } catch (error) {
      this.socket.destroy(error as Error)
      return
    }
    if (received === 'again') return
    if (received === 'end') {
      handle.readStop()
      receiver.end()
    } else if (received.descriptors.length === 0) receiver.data(received.chunk)
    else receiver.data(received.chunk, received.descriptors)
  }
}

/** The handle of an open socket, if it is made as expected. */
function handleOf(socket: Socket): StreamHandle | undefined {
  const { _handle: handle } = socket as { _handle?: Partial<StreamHandle> | null }
  if (handle === undefined || handle === null || socket.destroyed) return undefined
  const { fd, useUserBuffer, readStart, readStop } = handle
  const asExpected =
    typeof fd === 'number' &&
    fd >= 0 &&
    [useUserBuffer, readStart, readStop].every((each) => typeof each === 'function')
  return asExpected ? (handle as StreamHandle) : undefined
}
