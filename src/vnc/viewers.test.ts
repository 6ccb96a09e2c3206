import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Canvas, DisplayBench } from '../../test/vnc/display-bench.ts'
import { PictureDecoder } from '../../test/vnc/picture-decoder.ts'
import type { RfbClient } from '../../test/vnc/rfb-client.ts'
import { Encoding } from '../rfb/index.ts'

const update = 0

/** Asks until the client's picture is the canvas's. */
async function caughtUp(client: RfbClient, canvas: Canvas): Promise<void> {
  const { picture } = client
  const same = (): boolean =>
    picture.width === canvas.width &&
    picture.height === canvas.height &&
    canvas.colours.every((colour, index) => picture.pixels[index] === PictureDecoder.valueOf(colour, picture.format))
  while (!same()) {
    client.request()
    await client.until(update)
  }
}

test('a client is told the whole picture first, then what has changed, when it asks', async () => {
  await using bench = await DisplayBench.open()
  bench.canvas.paint(0x123456)
  const client = await bench.viewer(Encoding.zrle)
  client.request(false)
  await client.until(update)
  assert.ok(client.picture.pixels.every((pixel) => pixel === 0x123456))
  client.request()
  bench.canvas.paint(0xff0000, { x: 100, y: 50, width: 3, height: 2 })
  await client.until(update)
  assert.equal(client.picture.pixels[50 * 160 + 102], 0xff0000)
  await caughtUp(client, bench.canvas)
})

test('nobody looks at the screen while no client waits for something new', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer(Encoding.raw)
  client.request(false)
  await client.until(update)
  const { looks } = bench.canvas
  bench.canvas.paint(1)
  client.send(248, 0, 0, 0, 0x80, 0, 0, 0, 0) // a fence: when it is answered, all before has been dealt with
  await client.until(248)
  assert.equal(bench.canvas.looks, looks)
  client.request()
  await client.until(update)
})

test('twenty clients see the same, and the screen is looked at once for all of them', async () => {
  await using bench = await DisplayBench.open()
  const kinds = [Encoding.raw, Encoding.hextile, Encoding.zlib, Encoding.zrle, Encoding.tight]
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, index) => bench.viewer(kinds[index % kinds.length]!)),
  )
  for (let round = 0; round < 5; round++) {
    bench.canvas.paint(round * 0x10203, { x: round * 9, y: round * 5, width: 40, height: 30 })
    const { looks } = bench.canvas
    await Promise.all(clients.map((client) => caughtUp(client, bench.canvas)))
    assert.ok(bench.canvas.looks - looks < 40, `${bench.canvas.looks - looks} looks`)
  }
})

test('a client that does not read costs nobody anything, and is shown what is new when it reads again', async () => {
  await using bench = await DisplayBench.open({}, {}, new Canvas(320, 240))
  const slow = await bench.viewer(Encoding.raw)
  const quick = await bench.viewer(Encoding.zrle)
  slow.pause()
  for (let round = 1; round < 10; round++) {
    bench.canvas.set(Uint32Array.from(bench.canvas.colours, (_, index) => Math.imul(index, round) & 0xffffff))
    slow.request()
    await caughtUp(quick, bench.canvas)
    assert.ok(bench.waiting(slow) < 4 * 320 * 240 * 4, `${bench.waiting(slow)} bytes wait`)
  }
  slow.resume()
  await caughtUp(slow, bench.canvas)
})

test('a picture of another size is told to who understands that, alone; others see what they have room for', async () => {
  await using bench = await DisplayBench.open()
  const [plain, resizing, extended] = await Promise.all([
    bench.viewer(Encoding.raw),
    bench.viewer(Encoding.raw, Encoding.desktopSize),
    bench.viewer(Encoding.zrle, Encoding.extendedDesktopSize, Encoding.desktopSize),
  ])
  for (const client of [plain, resizing, extended]) {
    client.request(false)
    await client.until(update)
  }
  assert.equal(extended.told.at(-1)?.encoding, Encoding.extendedDesktopSize)
  bench.canvas.resize(200, 40)
  bench.canvas.paint(0xabcdef)
  for (const client of [resizing, extended]) await caughtUp(client, bench.canvas)
  assert.deepEqual(
    [resizing, extended].map(({ told }) => told.at(-1)!.encoding),
    [Encoding.desktopSize, Encoding.extendedDesktopSize],
  )
  plain.request()
  await plain.until(update)
  assert.deepEqual([plain.picture.width, plain.picture.height], [160, 96])
  assert.deepEqual([plain.picture.pixels[0], plain.picture.pixels[40 * 160]], [0xabcdef, 0])
})

test('lines of text that move up are copied by the client itself', async () => {
  const canvas = new Canvas(320, 200)
  await using bench = await DisplayBench.open({}, {}, canvas)
  const line = (row: number): number => (row >> 4) * 0x010307 + (row & 15) * 0x100
  const show = (top: number): void =>
    canvas.set(
      Uint32Array.from(canvas.colours, (_, index) => line(Math.floor(index / 320) + top) + ((index % 320) % 7)),
    )
  show(0)
  const client = await bench.viewer(Encoding.zrle, Encoding.copyRect)
  await caughtUp(client, canvas)
  for (let top = 16; top < 160; top += 16) {
    client.request()
    show(top)
    await client.until(update)
    await caughtUp(client, canvas)
  }
  assert.ok(client.encodings.has(Encoding.copyRect))
})

test('a client that wants pictures without asking gets them until it wants no more', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer(Encoding.zrle, Encoding.continuousUpdates, Encoding.fence)
  await client.until(248)
  await client.until(150)
  client.send(150, 1, 0, 0, 0, 0, 0, 160, 0, 96)
  for (let round = 1; round < 5; round++) {
    bench.canvas.paint(round)
    await client.until(update)
  }
  client.send(150, 0, 0, 0, 0, 0, 0, 160, 0, 96)
  await client.until(150)
})

test('colours go into a map for who wants one', async () => {
  await using bench = await DisplayBench.open()
  bench.canvas.paint(0xff0000, { width: 80 })
  bench.canvas.paint(0x0000ff, { x: 80, width: 80 })
  const client = await bench.viewer(Encoding.raw)
  client.send(0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  client.picture.format = { bits: 8, depth: 8, bigEndian: false, max: [7, 7, 3], shift: [0, 3, 6] }
  client.request(false)
  await client.until(update)
  const map = client.messages.find(({ type }) => type === 1)!.bytes
  const colour = (index: number): number[] =>
    [0, 2, 4].map((at) => (map[index * 6 + at]! << 8) | map[index * 6 + at + 1]!)
  assert.deepEqual(colour(client.picture.pixels[0]!), [0xe000, 0, 0])
  assert.deepEqual(colour(client.picture.pixels[159]!), [0, 0, 0xc000])
})

test('what a client understands is acknowledged: key events by number, more buttons, the name, the pointer', async () => {
  await using bench = await DisplayBench.open({}, { power: { shutdown: () => undefined, reset: () => undefined } })
  const client = await bench.viewer(
    ...[
      Encoding.qemuKeyEvent,
      Encoding.extendedMouseButtons,
      Encoding.desktopName,
      Encoding.pointerTypeChange,
      Encoding.xvp,
    ],
  )
  await client.until(250)
  while (client.told.length < 4) await client.until(update)
  assert.deepEqual(
    client.told.map(({ encoding, x }) => [encoding, x]),
    [
      [Encoding.qemuKeyEvent, 0],
      [Encoding.extendedMouseButtons, 0],
      [Encoding.desktopName, 0],
      [Encoding.pointerTypeChange, 0],
    ],
  )
  bench.pointer.absolute = true
  bench.pointer.changed()
  await client.until(update)
  assert.deepEqual(client.told.at(-1)!.x, 1)
})

test('keys come by what is written on them, or by their numbers; none stays down when the client goes', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer()
  client.key(0xffe1, true) // Shift
  client.key(0x41, true) // A
  client.key(0x41, false)
  client.key(0xffe1, false)
  client.key(0x12345678, true) // nothing that there is a key for
  client.send(255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0x1f) // by number: what is written on it does not count
  client.send(255, 0, 0, 0, 0, 0, 0, 0x61, 0, 0, 0, 0x1f)
  client.send(255, 0, 0, 1, 0, 0, 0xff, 0x53, 0, 0, 0, 0xcd)
  await fence(client)
  client.close()
  await bench.idle()
  assert.deepEqual(bench.done, ['down 2a', 'down 1e', 'up 1e', 'up 2a', 'down 1f', 'up 1f', 'down cd', 'up cd'])
})

test('a client is told which lamps of the keyboard are lit, and a lock that it has pressed elsewhere is pressed for the guest', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer(Encoding.ledState)
  await client.until(update)
  bench.pointer.leds = 2 // the guest has Num Lock
  bench.pointer.changed()
  await client.until(update)
  assert.deepEqual(
    client.told.map(({ bytes }) => bytes[0]),
    [0, 2],
  )
  const stroke = (keysym: number): void => [true, false].forEach((down) => void client.key(keysym, down))
  stroke(0x42) // B without Shift: Caps Lock is on at the viewer's
  stroke(0x43)
  stroke(0x31) // a digit says nothing of Caps Lock
  stroke(0x62) // b: it is off again
  stroke(0xff97) // KP_Up: Num Lock is off
  stroke(0xffb8) // KP_8
  await fence(client)
  const strokes = (...keys: readonly number[]): string[] =>
    keys.flatMap((key) => [`down ${key.toString(16)}`, `up ${key.toString(16)}`])
  assert.deepEqual(bench.done, strokes(0x3a, 0x30, 0x2e, 0x02, 0x3a, 0x30, 0x45, 0x48, 0x45, 0x48))
  await using other = await DisplayBench.open({ lockKeySync: false })
  const plain = await other.viewer()
  plain.key(0x42, true)
  plain.key(0x42, false)
  await fence(plain)
  assert.deepEqual(other.done, strokes(0x30))
})

test('a lock that was pressed while the guest stood still is pressed for it when it runs again', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer()
  const stroke = (keysym: number): void => [true, false].forEach((down) => void client.key(keysym, down))
  bench.pointer.feels = false
  stroke(0xffe5) // Caps Lock
  await fence(client)
  bench.pointer.feels = true
  stroke(0x42)
  await fence(client)
  assert.deepEqual(bench.done, ['down 3a', 'up 3a', 'down 30', 'up 30'])
})

test('the pointer is told as places to a guest that takes them, and as movements to others', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer()
  client.pointer(0, 10, 10)
  client.pointer(1, 15, 7)
  client.pointer(0, 15, 7)
  await fence(client)
  bench.pointer.absolute = true
  client.pointer(0, 80, 48)
  client.pointer(0x18, 160, 96)
  await fence(client)
  assert.deepEqual(bench.done, [
    '',
    'left true, rel x5, rel y-3',
    'left false, rel x0, rel y0',
    'abs x16383, abs y16383',
    'wheel-up true, wheel-down true, abs x32767, abs y32767',
  ])
})

test('movements and further buttons are read as a client tells them that knows of both', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer(Encoding.pointerTypeChange, Encoding.extendedMouseButtons)
  client.pointer(0, 0x7fff + 3, 0x7fff - 4)
  client.pointer(0x80, 0x7fff, 0x7fff)
  client.send(0x03)
  await fence(client)
  assert.deepEqual(bench.done, ['rel x3, rel y-4', 'side true, extra true, rel x0, rel y0'])
})

test('viewers shut the machine down and reset it if they may; others are sent away', async () => {
  const asked: string[] = []
  const power = { shutdown: () => void asked.push('shutdown'), reset: () => void asked.push('reset') }
  await using bench = await DisplayBench.open({}, { power })
  const client = await bench.viewer(Encoding.xvp)
  for (const code of [2, 4, 3]) client.send(250, 0, 1, code)
  await client.until(250)
  await client.until(250)
  assert.deepEqual(asked, ['shutdown', 'reset'])
  assert.deepEqual([...client.messages.at(-1)!.bytes], [0, 1, 0], 'there is no way to reboot but the reset')
  await using without = await DisplayBench.open()
  const other = await without.viewer(Encoding.xvp)
  other.send(250, 0, 1, 2)
  await other.gone()
})

test('text for the clipboard is let pass, of any kind; one that is too long ends the connection', async () => {
  await using bench = await DisplayBench.open()
  const client = await bench.viewer()
  client.send(6, 0, 0, 0, 0, 0, 0, 3, 'abc')
  client.send(6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 'wxyz') // an extended one: its length is negative
  await fence(client)
  client.send(6, 0, 0, 0, 0x7f, 0, 0, 0)
  await client.gone()
})

/** Waits until all that the client has sent is dealt with. */
async function fence(client: RfbClient): Promise<void> {
  client.send(248, 0, 0, 0, 0x80, 0, 0, 1, 2, 7, 7)
  await client.until(248)
  assert.deepEqual([...client.messages.at(-1)!.bytes], [0, 0, 0, 1, 7, 7])
}
