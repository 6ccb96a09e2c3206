import type { Socket } from 'node:net'
import type { DescriptorLink, Wire, WireReceiver } from './wire.ts'

/** A socket of Node's: every transport but memory, where descriptors cannot or need not be passed. */
export class SocketWire implements Wire {
  protected readonly socket: Socket

  constructor(socket: Socket) {
    this.socket = socket
  }

  get descriptors(): DescriptorLink | undefined {
    return undefined
  }

  receive(receiver: WireReceiver): void {
    this.socket.on('data', (chunk: Buffer) => receiver.data(chunk))
    this.socket.on('end', () => receiver.end())
    this.socket.resume()
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  send(bytes: Uint8Array | string, sent: () => void): boolean {
    this.socket.write(bytes, (error) => {
      if (error === undefined || error === null) sent()
    })
    return false
  }

  end(ended: () => void): void {
    this.socket.end(ended)
  }

  destroy(): void {
    this.socket.destroy()
  }

  onBroken(broken: (reason?: Error) => void): void {
    let reason: Error | undefined
    this.socket.on('error', (error) => {
      reason = error
    })
    this.socket.on('close', () => broken(reason))
  }
}
