import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { duplicate } from '../descriptors/index.ts'
import { NetClient } from './net-client.ts'
import { TravellingConnections } from './travelling-connections.ts'
import { hostClock } from './user/clock.ts'
import { broadcastMac, ethernetLength, etherTypes, newFrame, readEthernet, writeEthernet } from './user/ethernet.ts'
import { addresses, guestMac } from './user/guest-puppet.ts'
import { protocols } from './user/ip-packet.ts'
import { ipv4Length, readIpv4, writeIpv4 } from './user/ipv4.ts'
import { RecordingUser } from './user/tcp/connected-pair.ts'
import { readTcp, tcpLength, writeTcp } from './user/tcp/segment.ts'
import { TcpConnection } from './user/tcp/tcp-connection.ts'
import { UserNet } from './user/user-net.ts'
import { Wire } from './wire.ts'

const guestPort = 5000

/** A guest with one connection, which has another network at its cable when it has moved. */
class MovingGuest {
  readonly user = new RecordingUser()
  readonly connection: TcpConnection
  #wire: Wire | undefined
  #peerPort: number
  #woken: (() => void)[] = []

  constructor(peerPort = 0) {
    this.#peerPort = peerPort
    this.connection = new TcpConnection({
      path: {
        clear: true,
        wait: () => undefined,
        closed: () => undefined,
        send: (head, length, fill) => {
          const bytes = Buffer.alloc(tcpLength(head.options) + length)
          fill(bytes, bytes.length - length)
          const [source, destination] = [addresses.guest, addresses.host]
          const ends = { source, destination, sourcePort: guestPort, destinationPort: this.#peerPort }
          writeTcp(bytes, 0, bytes.length, ends, head)
          const frame = newFrame(ipv4Length + bytes.length)
          frame.set(bytes, ethernetLength + ipv4Length)
          const header = { source, destination, protocol: protocols.tcp, id: 1, payloadLength: bytes.length }
          writeIpv4(frame, ethernetLength, header)
          writeEthernet(frame, { destination: broadcastMac, source: guestMac, type: etherTypes.ipv4 })
          const wire = this.#wire
          setImmediate(() => wire?.left.send(frame)) // a wire takes its time
        },
      },
      user: this.user,
      clock: hostClock,
      pool: { free: 1 << 24 },
      initialSequence: 0xffff_f000,
      mss: 1460,
      windowLimit: () => 65_536,
    })
    this.user.connection = this.connection
  }

  /** Puts it into a network, whose parts it has learnt of before. */
  moveTo({ wire, net }: Home): void {
    this.#wire = wire
    wire.join({ receive: (frame) => this.#wire !== wire || this.#receive(frame) }, net)
    // An ARP request tells the network where the guest is.
    const frame = newFrame(28)
    writeEthernet(frame, { destination: broadcastMac, source: guestMac, type: etherTypes.arp })
    frame.set([0, 1, 8, 0, 6, 4, 0, 1], ethernetLength)
    frame.set(guestMac, ethernetLength + 8)
    frame.writeUInt32BE(addresses.guest, ethernetLength + 14)
    frame.writeUInt32BE(addresses.host, ethernetLength + 24)
    wire.left.send(frame)
  }

  pullOut(): void {
    this.#wire = undefined
  }

  /** Waits until something holds, looking again whenever something has come. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#woken.push(resolve))
  }

  #receive(bytes: Uint8Array): boolean {
    const frame = Buffer.from(bytes)
    if (readEthernet(frame)?.type !== etherTypes.ipv4) return true
    const packet = readIpv4(frame.subarray(ethernetLength))
    const segment = packet && readTcp(packet)
    if (segment === undefined) return true
    this.#peerPort = segment.sourcePort
    if (this.connection.state === 'opening') this.connection.accept(segment)
    else this.connection.receive(segment)
    for (const wake of this.#woken.splice(0)) wake()
    return true
  }
}

interface Home {
  readonly wire: Wire
  readonly net: UserNet
  readonly connections: TravellingConnections
}

function home(t: TestContext): Home {
  const wire = new Wire()
  const { network, mask, host, dns, guest } = addresses
  const net = new UserNet({ network, mask, host, dns, dhcpStart: guest, restrict: false }, wire.right)
  t.after(() => net.close())
  const client = new NetClient('n0', 'user')
  return { wire, net, connections: new TravellingConnections({ users: () => [{ client, user: net }] }) }
}

/** A program on this host with which the guest is connected. */
async function connected(t: TestContext): Promise<{ guest: MovingGuest; first: Home; second: Home; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const guest = new MovingGuest((server.address() as AddressInfo).port)
  const [first, second] = [home(t), home(t)]
  guest.moveTo(first)
  const come = once(server, 'connection') as Promise<[Socket]>
  guest.connection.connect()
  const [peer] = await come
  peer.on('error', () => undefined)
  t.after(() => peer.destroy())
  await guest.until(() => guest.connection.state === 'established')
  return { guest, first, second, peer }
}

function closed(peer: Socket): Promise<void> {
  return new Promise((resolve) => peer.once('close', () => resolve()))
}

/** As a migration does it; whoever takes a descriptor has one of its own. */
function move(guest: MovingGuest, from: Home, to: Home, { passing = true } = {}): void {
  guest.pullOut()
  const left = from.connections.takeOut(passing)
  const come = left.list.map(({ contents, descriptor }) => {
    const one = to.connections.come(contents, descriptor === undefined ? undefined : duplicate(descriptor))
    assert.ok(one !== undefined)
    return one
  })
  left.handOver(true)
  guest.moveTo(to)
  for (const one of come) one.join()
}

describe('connections of a guest that moves to another process', () => {
  it('go on there in both directions', async (t) => {
    const { guest, first, second, peer } = await connected(t)
    guest.connection.write(Buffer.from('one '))
    peer.write('eins ')
    await once(peer, 'readable')
    await guest.until(() => guest.user.bytes.length === 5)
    move(guest, first, second)
    assert.deepEqual([first.net.tcp.list().length, second.net.tcp.list().length], [0, 1])
    guest.connection.write(Buffer.from('two'))
    peer.write('zwei')
    await guest.until(() => `${guest.user.bytes}` === 'eins zwei')
    guest.connection.end()
    peer.end()
    let heard = ''
    for await (const chunk of peer.setEncoding('utf8')) heard += chunk
    assert.equal(heard, 'one two')
    await guest.until(() => guest.user.heard.includes('end'))
  })

  it('lose nothing of what is on its way: unread by the peer, unsent to the guest, and in between', async (t) => {
    const { guest, first, second, peer } = await connected(t)
    const [there, back] = [randomBytes(9 << 20), randomBytes(3 << 20)]
    peer.pause()
    guest.connection.write(there)
    peer.write(back)
    const homes = [first, second]
    const heard: Buffer[] = []
    for (let moves = 0; moves < 8; moves++) {
      const before = guest.user.bytes.length
      await guest.until(() => guest.user.bytes.length > before || before === back.length)
      // The peer reads some of it, between two moves.
      if (moves % 2 === 1)
        for (let some = 0; some < 20; some++) heard.push((peer.read() as Buffer | null) ?? Buffer.alloc(0))
      move(guest, homes[moves % 2]!, homes[(moves + 1) % 2]!)
    }
    guest.connection.end()
    for await (const chunk of peer) heard.push(chunk as Buffer)
    assert.ok(Buffer.concat(heard).equals(there))
    await guest.until(() => guest.user.bytes.length === back.length)
    assert.ok(guest.user.bytes.equals(back))
  })

  it('stay with a guest that stays', async (t) => {
    const { guest, first, second, peer } = await connected(t)
    peer.write('one ')
    await guest.until(() => guest.user.bytes.length === 4)
    for (const passing of [true, false]) {
      guest.pullOut()
      const left = first.connections.takeOut(passing)
      assert.equal(left.list.length, 1)
      for (const { contents, descriptor } of left.list)
        second.connections.come(contents, descriptor && duplicate(descriptor))?.drop()
      peer.write('two ')
      guest.connection.write(Buffer.from('six '))
      guest.moveTo(first)
      left.takeBack()
      await guest.until(() => `${guest.user.bytes}`.endsWith('two '))
      await once(peer, 'readable')
      assert.equal(`${peer.read()}`, 'six ')
      guest.user.chunks.splice(0)
    }
  })

  it('end for both sides where sockets cannot go along', async (t) => {
    const { guest, first, second, peer } = await connected(t)
    const cut = closed(peer.resume())
    move(guest, first, second, { passing: false })
    await guest.until(() => guest.user.heard.includes('reset'))
    await cut
    assert.match(String(peer.errored), /ECONNRESET/)
    assert.deepEqual([first.net.tcp.list().length, second.net.tcp.list().length], [0, 0])
  })

  it('end where the sockets have not arrived', async (t) => {
    const { guest, first, peer } = await connected(t)
    const cut = closed(peer.resume())
    guest.pullOut()
    first.connections.takeOut(true).handOver(false)
    await cut
    assert.match(String(peer.errored), /ECONNRESET/)
  })

  it('are not taken for others: what is none is refused', async (t) => {
    const { guest, first, second } = await connected(t)
    guest.pullOut()
    const { list, takeBack } = first.connections.takeOut(false)
    const { contents } = list[0]!
    assert.ok(second.connections.come(contents, undefined) !== undefined)
    for (let length = 0; length < contents.length; length++)
      assert.equal(second.connections.come(contents.subarray(0, length), undefined), undefined)
    takeBack()
  })
})
