import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../fake-clock.ts'
import { addresses, ipv6Network } from '../guest-puppet.ts'
import type { IpAddress } from '../ip-address.ts'
import { parseIpv4 } from '../ipv4-address.ts'
import { parseIpv6 } from '../ipv6-address.ts'
import type { PolicyDecision } from './decision-teller.ts'
import { dnsAnswer, dnsQuestion } from './dns-puppet.ts'
import { PolicyGate } from './policy-gate.ts'
import { readPolicy } from './read-policy.ts'

/** A gate, and what it has said. */
function gateOf(policy: object, more: object = {}) {
  const clock = new FakeClock()
  const told: (PolicyDecision & { readonly suppressed: number })[] = []
  const gate = new PolicyGate({
    ...{ policy: readPolicy(JSON.stringify(policy)), clock },
    shape: { ...addresses, restrict: false, ipv6: ipv6Network, ...more },
    told: (decision, suppressed) => void told.push({ ...decision, suppressed }),
  })
  /** Where the guest gets to, as text. */
  const reach = (text: string, port = 443, protocol: 'tcp' | 'udp' = 'tcp'): string | undefined => {
    const target = gate.target(protocol, ipOf(text), port)
    return target && `${target.address} ${target.port}`
  }
  const learn = (name: string, ...texts: string[]) => gate.answered(dnsAnswer(name, texts.map(ipOf)))
  const mayAsk = (name: string) => gate.answerTo('udp', addresses.dns, dnsQuestion(name)) === undefined
  return { clock, told, gate, reach, learn, mayAsk }
}

const ipOf = (text: string): IpAddress => parseIpv4(text) ?? parseIpv6(text)!

test('the first rule that fits decides, and the default where none does', () => {
  const { reach, told } = gateOf({
    default: 'deny',
    rules: [
      { action: 'deny', address: '198.51.100.7' },
      { action: 'allow', protocol: 'tcp', address: ['198.51.100.0/24', '2001:db8::/32'], port: [80, '440-450'] },
      { action: 'redirect', address: '203.0.113.0/24', to: '127.0.0.1:8080' },
      { action: 'redirect', address: '2001:db8:1::/48', port: 25, to: '[::1]' },
    ],
  })
  assert.equal(reach('198.51.100.8'), '198.51.100.8 443')
  assert.equal(reach('198.51.100.8', 80), '198.51.100.8 80')
  assert.equal(reach('198.51.100.8', 451), undefined)
  assert.equal(reach('198.51.100.8', 443, 'udp'), undefined)
  assert.equal(reach('198.51.100.7'), undefined)
  assert.equal(reach('192.0.2.1'), undefined)
  assert.equal(reach('203.0.113.9', 22, 'udp'), '127.0.0.1 8080')
  assert.equal(reach('2001:db8::5'), '2001:db8::5 443')
  assert.equal(reach('2001:db8:1::5', 25), '::1 25')
  assert.equal(reach('2001:db9::5'), undefined)
  assert.deepEqual(
    told.slice(-4).map(({ action, rule, address, port, to }) => [action, rule, address, port, to]),
    [
      ['redirect', 2, '203.0.113.9', 22, '127.0.0.1:8080'],
      ['allow', 1, '2001:db8::5', 443, undefined],
      ['redirect', 3, '2001:db8:1::5', 25, '[::1]:25'],
      ['deny', undefined, '2001:db9::5', 443, undefined],
    ],
  )
})

test('a name fits what the name server has said, by its own and by its wildcard, as long as that holds', () => {
  const { reach, learn, clock, told } = gateOf({
    default: 'deny',
    rules: [
      { action: 'allow', name: 'www.example.org' },
      { action: 'allow', name: '*.example.net', port: 80 },
    ],
  })
  assert.equal(reach('93.184.216.34'), undefined)
  learn('WWW.Example.org', '93.184.216.34', '2606:2800::1')
  learn('a.b.example.net', '93.184.216.35')
  learn('example.net', '93.184.216.36')
  learn('notexample.net', '93.184.216.37')
  assert.equal(reach('93.184.216.34'), '93.184.216.34 443')
  assert.equal(reach('2606:2800::1'), '2606:2800::1 443')
  assert.equal(reach('93.184.216.35', 80), '93.184.216.35 80')
  assert.equal(reach('93.184.216.35', 443), undefined)
  assert.equal(reach('93.184.216.36', 80), undefined)
  assert.equal(reach('93.184.216.37', 80), undefined)
  assert.deepEqual(told.at(1)?.name, 'www.example.org')
  clock.pass(301_000)
  assert.equal(reach('93.184.216.34'), undefined)
})

test('a name that leads to this host, or into a network of its own, opens no way there', () => {
  const inside = ['10.0.2.2', '127.0.0.1', '10.1.2.3', '192.168.1.1', '169.254.169.254', '100.64.0.1', '172.20.0.1']
  const ipv6 = ['fec0::2', '::1', 'fd00::1', 'fe80::2', '64:ff9b::a00:202', '2002:a00:202::1', '::ffff:10.1.2.3']
  const { reach, learn } = gateOf({ default: 'deny', rules: [{ action: 'allow', name: '*.example.org' }] })
  const listed = ['192.0.2.1', '192.88.99.1', '198.51.100.1', '203.0.113.1', '168.63.129.16', '64:ff9b::a83f:8110']
  const listedIpv6 = ['2001:db8::1', '2001::1', '2001:2::1', '3fff::1', '100::1']
  const all = [...inside, ...ipv6, ...listed, ...listedIpv6]
  learn('evil.example.org', ...all)
  for (const address of all) assert.equal(reach(address), undefined, address)
  const meant = gateOf({
    default: 'deny',
    rules: [
      { action: 'deny', name: 'evil.example.org' },
      { action: 'allow', name: '*.example.org', address: ['10.1.0.0/16', 'host'] },
    ],
  })
  meant.learn('wiki.example.org', '10.1.2.3', '10.2.2.3', '10.0.2.2', '169.254.169.254')
  assert.equal(meant.reach('10.1.2.3'), '10.1.2.3 443')
  assert.equal(meant.reach('10.0.2.2'), '127.0.0.1 443')
  assert.equal(meant.reach('10.2.2.3'), undefined)
  assert.equal(meant.reach('169.254.169.254'), undefined)
  meant.learn('evil.example.org', '10.1.2.3')
  assert.equal(meant.reach('10.1.2.3'), undefined, 'a denied name fits any address')
})

test('this host is one thing, by whichever of its addresses the guest goes', () => {
  for (const address of ['host', '10.0.2.2', 'fec0::2', '127.0.0.1', '::1']) {
    const { reach } = gateOf({ default: 'allow', rules: [{ action: 'deny', address }] })
    assert.equal(reach('10.0.2.2'), undefined, address)
    assert.equal(reach('fec0::2'), undefined, address)
    assert.equal(reach('fe80::2'), undefined, address)
    assert.equal(reach('198.51.100.1'), '198.51.100.1 443', address)
  }
  const wide = gateOf({ default: 'allow', rules: [{ action: 'deny', address: ['192.168.0.0/16', '10.0.0.0/8'] }] })
  assert.equal(wide.reach('64:ff9b::c0a8:101'), undefined, 'by NAT64')
  assert.equal(wide.reach('2002:c0a8:101::1'), undefined, 'by 6to4')
  assert.equal(wide.reach('64:ff9b::808:808'), '64:ff9b::808:808 443')
})

test('names may be asked for that something is said of; others are refused, and so is what is no question', () => {
  const { gate, mayAsk, told } = gateOf({
    default: 'deny',
    rules: [
      { action: 'deny', name: 'bad.example.org' },
      { action: 'allow', name: '*.example.org', port: 443 },
      { action: 'redirect', name: 'api.test', to: '127.0.0.1:1' },
    ],
  })
  assert.ok(mayAsk('www.example.org') && mayAsk('API.test'))
  assert.ok(!mayAsk('bad.example.org') && !mayAsk('secret.attacker.example') && !mayAsk('example.org'))
  assert.deepEqual(
    [told[0]?.name, told[0]?.action, told[3]?.name],
    ['www.example.org', 'allow', 'secret.attacker.example'],
  )
  assert.equal(
    told.every(({ port, address }) => port === 53 && address === '10.0.2.3'),
    true,
  )
  const refusal = gate.answerTo('udp', addresses.dns, dnsQuestion('x.attacker.example'))!
  assert.deepEqual(
    [refusal.readUInt16BE(2) & 0x800f, refusal.length],
    [0x8005, dnsQuestion('x.attacker.example').length],
  )
  const odd = [Buffer.alloc(0), Buffer.alloc(11), Buffer.alloc(12), dnsAnswer('www.example.org', [1])]
  const update = dnsQuestion('www.example.org')
  update.writeUInt16BE(0x2800, 2)
  const twice = dnsQuestion('www.example.org')
  twice.writeUInt16BE(2, 4)
  const dotted = dnsQuestion('www.example.org')
  dotted[dotted.indexOf('e'.charCodeAt(0), 16)] = 46
  for (const message of [...odd, update, twice, dotted])
    assert.notEqual(gate.answerTo('udp', addresses.dns, message), undefined, message.toString('hex'))
  const open = gateOf({ default: 'deny', rules: [{ action: 'allow', address: 'dns' }] })
  assert.ok(open.mayAsk('anything.example'))
  const shut = gateOf({ default: 'allow', rules: [{ action: 'deny', address: 'dns' }] })
  assert.ok(!shut.mayAsk('anything.example'))
  assert.equal(shut.reach('10.0.2.3', 443), undefined)
})

test('the questions go elsewhere by a rule for the name server; restrict lets nothing out all the same', () => {
  const policy = { default: 'allow', rules: [{ action: 'redirect', address: 'dns', to: '127.0.0.1:5353' }] }
  assert.equal(gateOf(policy).reach('10.0.2.3', 53, 'udp'), '127.0.0.1 5353')
  assert.equal(gateOf(policy).reach('fec0::3', 53), '127.0.0.1 5353')
  const all = { default: 'allow', rules: [{ action: 'redirect', to: '127.0.0.1:80' }] }
  assert.equal(gateOf(all).reach('192.0.2.1'), '127.0.0.1 80')
  for (const address of ['192.0.2.1', '10.0.2.2', '10.0.2.3', 'fec0::2'])
    assert.equal(gateOf(all, { restrict: true }).reach(address, 53), undefined)
})

test('an answer tells of the name that was asked for, by its other names too, and of no others', () => {
  const { reach, gate } = gateOf({ default: 'deny', rules: [{ action: 'allow', name: 'www.example.org' }] })
  const chain = [
    { owner: 'edge.cdn.example', address: ipOf('198.41.0.4') },
    { owner: 'www.example.org', alias: 'edge.cdn.example' },
    { owner: 'other.example', address: ipOf('198.41.0.5') },
  ]
  gate.answered(dnsAnswer('www.example.org', chain))
  assert.equal(reach('198.41.0.4'), '198.41.0.4 443')
  assert.equal(reach('198.41.0.5'), undefined)
})

test('what is told is bounded: of a flood the newest, and how many there were', () => {
  const { reach, told, clock, gate } = gateOf({ default: 'deny', rules: [] })
  for (let port = 1; port <= 5000; port++) reach('192.0.2.1', port)
  assert.equal(told.length, 50)
  clock.pass(1000)
  assert.deepEqual([told.length, told[50]?.port, told[50]?.suppressed], [51, 5000, 4949])
  clock.pass(1000)
  reach('192.0.2.1', 7)
  assert.deepEqual([told.length, told[51]?.suppressed], [52, 0])
  for (let port = 1; port <= 60; port++) reach('192.0.2.1', port)
  gate.close()
  assert.equal(told.length, 102)
})

test('no message makes a gate fail', () => {
  const { gate } = gateOf({ default: 'allow', rules: [{ action: 'allow', name: '*.example.org' }] })
  const base = dnsAnswer('www.example.org', [
    { owner: 'www.example.org', alias: 'a.b.example' },
    { owner: 'a.b.example', address: 0x01020304 },
  ])
  const changed = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 8 }).map((changes) => {
    const bytes = Buffer.from(base)
    for (const [at, byte] of changes) bytes.writeUInt8(byte, at)
    return bytes
  })
  const cut = fc.tuple(changed, fc.nat(base.length)).map(([bytes, length]) => bytes.subarray(0, length))
  fc.assert(
    fc.property(fc.oneof(cut, fc.uint8Array({ maxLength: 80 }).map(Buffer.from)), (message) => {
      gate.answered(message)
      const answer = gate.answerTo('udp', addresses.dns, message)
      assert.ok(answer === undefined || answer.length <= Math.max(message.length, 12))
    }),
    { numRuns: 5000 },
  )
})
