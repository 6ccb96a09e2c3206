/** A network with a policy, as a guest meets it: no way round leads out. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { addresses, GuestPuppet, guestMac, ipv6Network, sendTcp } from '../guest-puppet.ts'
import { protocols } from '../ip-packet.ts'
import { parseIpv4 } from '../ipv4-address.ts'
import { parseIpv6 } from '../ipv6-address.ts'
import { flags, readTcp, tcpLength, writeTcp } from '../tcp/segment.ts'
import { udpBytes } from '../udp.ts'
import type { PolicyDecision } from './decision-teller.ts'
import { dnsAnswer, dnsQuestion } from './dns-puppet.ts'
import type { NetworkPolicy } from './policy-format.ts'
import { readPolicy } from './read-policy.ts'

const { host, dns, guest } = addresses
const site = parseIpv4('93.184.216.34')!
const ownAddress = Buffer.from('0a00020f', 'hex')

function guardedBy(policy: NetworkPolicy) {
  const told: PolicyDecision[] = []
  const puppet = new GuestPuppet(
    { policy: readPolicy(policy), ipv6: ipv6Network },
    (decision) => void told.push(decision),
  )
  puppet.send(arpFrame())
  const segments = () => puppet.packets().flatMap((packet) => readTcp(packet) ?? [])
  return { puppet, told, segments, open: () => [puppet.net.tcp.list().length, puppet.net.udp.list().length] }
}

/** By it the network learns where the guest is. */
function arpFrame(): Buffer {
  const frame = Buffer.alloc(60)
  frame.fill(0xff, 0, 6)
  frame.set(guestMac, 6)
  frame.set([0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1], 12)
  frame.set(guestMac, 22)
  frame.set(ownAddress, 28)
  frame.writeUInt32BE(host, 38)
  return frame
}

/** A name server on this host, for as long as it is used; what it answers is up to the test. */
async function nameServer(answers: Readonly<Record<string, readonly number[]>>) {
  const asked: string[] = []
  const answer = (question: Buffer): Buffer => {
    const name = Object.keys(answers).find((one) => dnsQuestion(one).equals(question)) ?? ''
    asked.push(name)
    return dnsAnswer(name, answers[name] ?? [])
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // the guest resets it
    socket.on('data', (bytes) => {
      const said = answer(bytes.subarray(2))
      socket.write(Buffer.concat([Buffer.of(said.length >> 8, said.length & 0xff), said]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve))
  socket.on('message', (bytes, from) => socket.send(answer(bytes), from.port, from.address))
  return {
    ...{ asked, to: `127.0.0.1:${port}` },
    [Symbol.dispose]: () => {
      socket.close()
      server.close()
    },
  }
}

test('a name that is told of by UDP opens the way to its address, elsewhere if the rule says so', async () => {
  using names = await nameServer({ 'www.example.org': [site] })
  const peer = createServer((socket) => void socket.on('error', () => undefined).end('welcome'))
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve))
  const { port } = peer.address() as AddressInfo
  const { puppet, segments, told } = guardedBy({
    default: 'deny',
    rules: [
      { action: 'redirect', name: 'www.example.org', port: 80, to: `127.0.0.1:${port}` },
      { action: 'redirect', address: 'dns', to: names.to },
    ],
  })
  sendTcp(puppet, site, 80, { sequence: 1 })
  await puppet.until(() => segments().length > 0)
  assert.equal(segments()[0]!.flags, flags.rst | flags.ack, 'not before the name is known')
  puppet.sendUdp(
    { sourcePort: 4000, destinationPort: 53, payload: dnsQuestion('www.example.org') },
    { destination: dns },
  )
  await puppet.until(() => puppet.datagrams().length > 0)
  puppet.frames.length = 0
  sendTcp(puppet, site, 80, { sequence: 1 })
  await puppet.until(() => segments().length > 0)
  assert.equal(segments()[0]!.flags, flags.syn | flags.ack)
  assert.deepEqual(told.at(-1), {
    ...{ action: 'redirect', protocol: 'tcp', address: '93.184.216.34', port: 80 },
    ...{ name: 'www.example.org', rule: 0, to: `127.0.0.1:${port}` },
  })
  puppet.net.close()
  peer.close()
})

test('questions by TCP are decided as those by UDP, each on its own, however they are cut', async () => {
  using names = await nameServer({ 'www.example.org': [site], 'leak.attacker.example': [site] })
  const { puppet, segments, told } = guardedBy({
    default: 'deny',
    rules: [
      { action: 'deny', name: '*.attacker.example' },
      { action: 'redirect', address: 'dns', to: names.to },
    ],
  })
  sendTcp(puppet, dns, 53, { sequence: 1 })
  await puppet.until(() => segments().length > 0)
  const acknowledgment = segments()[0]!.sequence + 1
  const questions = ['leak.attacker.example', 'www.example.org', 'LEAK.attacker.example'].map(dnsQuestion)
  const stream = Buffer.concat(questions.flatMap((one) => [Buffer.of(0, one.length), one]))
  let sequence = 2
  for (const piece of [stream.subarray(0, 1), stream.subarray(1, 40), stream.subarray(40)]) {
    sendTcp(puppet, dns, 53, { sequence, acknowledgment, flags: flags.ack }, piece)
    sequence += piece.length
  }
  const heard = () => Buffer.concat(segments().map(({ payload }) => payload))
  const whole = 2 * (2 + questions[0]!.length) + 2 + dnsAnswer('www.example.org', [site]).length
  await puppet.until(() => heard().length >= whole)
  assert.deepEqual(names.asked, ['www.example.org'])
  assert.equal(heard().readUInt16BE(4) & 0x800f, 0x8005)
  assert.deepEqual(
    told.map(({ action, protocol, name }) => [action, protocol, name]),
    [
      ['deny', 'tcp', 'leak.attacker.example'],
      ['redirect', 'tcp', 'www.example.org'],
      ['deny', 'tcp', 'leak.attacker.example'],
    ],
  )
  puppet.net.close()
})

test('by default nothing gets out: no protocol, no version of IP, no pieces, no name server', () => {
  const { puppet, open } = guardedBy({ default: 'deny', rules: [] })
  const targets = [host, dns, site, parseIpv4('10.0.2.100')!, parseIpv4('192.168.1.1')!]
  for (const destination of targets)
    for (const port of [22, 53, 80, 443]) {
      sendTcp(puppet, destination, port, {})
      puppet.sendUdp({ sourcePort: 4000, destinationPort: port, payload: dnsQuestion('a.example') }, { destination })
      inPieces(puppet, destination, port)
    }
  for (const text of ['fec0::2', 'fe80::2', 'fec0::3', '2606:2800::1', '64:ff9b::a00:202', 'fd00::1'])
    for (const port of [53, 80]) sendIpv6(puppet, parseIpv6(text)!, port)
  // What leaves by echo is nothing: only the network itself answers.
  puppet.sendIp({ protocol: protocols.icmp, destination: site, payload: Buffer.from('0800f7fd00010001', 'hex') })
  puppet.sendIp({ protocol: 47, destination: site, payload: Buffer.alloc(8) })
  // All that is left are connections with the name server, which answers nothing but refusals.
  assert.deepEqual(
    puppet.net.tcp.list().map(({ ends }) => [ends.peer, ends.peerPort]),
    [dns, ...['fec0::3'].map((text) => parseIpv6(text)!)].map((peer) => [peer, 53]),
  )
  assert.equal(open()[1], 0)
  puppet.net.close()
})

test('a policy that allows by default keeps the guest from what it denies, in pieces and by IPv6 too', async () => {
  const server = createSocket('udp4')
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const { puppet, open, told } = guardedBy({ default: 'allow', rules: [{ action: 'deny', address: 'host' }] })
  puppet.sendUdp({ sourcePort: 4000, destinationPort: port, payload: Buffer.from('x') })
  inPieces(puppet, host, port)
  sendTcp(puppet, host, port, {})
  sendIpv6(puppet, ipv6Network.host, port)
  assert.deepEqual(open(), [0, 0])
  assert.deepEqual([...new Set(told.map(({ action }) => action))], ['deny'])
  assert.equal(told.length, 5)
  await new Promise<void>((resolve) => server.close(resolve))
  puppet.net.close()
})

/** A datagram whose ports are in its first piece only, the last piece ahead. */
function inPieces(puppet: GuestPuppet, destination: number, port: number): void {
  const ports = { sourcePort: 4001, destinationPort: port }
  const whole = udpBytes(guest, destination, { ...ports, payload: dnsQuestion('a.example') })
  const header = { destination, id: port + 7 }
  puppet.sendIp({ ...header, fragmentOffset: 8, payload: whole.subarray(8) })
  puppet.sendIp({ ...header, moreFragments: true, payload: whole.subarray(0, 8) })
}

/** Both protocols of IPv6. */
function sendIpv6(puppet: GuestPuppet, destination: bigint, port: number): void {
  const source = (0xfec0n << 112n) | 0x99n
  const udp = udpBytes(source, destination, {
    sourcePort: 4000,
    destinationPort: port,
    payload: dnsQuestion('a.example'),
  })
  puppet.sendIpv6({ source, destination, protocol: protocols.udp, payload: udp })
  const head = { sequence: 0, acknowledgment: 0, flags: flags.syn, window: 60_000 }
  const tcp = Buffer.alloc(tcpLength(undefined))
  writeTcp(tcp, 0, tcp.length, { source, destination, sourcePort: 5000, destinationPort: port }, head)
  puppet.sendIpv6({ source, destination, protocol: protocols.tcp, payload: tcp })
}
