import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksumOf, sumOf } from '../../hash/index.ts'
import { addresses, GuestPuppet, guestMac, sendTcp } from './guest-puppet.ts'
import { protocols } from './ip-packet.ts'
import { flags, readTcp } from './tcp/segment.ts'

const { guest, host, dns } = addresses

function arpRequest(target: number): Buffer {
  const frame = Buffer.alloc(60)
  frame.fill(0xff, 0, 6)
  frame.set(guestMac, 6)
  frame.set([0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1], 12)
  frame.set(guestMac, 22)
  frame.writeUInt32BE(guest, 28)
  frame.writeUInt32BE(target, 38)
  return frame
}

test('says by ARP where gateway and name server are, byte for byte; of others it says nothing', () => {
  const puppet = new GuestPuppet()
  puppet.send(arpRequest(host))
  puppet.send(arpRequest(0x0a000204))
  const reply =
    '5254001234565255' + '0a000202' + '0806' + '0001080006040002' + '52550a0002020a000202' + '5254001234560a00020f'
  assert.deepEqual(
    puppet.frames.map((frame) => frame.toString('hex')),
    [reply + '00'.repeat(18)],
  )
  puppet.send(arpRequest(dns))
  assert.equal(puppet.arps().at(-1)?.senderAddress, dns)
})

/** A request as a client makes it: its kind, and more options. */
function dhcp(kind: number | undefined, more: readonly number[] = [], mac: Uint8Array = guestMac): Buffer {
  const request = Buffer.alloc(236)
  request.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef])
  request.set(mac, 28)
  const options = kind === undefined ? [] : [53, 1, kind]
  return Buffer.concat([request, Buffer.of(0x63, 0x82, 0x53, 0x63, ...options, ...more, 255)])
}

function ask(puppet: GuestPuppet, request: Buffer): Buffer | undefined {
  const before = puppet.datagrams().length
  puppet.sendUdp({ sourcePort: 68, destinationPort: 67, payload: request }, { source: 0, destination: 0xffffffff })
  return puppet.datagrams()[before]?.payload
}

test('gives an address by DHCP with all that was said of the network', () => {
  const puppet = new GuestPuppet({
    ...{ hostName: 'box', domainName: 'example.org', domainSearch: ['a.example', 'b'], bootFile: 'boot.img' },
    tftpServerName: 'files',
  })
  const offer = ask(puppet, dhcp(1))!
  assert.deepEqual(
    [offer[0], offer.readUInt32BE(4), offer.readUInt32BE(16), offer.readUInt32BE(20)],
    [2, 0xdeadbeef, guest, host],
  )
  assert.equal(offer.subarray(108, 116).toString(), 'boot.img')
  const options =
    '350102' +
    '36040a000202' +
    '0104ffffff00' +
    '03040a000202' +
    '06040a000203' +
    '330400015180' +
    `0c03${Buffer.from('box').toString('hex')}` +
    `0f0b${Buffer.from('example.org').toString('hex')}` +
    `4205${Buffer.from('files').toString('hex')}` +
    `770e0161076578616d706c6500` +
    '016200' +
    'ff'
  assert.equal(offer.subarray(240).toString('hex'), options)
  const acknowledged = ask(puppet, dhcp(3, [50, 4, 10, 0, 2, 15, 54, 4, 10, 0, 2, 2]))!
  assert.deepEqual([acknowledged[242], acknowledged.readUInt32BE(16)], [5, guest])
})

test('refuses an address that is not the one it gives; other servers may answer for themselves', () => {
  const puppet = new GuestPuppet()
  assert.equal(ask(puppet, dhcp(3, [50, 4, 10, 0, 2, 99]))![242], 6)
  assert.equal(ask(puppet, dhcp(3, [54, 4, 9, 9, 9, 9])), undefined)
  assert.equal(ask(puppet, dhcp(7)), undefined)
})

test('each machine keeps its address; a seventeenth gets that of who was silent longest', () => {
  const puppet = new GuestPuppet()
  const addressOf = (last: number): number =>
    ask(puppet, dhcp(1, [], Uint8Array.of(2, 0, 0, 0, 0, last)))!.readUInt32BE(16)
  const given = Array.from({ length: 16 }, (_, index) => addressOf(index))
  assert.deepEqual(
    given,
    Array.from({ length: 16 }, (_, index) => guest + index),
  )
  assert.equal(addressOf(0), guest)
  assert.equal(addressOf(16), guest + 1)
})

function echo(payload: string): Buffer {
  const message = Buffer.concat([Buffer.of(8, 0, 0, 0, 0, 1, 0, 2), Buffer.from(payload)])
  message.writeUInt16BE(checksumOf(sumOf(message, 0, message.length)), 2)
  return message
}

test('answers pings of gateway and name server, and of nobody else', () => {
  const puppet = new GuestPuppet()
  puppet.send(arpRequest(host))
  for (const destination of [host, dns, 0x08080808])
    puppet.sendIp({ protocol: protocols.icmp, destination, payload: echo('are you there') })
  const replies = puppet.packets()
  assert.deepEqual(
    replies.map(({ source }) => source),
    [host, dns],
  )
  assert.equal(replies[0]!.payload[0], 0)
  assert.equal(replies[0]!.payload.subarray(8).toString(), 'are you there')
})

test('asks by ARP for a guest that it does not know, and sends what has waited', () => {
  const puppet = new GuestPuppet()
  puppet.net.udp.send(host, guest, { sourcePort: 1, destinationPort: 2, payload: Buffer.from('for you') })
  assert.deepEqual([puppet.packets().length, puppet.arps()[0]?.targetAddress], [0, guest])
  puppet.send(arpRequest(host))
  assert.equal(puppet.datagrams()[0]?.payload.toString(), 'for you')
})

test('puts a datagram together that comes in pieces, in any order, and carries it to the host and back', async () => {
  const server = createSocket('udp4')
  server.on('message', (bytes, { port, address }) => server.send(bytes, port, address))
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const puppet = new GuestPuppet()
  const payload = Buffer.alloc(4000, 'abc')
  const ports = { sourcePort: 4000, destinationPort: server.address().port }
  const whole = Buffer.concat([Buffer.alloc(8), payload])
  whole.writeUInt16BE(ports.sourcePort, 0)
  whole.writeUInt16BE(ports.destinationPort, 2)
  whole.writeUInt16BE(whole.length, 4)
  for (const [from, to] of [
    [2960, 4008],
    [0, 1480],
    [1480, 2960],
  ] as const)
    puppet.sendIp({ payload: whole.subarray(from, to), fragmentOffset: from, moreFragments: to < whole.length })
  await puppet.until(() => puppet.packets().length === 3)
  const back = Buffer.concat(puppet.packets().map((packet) => packet.payload)).subarray(8)
  assert.ok(back.equals(payload))
  server.close()
  puppet.net.close()
})

test('tells the guest of a port that nobody listens at', async () => {
  const server = createSocket('udp4')
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise<void>((resolve) => server.close(resolve))
  const puppet = new GuestPuppet()
  puppet.send(arpRequest(host))
  puppet.sendUdp({ sourcePort: 4000, destinationPort: port, payload: Buffer.from('anybody?') })
  await puppet.until(() => puppet.packets().length > 0)
  const { payload, source } = puppet.packets()[0]!
  assert.deepEqual([source, payload[0], payload[1]], [host, 3, 3])
  puppet.net.close()
})

test('says yes to a connection when its peer has, and no when it has not', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // the guest resets it
    socket.end('welcome')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const puppet = new GuestPuppet()
  puppet.send(arpRequest(host))
  const segments = () => puppet.packets().flatMap((packet) => readTcp(packet) ?? [])
  sendTcp(puppet, host, port, { sequence: 99, options: { mss: 1460, windowScale: 3, sackPermitted: true } })
  await puppet.until(() => segments().length > 0)
  const [yes] = segments()
  assert.deepEqual([yes!.flags, yes!.acknowledgment], [flags.syn | flags.ack, 100])
  assert.deepEqual(yes!.options, { mss: 1460, windowScale: 7, sackPermitted: true })
  sendTcp(puppet, host, port, { sequence: 100, acknowledgment: yes!.sequence + 1, flags: flags.ack })
  await puppet.until(() => segments().some(({ flags: bits }) => (bits & flags.fin) !== 0))
  assert.equal(Buffer.concat(segments().map(({ payload }) => payload)).toString(), 'welcome')
  sendTcp(puppet, host, port, { sequence: 100, flags: flags.rst })
  await new Promise((resolve) => server.close(resolve))
  puppet.frames.length = 0
  sendTcp(puppet, host, port, { sequence: 7 })
  await puppet.until(() => segments().length > 0)
  assert.deepEqual([segments()[0]!.flags, segments()[0]!.acknowledgment], [flags.rst | flags.ack, 8])
  puppet.net.close()
})

test('a network that is closed lets nothing out, whatever the guest tries', () => {
  const puppet = new GuestPuppet({ restrict: true })
  puppet.send(arpRequest(host))
  const targets = [host, dns, 0x08080808, 0x7f000001, 0xe0000001, 0xffffffff, 0x0a0002ff, 0x0a000209, 0]
  for (const destination of targets)
    for (const port of [0, 53, 69, 80]) {
      sendTcp(puppet, destination, port, {})
      puppet.sendUdp({ sourcePort: 4000, destinationPort: port, payload: Buffer.from('out') }, { destination })
    }
  assert.deepEqual([puppet.net.tcp.list().length, puppet.net.udp.list().length], [0, 0])
  assert.ok(
    puppet.packets().every(({ protocol, payload }) => protocol === protocols.icmp || (payload[13]! & flags.rst) !== 0),
  )
  const offer = ask(puppet, dhcp(1))!
  assert.doesNotMatch(offer.subarray(240).toString('hex'), /03040a000202|06040a000203/)
})

test('an open one does not lead to what is nobody else: loopback by number, groups, its own addresses', () => {
  const puppet = new GuestPuppet()
  for (const destination of [0x7f000001, 0xe0000001, 0xffffffff, 0x0a0002ff, 0x0a000209, 0x00000001]) {
    sendTcp(puppet, destination, 80, {})
    puppet.sendUdp({ sourcePort: 4000, destinationPort: 80, payload: Buffer.from('out') }, { destination })
  }
  assert.deepEqual([puppet.net.tcp.list().length, puppet.net.udp.list().length], [0, 0])
})

test('while the guest takes nothing, what waits for it is bounded', () => {
  const puppet = new GuestPuppet()
  puppet.send(arpRequest(host))
  puppet.takes = false
  for (let turn = 0; turn < 5000; turn++) puppet.sendIp({ protocol: protocols.icmp, payload: echo('x') })
  puppet.frames.length = 0
  puppet.take()
  assert.ok(puppet.frames.length > 0 && puppet.frames.length <= 256, `${puppet.frames.length} frames`)
})

test('reads files of its folder by TFTP, and no others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmon-tftp-'))
  writeFileSync(join(folder, 'boot'), Buffer.alloc(1000, 'b'))
  symlinkSync('/etc/passwd', join(folder, 'link'))
  const puppet = new GuestPuppet({ tftp: folder })
  puppet.send(arpRequest(host))
  const said = (bytes: Buffer): Buffer | undefined => {
    const before = puppet.datagrams().length
    puppet.sendUdp({ sourcePort: 2000, destinationPort: 69, payload: bytes })
    return puppet.datagrams()[before]?.payload
  }
  const read = (name: string, ...more: string[]): Buffer =>
    Buffer.concat([Buffer.of(0, 1), Buffer.from([name, 'octet', ...more].map((word) => word + '\0').join(''))])
  assert.equal(
    said(read('boot', 'tsize', '0', 'blksize', '600'))!.toString('latin1'),
    '\0\x06tsize\x001000\0blksize\x00600\0',
  )
  const first = said(Buffer.of(0, 4, 0, 0))!
  assert.deepEqual([first.readUInt16BE(2), first.length], [1, 604])
  assert.equal(said(Buffer.of(0, 4, 0, 1))!.length, 404)
  assert.equal(said(Buffer.of(0, 4, 0, 2)), undefined)
  assert.equal(said(read('/boot'))!.length, 516)
  for (const name of ['link', '../../../etc/passwd', 'none', '.', ''])
    assert.equal(said(read(name))!.toString('latin1'), '\0\x05\0\x01File not found\0', name)
  puppet.net.close()
  rmSync(folder, { recursive: true })
})

test('whatever frames come, nothing is thrown, and no socket is opened on a closed network', () => {
  const word = fc.nat(0xff)
  const address = fc.constantFrom(host, dns, guest, 0, 0xffffffff, 0x7f000001, 0x08080808, 0x0a0002ff)
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => (puppet: GuestPuppet) => puppet.send(bytes)),
    fc.tuple(fc.constantFrom([0x08, 0x06], [0x08, 0x00], [0x86, 0xdd]), fc.uint8Array({ maxLength: 100 })).map(
      ([type, rest]) =>
        (puppet: GuestPuppet) =>
          puppet.send(Buffer.concat([Buffer.alloc(6, 0xff), guestMac, Buffer.from(type), rest])),
    ),
    fc
      .record({
        ...{ source: address, destination: address, protocol: fc.constantFrom(1, 6, 17, 2), id: fc.nat(3) },
        ...{ fragmentOffset: fc.nat(8191).map((at) => at * 8), moreFragments: fc.boolean() },
        payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      })
      .map((packet) => (puppet: GuestPuppet) => puppet.sendIp(packet)),
    fc.tuple(address, address, fc.constantFrom(53, 67, 68, 69, 80), fc.array(word, { maxLength: 400 })).map(
      ([source, destination, port, bytes]) =>
        (puppet: GuestPuppet) =>
          puppet.sendUdp(
            { sourcePort: 9, destinationPort: port, payload: Buffer.from(bytes) },
            { source, destination },
          ),
    ),
    fc.tuple(address, fc.nat(0x3f), fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 40 })).map(
      ([destination, bits, sequence, acknowledgment, bytes]) =>
        (puppet: GuestPuppet) =>
          sendTcp(puppet, destination, 80, { flags: bits, sequence, acknowledgment }, Buffer.from(bytes)),
    ),
    fc.array(word, { maxLength: 80 }).map((more) => (puppet: GuestPuppet) => void ask(puppet, dhcp(1, more))),
  )
  // Twenty frames a case, on average: VMON_FRAMES=1000000 for a long run.
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 40 }), fc.boolean(), (frames, takes) => {
      const puppet = new GuestPuppet({ restrict: true, tftp: '/nonexistent' })
      puppet.takes = takes
      for (const send of frames) send(puppet)
      puppet.take()
      puppet.clock.pass(100_000)
      assert.deepEqual([puppet.net.tcp.list().length, puppet.net.udp.list().length], [0, 0])
      puppet.net.close()
    }),
    { numRuns: Number(process.env['VMON_FRAMES'] ?? 10_000) / 20 },
  )
})
