import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { GuestPuppet, guestIpv6, guestMac, ipv6Network } from './guest-puppet.ts'
import { icmpv6Types, isIcmpv6, messageOf } from './icmpv6.ts'
import { protocols } from './ip-packet.ts'
import { parseIpv6 } from './ipv6-address.ts'
import { allNodes, solicitation, solicitedGroup } from './neighbour-discovery.ts'
import { flags, readTcp, tcpLength, writeTcp } from './tcp/segment.ts'
import { readUdp, udpBytes } from './udp.ts'
import type { UserNetConfig } from './user-net.ts'

const { host, dns } = ipv6Network
const onCable = parseIpv6('fe80::5054:ff:fe12:3456')!
const allRouters = parseIpv6('ff02::2')!
const router = parseIpv6('fe80::2')!

const puppetWith = (config: Partial<UserNetConfig> = {}): GuestPuppet =>
  new GuestPuppet({ ipv6: ipv6Network, ...config })

function say(
  puppet: GuestPuppet,
  type: number,
  body: Uint8Array,
  ends: { source?: bigint; destination?: bigint } = {},
) {
  const whole = { source: guestIpv6, destination: host, ...ends }
  puppet.sendIpv6({ ...whole, payload: messageOf(whole, type, body) })
}

function sendUdp(
  puppet: GuestPuppet,
  destination: bigint,
  destinationPort: number,
  payload: Buffer,
  source = guestIpv6,
) {
  const bytes = udpBytes(source, destination, { sourcePort: 4000, destinationPort, payload })
  puppet.sendIpv6({ source, destination, protocol: protocols.udp, payload: bytes })
}

function sendTcp(puppet: GuestPuppet, destination: bigint, destinationPort: number, more: object = {}): void {
  const bytes = Buffer.alloc(tcpLength(undefined))
  const head = { sequence: 7, acknowledgment: 0, flags: flags.syn, window: 60_000, ...more }
  writeTcp(bytes, 0, bytes.length, { source: guestIpv6, destination, sourcePort: 5000, destinationPort }, head)
  puppet.sendIpv6({ destination, protocol: protocols.tcp, payload: bytes })
}

test('tells who the router is, what the network is called, and who knows names', () => {
  const puppet = puppetWith()
  say(puppet, icmpv6Types.routerSolicitation, Buffer.alloc(4), { source: onCable, destination: allRouters })
  const [packet] = puppet.packetsIpv6()
  assert.deepEqual([packet!.source, packet!.destination, packet!.hopLimit], [router, allNodes, 255])
  assert.ok(isIcmpv6(packet!))
  const prefix = `0304 40c0 00015180 00003840 00000000 fec0${'0'.repeat(28)}`
  const names = `1903 0000 000004b0 fec0${'0'.repeat(27)}3`
  assert.equal(
    packet!.payload.toString('hex').slice(8),
    `4040 0708 00000000 00000000 0101 525600000002 ${prefix} ${names}`.replaceAll(' ', ''),
  )
  // It tells that again by itself.
  puppet.frames.length = 0
  puppet.clock.pass(600_000)
  assert.ok(puppet.packetsIpv6().length >= 1)
  puppet.net.close()
})

test('says where its addresses are, also to whoever looks whether one is free; of others nothing', () => {
  const puppet = puppetWith()
  const ask = (target: bigint, source: bigint): void => {
    const ends = { source, destination: solicitedGroup(target) }
    puppet.sendIpv6({ ...ends, payload: solicitation(ends, target) })
  }
  for (const target of ['fec0::2', 'fec0::3', 'fe80::2', 'fe80::3', 'fec0::9', 'fe80::9'])
    ask(parseIpv6(target)!, onCable)
  const answers = puppet.packetsIpv6()
  assert.deepEqual(
    answers.map(({ source }) => source),
    ['fec0::2', 'fec0::3', 'fe80::2', 'fe80::3'].map(parseIpv6),
  )
  assert.equal(answers[0]!.payload.toString('hex').slice(8), `e0000000fec0${'0'.repeat(27)}2` + '0201525600000002')
  ask(host, 0n)
  const last = puppet.packetsIpv6().at(-1)!
  assert.deepEqual([last.destination, last.payload[4]], [allNodes, 0xa0])
  puppet.net.close()
})

test('answers pings of gateway and name server, and of nobody else', () => {
  const puppet = puppetWith()
  for (const destination of [host, dns, router, allNodes, parseIpv6('2001:db8::1')!, parseIpv6('fec0::99')!])
    say(puppet, icmpv6Types.echo, Buffer.from('\0\x01\0\x02hello'), { destination })
  const replies = puppet.packetsIpv6()
  assert.deepEqual(
    replies.map(({ source, payload }) => [source, payload[0], payload.subarray(8).toString()]),
    [host, dns, router].map((source) => [source, icmpv6Types.echoReply, 'hello']),
  )
  puppet.net.close()
})

test('who asks for the rest by DHCP hears of names and what to boot from', () => {
  const puppet = puppetWith({ bootFile: 'boot.bin' })
  const client = `0001000a00030001${Buffer.from(guestMac).toString('hex')}`
  const request = Buffer.from(`0b123456${client}000600060017 0018003b`.replaceAll(' ', ''), 'hex')
  sendUdp(puppet, parseIpv6('ff02::1:2')!, 547, request, onCable)
  // The answer waits until it is known where the guest is: it has just said so.
  const reply = readUdp(puppet.packetsIpv6()[0]!)!
  const url = Buffer.from('tftp://[fec0:0000:0000:0000:0000:0000:0000:0002]/boot.bin')
  const names = `00170010fec0${'0'.repeat(27)}3`
  assert.deepEqual([reply.sourcePort, reply.destinationPort], [547, 546])
  assert.equal(
    reply.payload.toString('hex'),
    `07123456${client}${names}003b${url.length.toString(16).padStart(4, '0')}${url.toString('hex')}`,
  )
  puppet.net.close()
})

test('carries datagrams to the host and back, in pieces where they are long', async () => {
  const server = createSocket('udp6')
  server.on('message', (bytes, from) => server.send(bytes, from.port, from.address))
  await new Promise<void>((resolve) => server.bind(0, '::1', resolve))
  const puppet = puppetWith()
  const whole = udpBytes(guestIpv6, host, {
    ...{ sourcePort: 4000, destinationPort: server.address().port, payload: Buffer.alloc(4000, 'abc') },
  })
  for (const [from, to] of [
    [2816, 4008],
    [0, 1408],
    [1408, 2816],
  ] as const)
    puppet.sendIpv6({
      ...{ protocol: protocols.udp, payload: whole.subarray(from, to) },
      piece: { id: 9, from, more: to < whole.length },
    })
  await puppet.until(() => puppet.packetsIpv6().length === 3)
  const back = puppet.packetsIpv6().map(({ payload }) => payload)
  assert.ok(Buffer.concat(back).subarray(8).equals(Buffer.alloc(4000, 'abc')))
  server.close()
  puppet.net.close()
})

test('leads connections to the host, and says no where nobody listens', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // the guest resets it
    socket.end('welcome')
  })
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve))
  const { port } = server.address() as AddressInfo
  const puppet = puppetWith()
  const segments = () => puppet.packetsIpv6().flatMap((packet) => readTcp(packet) ?? [])
  sendTcp(puppet, host, port)
  await puppet.until(() => segments().length > 0)
  const [yes] = segments()
  assert.deepEqual([yes!.flags, yes!.options.mss], [flags.syn | flags.ack, 1440])
  sendTcp(puppet, host, port, { sequence: 8, acknowledgment: yes!.sequence + 1, flags: flags.ack })
  await puppet.until(() => segments().some(({ payload }) => payload.length > 0))
  assert.equal(
    segments()
      .find(({ payload }) => payload.length > 0)!
      .payload.toString(),
    'welcome',
  )
  sendTcp(puppet, host, port, { sequence: 8, flags: flags.rst })
  await new Promise((resolve) => server.close(resolve))
  puppet.frames.length = 0
  sendTcp(puppet, host, port)
  await puppet.until(() => segments().length > 0)
  assert.equal(segments()[0]!.flags, flags.rst | flags.ack)
  puppet.net.close()
})

const nowhere = ['::', '::1', '::ffff:127.0.0.1', '::127.0.0.1', 'ff02::1', 'ff0e::1', 'fe80::1', 'fec0::99']

test('a network that is closed lets nothing out; an open one does not lead to what is nobody else', () => {
  for (const restrict of [true, false]) {
    const puppet = puppetWith({ restrict })
    const closed = restrict ? ['fec0::2', 'fec0::3', 'fe80::2', 'fe80::3', '2001:db8::1', '64:ff9b::7f00:1'] : []
    for (const destination of [...nowhere, ...closed].map((text) => parseIpv6(text)!))
      for (const port of [53, 80, 546, 547, 69]) {
        sendTcp(puppet, destination, port)
        sendUdp(puppet, destination, port, Buffer.from('out'))
      }
    assert.deepEqual([puppet.net.tcp.list().length, puppet.net.udp.list().length], [0, 0])
    say(puppet, icmpv6Types.routerSolicitation, Buffer.alloc(4), { source: onCable, destination: allRouters })
    assert.equal(puppet.packetsIpv6().at(-1)!.payload.toString('hex').includes('1903'), !restrict)
    puppet.net.close()
  }
})

test('without IPv6 nothing of it is answered, without IPv4 nothing of that', () => {
  const without = new GuestPuppet()
  say(without, icmpv6Types.routerSolicitation, Buffer.alloc(4), { source: onCable, destination: allRouters })
  const only = puppetWith({ ipv4: false })
  only.sendIp({ protocol: protocols.icmp, payload: Buffer.from('0800f7fd00010001', 'hex') })
  assert.deepEqual([without.frames.length, only.frames.length], [0, 0])
  only.net.close()
})

test('whatever frames come, nothing is thrown, and no socket is opened on a closed network', () => {
  const address = fc.constantFrom(...[...nowhere, 'fec0::2', 'fec0::3', '2001:db8::1'].map((text) => parseIpv6(text)!))
  const bytes = fc.uint8Array({ maxLength: 200 }).map((some) => Buffer.from(some))
  const piece = fc.option(fc.record({ id: fc.nat(3), from: fc.nat(8191).map((at) => at * 8), more: fc.boolean() }), {
    nil: undefined,
  })
  const frame = fc.oneof(
    fc
      .record({ source: address, destination: address, protocol: fc.constantFrom(0, 6, 17, 43, 44, 58, 59, 60), piece })
      .chain((header) => bytes.map((payload) => (puppet: GuestPuppet) => puppet.sendIpv6({ ...header, payload }))),
    fc.tuple(address, fc.integer({ min: 127, max: 138 }), bytes).map(
      ([destination, type, body]) =>
        (puppet: GuestPuppet) =>
          say(puppet, type, body, { destination }),
    ),
    fc.tuple(address, fc.constantFrom(53, 69, 80, 547), bytes).map(
      ([destination, port, payload]) =>
        (puppet: GuestPuppet) =>
          sendUdp(puppet, destination, port, payload),
    ),
    fc.tuple(address, fc.nat(0x3f), fc.nat()).map(
      ([destination, bits, sequence]) =>
        (puppet: GuestPuppet) =>
          sendTcp(puppet, destination, 80, { flags: bits, sequence }),
    ),
  )
  // Twenty frames a case, on average: VMON_FRAMES=1000000 for a long run.
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 40 }), (frames) => {
      const puppet = puppetWith({ restrict: true, tftp: '/nonexistent' })
      for (const send of frames) send(puppet)
      assert.deepEqual([puppet.net.tcp.list().length, puppet.net.udp.list().length], [0, 0])
      puppet.net.close()
    }),
    { numRuns: Number(process.env['VMON_FRAMES'] ?? 6000) / 20 },
  )
})
