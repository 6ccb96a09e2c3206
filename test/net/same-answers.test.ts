import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Guest, qemu, vmon } from '../interop/guest.ts'
import { missingProgram } from '../oracle/peers.ts'
import * as frames from './guest-frames.ts'

const skip = missingProgram('qemu-system-i386')
const folder = mkdtempSync(join(tmpdir(), 'vmon-answers-'))
writeFileSync(join(folder, 'boot.bin'), Buffer.alloc(1500, 'boot'))
after(() => rmSync(folder, { recursive: true }))
const signal = AbortSignal.timeout(120_000)

/** A frame on a stream has its length before it. */
const inStream = (frame: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

/** Something that is always answered, once all before it is. */
const last = frames.arp('10.0.2.3')

/** A network for users, to which frames go, and whose answers come back. */
class Answerer implements AsyncDisposable {
  readonly #guest: Guest
  readonly #socket: Socket
  readonly #server: Server
  #bytes = Buffer.alloc(0)

  private constructor(guest: Guest, socket: Socket, server: Server) {
    this.#guest = guest
    this.#socket = socket
    this.#server = server
  }

  static async start(command: readonly string[], options: string): Promise<Answerer> {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const connected = once(server, 'connection')
    const guest = await Guest.start(
      command,
      [
        ...['-netdev', `user,id=u,${options}`, '-netdev', 'hubport,id=h1,hubid=0,netdev=u'],
        ...['-netdev', `socket,id=s,connect=127.0.0.1:${(server.address() as AddressInfo).port}`],
        ...['-netdev', 'hubport,id=h2,hubid=0,netdev=s'],
      ],
      signal,
    )
    await guest.execute('cont') // QEMU's network stands still with the guest
    return new Answerer(guest, (await connected)[0], server)
  }

  /** @param least - how many answers there are at least, if they come later than others @returns what is answered */
  async ask(frame: Buffer, least = 0): Promise<Buffer[]> {
    this.#socket.write(Buffer.concat([inStream(frame), inStream(last)]))
    const heard: Buffer[] = []
    let isLast = false
    for (;;) {
      while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE(0)) {
        const end = 4 + this.#bytes.readUInt32BE(0)
        const answer = this.#bytes.subarray(4, end)
        this.#bytes = this.#bytes.subarray(end)
        if (frames.isArpOf(answer, '10.0.2.3')) isLast = true
        else heard.push(answer)
      }
      if (isLast && heard.length >= least) break
      const [more] = (await once(this.#socket, 'data', { signal })) as [Buffer]
      this.#bytes = Buffer.concat([this.#bytes, more])
    }
    return heard
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.on('error', () => undefined).destroy()
    this.#server.close()
    await this.#guest[Symbol.asyncDispose]()
  }
}

const [guest, guest6, onCable] = ['10.0.2.15', 'fec0::5054:ff:fe12:3456', 'fe80::5054:ff:fe12:3456'] as const
const hello = Buffer.from('\0\x01\0\x02hello')
const [host, names] = ['10.0.2.2', '10.0.2.3'] as const
const options = Buffer.from('350101370401030c0f', 'hex')

/**
 * What is asked, in order: the first tells where the guest is. Not asked is by DHCP for an address that it does not get
 * (libslirp sends 255.255.255.255 with its no) and from another server (libslirp answers in its place).
 */
const questions: readonly (readonly [string, Buffer, least?: number])[] = [
  ['who has the gateway', frames.arp(host)],
  ['who has nobody', frames.arp('10.0.2.9')],
  ['DHCP discover', frames.dhcp(options)],
  ['DHCP request', frames.dhcp(Buffer.from('35010332040a00020f36040a000202', 'hex'))],
  ['a ping of the gateway', frames.icmp(host, 8, hello)],
  ['a ping of the name server', frames.icmp(names, 8, hello)],
  ['TFTP: a file', frames.udp(guest, host, 2000, 69, Buffer.from('\0\x01boot.bin\0octet\0'))],
  ['TFTP: the second block', frames.udp(guest, host, 2000, 69, Buffer.of(0, 4, 0, 1))],
  ['TFTP: the third block', frames.udp(guest, host, 2000, 69, Buffer.of(0, 4, 0, 2))],
  ['TFTP: its size', frames.udp(guest, host, 2001, 69, Buffer.from('\0\x01/boot.bin\0octet\0tsize\x000\0'))],
  [
    'TFTP: its size and blocks',
    frames.udp(guest, host, 2002, 69, Buffer.from('\0\x01boot.bin\0octet\0tsize\x000\0blksize\x001428\0')),
  ],
  ['TFTP: none', frames.udp(guest, host, 2003, 69, Buffer.from('\0\x01none\0octet\0'))],
  ['a TCP port where nobody is', frames.tcp(guest, host, 1, 2), 1],
  ['a neighbour', frames.neighbour(onCable, 'fec0::2')],
  ['the name server as a neighbour', frames.neighbour(onCable, 'fec0::3')],
  ['the router as a neighbour', frames.neighbour(onCable, 'fe80::2')],
  ['nobody as a neighbour', frames.neighbour(onCable, 'fec0::9')],
  ['whether an address is free that is not', frames.neighbour('::', 'fec0::2')],
  ['whether an address is free that is', frames.neighbour('::', guest6)],
  ['a neighbour, from far away', frames.neighbour(onCable, 'fec0::2', 64)],
  ['a router', frames.icmpv6(onCable, 'ff02::2', 133, Buffer.alloc(4))],
  ['a router, by nobody', frames.icmpv6('::', 'ff02::2', 133, Buffer.alloc(4))],
  ['a router, from far away', frames.icmpv6(onCable, 'ff02::2', 133, Buffer.alloc(4), 64)],
  ['a neighbour, by an address of the network', frames.neighbour(guest6, 'fec0::2')],
  ...['fec0::2', 'fec0::3', 'fe80::2', 'fe80::3', 'ff02::1'].map(
    (target) => [`a ping of ${target}`, frames.icmpv6(guest6, target, 128, hello)] as const,
  ),
  ['DHCPv6: everything', frames.dhcpv6(onCable, 11, '0006000600170018003b')],
  ['DHCPv6: nothing', frames.dhcpv6(onCable, 11, '')],
  ['DHCPv6: an address', frames.dhcpv6(onCable, 1, '000600020017')],
  ['a TCP port of IPv6 where nobody is', frames.tcp(guest6, 'fec0::2', 1, 2), 1],
]

test('the same frames are answered as QEMU with libslirp answers them', { skip }, async () => {
  const network = `tftp=${folder},bootfile=boot.bin,hostname=box,domainname=example.org,dnssearch=a.example`
  await using ours = await Answerer.start([...vmon, '-accel', 'none'], network)
  await using theirs = await Answerer.start(qemu, network)
  for (const [what, frame, least] of questions) {
    const [we, they] = [await ours.ask(frame, least), await theirs.ask(frame, least)]
    assert.deepEqual(we.map(frames.toldOf), they.map(frames.toldOf), what)
  }
})
