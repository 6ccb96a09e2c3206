import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { NetError } from '../net-error.ts'
import { CommandStream, wordsOf } from './command-stream.ts'
import { parseGuestForward } from './guest-forward.ts'
import { addresses, GuestPuppet, sendTcp } from './guest-puppet.ts'
import { flags, readTcp } from './tcp/segment.ts'

const address = 0x0a000264
const port = 80

/** A guest that has been let in to an address. */
async function connected(open: () => Duplex) {
  const puppet = new GuestPuppet({ restrict: true })
  puppet.net.forwardGuest({ address, port, isDevice: true, open, close: () => undefined })
  puppet.sendUdp({ sourcePort: 1, destinationPort: 9, payload: Buffer.alloc(1) }) // so that it is known where the guest is
  const segments = () => puppet.packets().flatMap((packet) => readTcp(packet) ?? [])
  sendTcp(puppet, address, port, { sequence: 99 })
  await puppet.until(() => segments().length > 0)
  const [yes] = segments()
  assert.equal(yes!.flags, flags.syn | flags.ack)
  let sequence = 100
  const text = () => Buffer.concat(segments().map(({ payload }) => payload)).toString()
  const guest = {
    puppet,
    text,
    ended: () => segments().some(({ flags: bits }) => (bits & (flags.fin | flags.rst)) !== 0),
    say(words: string, bits: number = flags.ack) {
      const acknowledgment = (yes!.sequence + 1 + text().length) >>> 0
      sendTcp(puppet, address, port, { sequence, acknowledgment, flags: bits }, Buffer.from(words))
      sequence += words.length
    },
  }
  guest.say('')
  return guest
}

test('a program answers at an address of the network, also on one that is closed, until the guest ends', async () => {
  const guest = await connected(() => new CommandStream("sh -c 'echo hello; cat'"))
  await guest.puppet.until(() => guest.text() === 'hello\n')
  guest.say('and back')
  await guest.puppet.until(() => guest.text() === 'hello\nand back')
  guest.say('', flags.ack | flags.fin)
  await guest.puppet.until(guest.ended)
  guest.puppet.net.close()
})

test('a program that there is not, or that ends, ends the connection', async () => {
  for (const line of ['/nonexistent/program', 'true', '', 'a\0b']) {
    const guest = await connected(() => new CommandStream(line))
    await guest.puppet.until(guest.ended)
    guest.puppet.net.close()
  }
})

test('nobody but TCP to that port gets there', () => {
  const opened: Duplex[] = []
  const puppet = new GuestPuppet({ restrict: true })
  const open = () => {
    opened.push(new Duplex({ read: () => undefined, write: (_bytes, _encoding, done) => done() }))
    return opened[0]!
  }
  puppet.net.forwardGuest({ address, port, isDevice: true, open, close: () => undefined })
  sendTcp(puppet, address, 81, {})
  sendTcp(puppet, address + 1, port, {})
  puppet.sendUdp({ sourcePort: 1, destinationPort: port, payload: Buffer.alloc(9) }, { destination: address })
  assert.equal(opened.length, 0)
  puppet.net.close()
})

test('rules are read as QEMU reads them', () => {
  const { network, mask, host, dns } = addresses
  const read = (text: string) => parseGuestForward(text, { network, mask, host, dns })
  assert.deepEqual(read('tcp:10.0.2.100:80-cmd:cat x-y'), { address, port, target: 'cmd:cat x-y' })
  assert.deepEqual(read('tcp::80-null'), { address: 0x0a000204, port, target: 'null' })
  for (const text of [
    'foo',
    'tcp:10.0.2.100-cmd:x',
    'udp:10.0.2.100:80-x',
    'tcp:x:80-x',
    'tcp::0-x',
    'tcp::80',
    'tcp::65536-x',
  ])
    assert.throws(() => read(text), { message: `Invalid guest forwarding rule '${text}'` })
  for (const text of ['tcp:11.0.2.100:80-x', 'tcp:10.0.2.2:80-x', 'tcp:10.0.2.3:80-x'])
    assert.throws(() => read(text), { message: `Conflicting/invalid host:port in guest forwarding rule '${text}'` })
})

test('words of a command are those that a shell sees', () => {
  assert.deepEqual(wordsOf(`a  b\\ c 'd "e' "f \\"g\\" h"i ''`), ['a', 'b c', 'd "e', 'f "g" hi', ''])
  assert.deepEqual(wordsOf(''), [])
})

test('a rule that is read names a place of the network that nobody has; any other is refused', () => {
  const piece = fc.constantFrom(
    'tcp',
    'udp',
    ':',
    '-',
    '10.0.2.100',
    '10.0.2.2',
    '10.0.2.3',
    '10.0.3.1',
    '80',
    '0',
    '65536',
    '0x50',
    'cmd:cat',
    'a',
    '',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), fc.string({ maxLength: 6 }), (pieces, more) => {
      try {
        const rule = parseGuestForward(pieces.join('') + more, addresses)
        assert.equal(rule.address & addresses.mask, addresses.network)
        assert.ok(rule.address !== addresses.host && rule.address !== addresses.dns)
        assert.ok(rule.port >= 1 && rule.port <= 65_535)
      } catch (error) {
        if (!(error instanceof NetError)) throw error
        assert.match(error.message, /guest forwarding rule/)
      }
    }),
    { numRuns: 2000 },
  )
})

test('words of a command line are read whatever they are', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (line) => {
      for (const word of wordsOf(line)) assert.ok(word.length <= line.length)
    }),
  )
})
