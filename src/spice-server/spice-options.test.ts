import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptionList } from '../keyval/index.ts'
import { type SpiceConfig, spiceConfigOf, spiceOptionKinds } from './spice-options.ts'

const warnings: string[] = []
const read = (text: string): SpiceConfig =>
  spiceConfigOf(parseOptionList(text, { kinds: spiceOptionKinds }), (warning) => warnings.push(warning))

test('ports, addresses, sockets, files and channels are read', () => {
  const { port, tlsPort, host, address, ticketing, compressed } = read('port=5930,addr=::1,disable-ticketing=on')
  assert.deepEqual([port, tlsPort, host, address, ticketing, compressed], [5930, undefined, '::1', '::1', false, true])
  assert.deepEqual([read('port=0').port, read('port=0').host, read('port=0').ticketing], [undefined, '*', true])
  const socket = read('unix=on,addr=/run/s.sock,port=5930,image-compression=off')
  assert.deepEqual(
    [socket.unix, socket.port, socket.host, socket.compressed],
    ['/run/s.sock', undefined, '/run/s.sock', false],
  )
  const secured = read(
    'tls-port=5931,x509-dir=/pki,x509-key-file=/k,tls-channel=main,plaintext-channel=cursor,tls-channel=default',
  )
  assert.deepEqual(secured.tls, {
    certificate: '/pki/server-cert.pem',
    key: '/k',
    keyPassword: undefined,
    authorities: '/pki/ca-cert.pem',
    dhParameters: undefined,
    ciphers: undefined,
  })
  assert.deepEqual(
    [[...secured.security], secured.usualSecurity],
    [
      [
        [1, 'tls'],
        [4, 'plain'],
      ],
      'tls',
    ],
  )
  assert.deepEqual(warnings, [])
  assert.equal(read('password=x').password, 'x')
  assert.deepEqual(warnings, ["warning: 'password' option is deprecated and insecure, use 'password-secret' instead"])
})

test("what cannot be is refused in QEMU's words", () => {
  for (const [text, complaint] of [
    ['port=-1', 'spice port is out of range'],
    ['port=70000', 'spice port is out of range'],
    ['tls-port=65536', 'spice tls-port is out of range'],
    ['port=abc', "Parameter 'port' expects a number"],
    ['foo=on', "Invalid parameter 'foo'"],
    ['password=x,password-secret=y', "'password' option is mutually exclusive with 'password-secret'"],
    ['image-compression=foo', 'spice: invalid image compression: foo'],
    ['jpeg-wan-compression=foo', 'spice: invalid wan compression: foo'],
    ['zlib-glz-wan-compression=foo', 'spice: invalid wan compression: foo'],
    ['streaming-video=foo', 'spice: invalid stream video control: foo'],
    ['port=1,tls-channel=main', 'spice: tried to setup tls-channel without specifying a TLS port'],
    ['port=1,plaintext-channel=foo', 'spice: failed to set channel security for foo'],
    ['port=1,gl=on', 'SPICE GL support is local-only for now and incompatible with -spice port/tls-port'],
    ['sasl=on', 'spice: failed to enable sasl'],
  ] as const)
    assert.throws(() => read(text), { message: complaint }, text)
})
