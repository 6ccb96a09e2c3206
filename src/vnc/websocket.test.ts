import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DisplayBench } from '../../test/vnc/display-bench.ts'
import { RfbClient } from '../../test/vnc/rfb-client.ts'
import { Encoding } from '../rfb/index.ts'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { binaryFrame, FrameReader, WebsocketError } from './websocket-frames.ts'
import { upgradeOf } from './websocket-upgrade.ts'

/** The example of RFC 6455, 1.2. */
const lines = [
  ...['GET /chat HTTP/1.1', 'Host: server.example.com', 'Upgrade: websocket', 'Connection: Upgrade'],
  ...[
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: chat, binary',
    'Sec-WebSocket-Version: 13',
  ],
]

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

/** A frame of a client's. */
function masked(opcode: number, bytes: Uint8Array): Uint8Array {
  const frame = Buffer.from(binaryFrame(bytes))
  frame[0] = 0x80 | opcode
  frame[1] = frame[1]! | 0x80
  const start = frame.length - bytes.length
  const mask = Uint8Array.of(0x12, 0x34, 0x56, 0x78)
  return Buffer.concat([frame.subarray(0, start), mask, bytes.map((byte, index) => byte ^ mask[index & 3]!)])
}

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

/** What a browser does around a stream. */
class Browser {
  readonly stream: Duplex
  readonly #outside: Duplex
  readonly opened: Promise<string>

  constructor(outside: Duplex) {
    const [inner, theirs] = memoryPair()
    this.stream = theirs
    this.#outside = outside
    let head: Buffer | undefined = Buffer.alloc(0)
    let pending = Buffer.alloc(0)
    const unwrap = (chunk: Uint8Array): void => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2) {
        const short = pending[1]!
        const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
        if (pending.length < 2 + lengthBytes) return
        const length =
          lengthBytes === 0 ? short : lengthBytes === 2 ? pending.readUInt16BE(2) : Number(pending.readBigUInt64BE(2))
        const end = 2 + lengthBytes + length
        if (pending.length < end) return
        if (pending[0] === 0x82) inner.write(pending.subarray(2 + lengthBytes, end))
        pending = pending.subarray(end)
      }
    }
    this.opened = new Promise((resolve) => {
      outside.start({
        data: (chunk) => {
          if (head === undefined) return unwrap(chunk)
          head = Buffer.concat([head, chunk])
          const end = head.indexOf('\r\n\r\n')
          if (end < 0) return
          resolve(head.toString('latin1', 0, end))
          const rest = head.subarray(end + 4)
          head = undefined
          unwrap(rest)
        },
      })
    })
    inner.start({ data: (chunk) => void outside.write(masked(2, chunk)) })
  }

  open(): void {
    this.#outside.write(`${lines.join('\r\n')}\r\n\r\n`)
  }
}

test('a viewer in a browser is served inside a WebSocket', async () => {
  await using bench = await DisplayBench.open()
  const [ours, theirs] = memoryPair()
  bench.display.addClient(ours, false, true)
  const browser = new Browser(theirs)
  browser.open()
  assert.match(await browser.opened, / 101 /)
  const client = new RfbClient(browser.stream)
  await client.enter()
  bench.canvas.paint(0x445566)
  client.setEncodings(Encoding.zrle)
  client.request(false)
  await client.until(0)
  assert.ok(client.picture.pixels.every((pixel) => pixel === 0x445566))
  assert.deepEqual(
    bench.display.info().clients.map(({ websocket }) => websocket),
    [true],
  )
  client.close()
  theirs.destroy()
  await bench.idle()
})

test('who asks for something else, or without end, is sent away', async () => {
  await using bench = await DisplayBench.open()
  for (const said of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'x'.repeat(5000)]) {
    const [ours, theirs] = memoryPair()
    bench.display.addClient(ours, false, true)
    const client = new RfbClient(theirs)
    client.send(said)
    assert.match(Buffer.from(await client.gone()).toString(), /^HTTP\/1\.1 400 /)
    client.close()
  }
})
