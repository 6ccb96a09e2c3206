import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestLines as lines, masked } from '../../../test/websocket/browser.ts'
import { binaryFrame, FrameReader, WebsocketError } from './websocket-frames.ts'
import { upgradeOf } from './websocket-upgrade.ts'

test("a request is answered as RFC 6455's example is, with the one protocol that there is", () => {
  const { accepted, response } = upgradeOf(lines.join('\r\n'))
  assert.ok(accepted)
  assert.match(
    response,
    /^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\nSec-WebSocket-Protocol: binary\r\n/s,
  )
  const without = upgradeOf(lines.filter((line) => !line.startsWith('Sec-WebSocket-Protocol')).join('\r\n'))
  assert.ok(without.accepted && !without.response.includes('Protocol:'))
})

test('what asks for no WebSocket of binary frames is refused', () => {
  for (const [from, to] of [
    ['GET /chat HTTP/1.1', 'POST /chat HTTP/1.1'],
    ['GET /chat HTTP/1.1', 'GET /chat HTTP/1.0'],
    ['Host: server.example.com', 'Hos: x'],
    ['Upgrade: websocket', 'Upgrade: h2c'],
    ['Connection: Upgrade', 'Connection: close'],
    ['dGhlIHNhbXBsZSBub25jZQ==', 'short'],
    ['chat, binary', 'chat'],
    ['Version: 13', 'Version: 8'],
  ] as const) {
    const { accepted, response } = upgradeOf(lines.join('\r\n').replace(from, to))
    assert.ok(!accepted, to)
    assert.match(response, /^HTTP\/1\.1 400 Bad Request\r\n/)
  }
})

test('frames are read whole, byte by byte and at every split, whatever their length', () => {
  const sizes = [0, 1, 125, 126, 127, 65535, 65536]
  for (const size of sizes) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index * 7)
    const sent = Buffer.concat([masked(2, bytes), masked(9, Uint8Array.of(1, 2)), masked(8, new Uint8Array(0))])
    const pieces = size > 200 ? [1, 13, sent.length - 9] : sent.keys()
    for (const split of pieces) {
      const reader = new FrameReader()
      const events = [...reader.read(sent.subarray(0, split)), ...reader.read(sent.subarray(split))]
      assert.deepEqual(
        events.map(({ type }) => type),
        ['data', 'ping', 'close'],
      )
      const [first] = events
      assert.ok(first?.type === 'data' && Buffer.compare(first.bytes, bytes) === 0)
    }
  }
})

test('frames that no client may send end the connection', () => {
  const plain = binaryFrame(Uint8Array.of(1))
  const bad = [plain, masked(1, plain), masked(3, plain), masked(11, plain), masked(9, new Uint8Array(126))]
  const huge = Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  for (const bytes of [...bad, huge, Buffer.from([0xc2, 0x80, 0, 0, 0, 0])])
    assert.throws(() => new FrameReader().read(bytes), WebsocketError)
})
