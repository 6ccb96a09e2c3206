import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { masked, requestLines } from '../../../test/websocket/browser.ts'
import type { Duplex } from '../duplex.ts'
import { memoryPair } from '../memory-pair.ts'
import { WebsocketDuplex } from './websocket-duplex.ts'

const request = [...requestLines, '', ''].join('\r\n')

/** What is told to who comes when the client has left, in order. */
async function toldLater(leave: (outside: Duplex, stream: Duplex) => void): Promise<readonly string[]> {
  const [inside, outside] = memoryPair()
  const stream = new WebsocketDuplex(inside)
  outside.start({ data: () => undefined })
  outside.write(request)
  assert.equal(await stream.opened(), true)
  leave(outside, stream)
  for (let count = 0; count < 20; count++) await turn()
  const told: string[] = []
  await new Promise<void>((resolve) => {
    stream.start({
      data: (chunk) => void told.push(Buffer.from(chunk).toString()),
      end: () => {
        told.push('end')
        void stream.close()
      },
      closed: () => {
        told.push('closed')
        resolve()
      },
    })
  })
  return told
}

test('who starts to read when the client has left is told so, after what it said', async () => {
  assert.deepEqual(await toldLater((outside) => outside.end()), ['end', 'closed'])
  assert.ok((await toldLater((outside) => outside.destroy())).includes('closed'))
  assert.deepEqual(await toldLater((_, stream) => stream.destroy()), ['closed'])
  const saysAndEnds = await toldLater((outside) => {
    outside.write(masked(2, Buffer.from('bye')))
    outside.end()
  })
  assert.deepEqual(saysAndEnds, ['bye', 'end', 'closed'])
})

test('a client that leaves in the middle of its request has not opened anything', async () => {
  const [inside, outside] = memoryPair()
  const stream = new WebsocketDuplex(inside)
  outside.start({ data: () => undefined })
  outside.write(request.slice(0, 50))
  outside.end()
  assert.equal(await stream.opened(), false)
  await stream.closed
})

test('of the pings of a client that does not read, only the last is answered when it reads', async () => {
  const [inside, outside] = memoryPair()
  const stream = new WebsocketDuplex(inside)
  outside.write(request)
  stream.start({ data: () => undefined, end: () => void stream.close() })
  const pings = 20_000
  const payload = Buffer.alloc(100)
  for (let count = 1; count <= pings; count++) {
    payload.writeUInt32BE(count)
    outside.write(masked(9, payload))
    if (count % 100 === 0) await turn()
  }
  while (outside.buffered > 0) await turn()
  assert.ok(stream.buffered < 1 << 18, `${stream.buffered} bytes wait`)
  let last = Buffer.alloc(0)
  await new Promise<void>((resolve) => {
    outside.start({
      data: (chunk) => {
        last = Buffer.concat([last, chunk]).subarray(-102)
        if (last[0] === 0x8a && last.readUInt32BE(2) === pings) resolve()
      },
    })
  })
  outside.destroy()
  await stream.closed
})
