import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIpv6, isLinkLocal, isMulticast, parseIpv6 } from './ipv6-address.ts'

test('reads addresses of IPv6 in each form, and writes them in the shortest', () => {
  for (const [text, shortest] of [
    ['::', '::'],
    ['::1', '::1'],
    ['fec0::', 'fec0::'],
    ['FEC0:0:0:0:0:0:0:2', 'fec0::2'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
    ['10:0:0:0:0:0:0:10', '10::10'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['::ffff:10.0.2.2', '::ffff:a00:202'],
  ] as const)
    assert.equal(formatIpv6(parseIpv6(text)!), shortest, text)
  for (const text of ['', 'x', '1', '10.0.2.2', ':::', 'fe80::1%lo', '1:2:3:4:5:6:7:8:9', '::/64'])
    assert.equal(parseIpv6(text), undefined, text)
})

test('what was written is read as the same address', () => {
  const word = fc.oneof(fc.constant(0), fc.nat(0xffff))
  fc.assert(
    fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
      const address = words.reduce((sum, each) => (sum << 16n) | BigInt(each), 0n)
      assert.equal(parseIpv6(formatIpv6(address)), address)
      assert.equal(new URL(`http://[${formatIpv6(address)}]/`).hostname, `[${formatIpv6(address)}]`)
    }),
  )
})

test('knows groups, and what is of the own cable only', () => {
  const is = (text: string): readonly [boolean, boolean] => [
    isMulticast(parseIpv6(text)!),
    isLinkLocal(parseIpv6(text)!),
  ]
  assert.deepEqual(is('ff02::1'), [true, false])
  assert.deepEqual(is('febf::1'), [false, true])
  assert.deepEqual(is('fec0::1'), [false, false])
})
