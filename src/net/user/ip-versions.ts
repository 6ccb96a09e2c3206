import { isHostMac, readEthernet } from './ethernet.ts'
import type { IpHeader, IpLayer, IpPacket, IpSender, Refusal } from './ip-packet.ts'

/** Both versions of IP, or one: each datagram goes by the one that its addresses are of. */
export class IpVersions implements IpSender {
  readonly #v4: IpLayer<number> | undefined
  readonly #v6: IpLayer<bigint> | undefined

  constructor(v4: IpLayer<number> | undefined, v6: IpLayer<bigint> | undefined) {
    this.#v4 = v4
    this.#v6 = v6
  }

  /** A frame of the guest. */
  receive(bytes: Uint8Array): void {
    const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const ethernet = readEthernet(frame)
    if (ethernet === undefined || !isHostMac(ethernet.source)) return
    this.#v4?.receive(ethernet, frame)
    this.#v6?.receive(ethernet, frame)
  }

  send(header: IpHeader, payload: Buffer): void {
    this.#of(header)?.send(header, payload)
  }

  compose(header: IpHeader, payloadLength: number, fill: (frame: Buffer, at: number, end: number) => void): void {
    this.#of(header)?.compose(header, payloadLength, fill)
  }

  refuse(packet: IpPacket, why: Refusal): void {
    this.#of(packet)?.refuse(packet, why)
  }

  close(): void {
    this.#v4?.close()
    this.#v6?.close()
  }

  #of({ destination }: Pick<IpHeader, 'destination'>): IpSender | undefined {
    return typeof destination === 'number' ? this.#v4 : this.#v6
  }
}
