import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Duplex, memoryPair } from '../transport/index.ts'
import { type Chardev, Line } from './index.ts'
import { MuxChardev } from './mux-chardev.ts'
import { StreamChardev } from './stream-chardev.ts'

/** A front end that may leave, and what it has got. */
function taker() {
  const got: string[] = []
  const line = new Line(async (bytes) => void got.push(Buffer.from(bytes).toString()), { leaves: true })
  return { line, got }
}

/** The far end of a device's connection, and what has come there. */
function farEnd(far: Duplex) {
  let got = ''
  far.start({
    data: (chunk) => {
      got += Buffer.from(chunk).toString()
    },
  })
  return async (wanted: string) => {
    while (got.length < wanted.length) await turn()
    assert.equal(got, wanted)
  }
}

const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 10; turns++) await turn()
}

for (const [what, over] of [
  ['a device', (base: Chardev) => base],
  [
    'a device that is shared',
    (base: Chardev) => {
      const mux = new MuxChardev('m', base, { exit: () => undefined, save: () => undefined })
      mux.open()
      return mux
    },
  ],
] as const)
  test(`front ends of ${what} leave, and the next one goes on with its connection`, async () => {
    const [near, far] = memoryPair()
    const device = over(new StreamChardev('d', 'null', near))
    const arrived = farEnd(far)
    const [one, other] = [taker(), taker()]
    device.attach(one.line)
    one.line.output(Buffer.from('one,'))
    far.write('to one')
    while (one.got.length === 0) await turn()
    device.detach(one.line)
    assert.equal(one.line.output(Buffer.from('lost')), undefined)
    assert.equal(device.frontend, undefined)
    device.attach(other.line)
    other.line.output(Buffer.from('other'))
    await arrived('one,other')
    far.write('to other')
    while (other.got.length === 0) await turn()
    assert.deepEqual([one.got, other.got], [['to one'], ['to other']])
    device.detach(one.line) // has gone
    assert.equal(device.frontend, other.line)
    await far.close()
    await near.closed
    assert.equal(other.line.output(Buffer.from('lost')), undefined)
  })

test('what comes while nobody is there is for the next one, and who waited for room does not wait any more', async () => {
  const [near, far] = memoryPair()
  const device = new StreamChardev('d', 'null', near)
  const arrived = farEnd(far)
  const [one, other] = [taker(), taker()]
  device.attach(one.line)
  far.pause()
  let room: Promise<void> | undefined
  while (room === undefined) room = one.line.output(new Uint8Array(16 * 1024))
  device.detach(one.line)
  await room
  far.write('early')
  await settled()
  device.attach(other.line)
  while (other.got.length === 0) await turn()
  assert.deepEqual([one.got, other.got], [[], ['early']])
  far.resume()
  await arrived('').catch(() => undefined)
  await device.close()
})
