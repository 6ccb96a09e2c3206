import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DisplayBench } from '../../test/vnc/display-bench.ts'
import { RfbClient } from '../../test/vnc/rfb-client.ts'
import { Browser } from '../../test/websocket/browser.ts'
import { Encoding } from '../rfb/index.ts'
import { memoryPair } from '../transport/index.ts'

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
