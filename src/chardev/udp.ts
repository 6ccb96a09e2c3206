import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { reasonText, systemCode } from '../errno/index.ts'
import {
  type DescriptorLink,
  type Duplex,
  type InetTarget,
  resolveInet,
  type Wire,
  WireDuplex,
  type WireReceiver,
} from '../transport/index.ts'
import { ChardevError } from './chardev-error.ts'

/** So many datagrams are kept for a reader that pauses; what comes beyond them is lost, as datagrams may be. */
const mostWaiting = 64

/**
 * Datagrams to and from one address: what is written in one go is one datagram.
 *
 * @throws {TransportError} `resolve`, if a name or a port means nothing
 * @throws {ChardevError} `open`, if the address on this side cannot be had
 */
export async function openUdp(remote: InetTarget, local: InetTarget | undefined): Promise<Duplex> {
  const there = await resolveInet(remote, 'connect')
  const peer = there.addresses[0]!
  const here = local === undefined ? undefined : await resolveInet({ ...local, host: local.host ?? '' }, 'bind')
  const own = here?.addresses.find(({ family }) => family === peer.family)
  const socket = createSocket({ type: peer.family === 6 ? 'udp6' : 'udp4' })
  try {
    socket.bind({
      port: here?.port ?? 0,
      ...(own === undefined || local?.host === undefined ? {} : { address: own.address }),
    })
    await once(socket, 'listening')
    socket.connect(there.port, peer.address)
    await once(socket, 'connect')
  } catch (error) {
    socket.close()
    const out = ['EMFILE', 'ENFILE'].includes(systemCode(error) ?? '')
    const what = out ? `Failed to create socket family ${peer.family === 6 ? 10 : 2}` : 'Failed to bind socket'
    throw new ChardevError('open', `${what}: ${reasonText(error)}`, error)
  }
  return new WireDuplex(new DatagramWire(socket), { kind: 'inet' })
}

class DatagramWire implements Wire {
  readonly descriptors: DescriptorLink | undefined = undefined
  readonly #socket: Socket
  #receiver: WireReceiver | undefined
  #waiting: Buffer[] = []
  #state: 'flowing' | 'paused' | 'gone' = 'paused'
  #broken: (reason?: Error) => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (datagram) => this.#take(datagram))
    // Nobody listens there now, or the network is down: the next datagram may arrive.
    socket.on('error', () => undefined)
  }

  onBroken(broken: (reason?: Error) => void): void {
    this.#broken = broken
  }

  receive(receiver: WireReceiver): void {
    this.#receiver = receiver
    this.resume()
  }

  pause(): void {
    if (this.#state === 'flowing') this.#state = 'paused'
  }

  resume(): void {
    if (this.#state === 'gone') return
    this.#state = 'flowing'
    while (this.#isFlowing() && this.#waiting.length > 0) this.#receiver?.data(this.#waiting.shift()!)
  }

  send(bytes: Uint8Array | string, sent: () => void): boolean {
    this.#socket.send(bytes, () => {
      if (this.#state !== 'gone') sent()
    })
    return false
  }

  end(ended: () => void): void {
    process.nextTick(ended)
  }

  destroy(): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#waiting = []
    this.#socket.close(() => this.#broken())
  }

  #take(datagram: Buffer): void {
    if (this.#state === 'flowing') this.#receiver?.data(datagram)
    else if (this.#state === 'paused' && this.#waiting.length < mostWaiting) this.#waiting.push(datagram)
  }

  /** Asked anew each time: who takes a datagram may pause. */
  #isFlowing(): boolean {
    return this.#state === 'flowing'
  }
}
