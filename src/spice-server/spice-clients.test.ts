import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpiceBench, Type } from '../../test/spice/spice-bench.ts'
import { linkHeader, type SpiceClient } from '../../test/spice/spice-client.ts'
import { Canvas } from '../../test/vnc/display-bench.ts'
import { mostStrangers } from './spice-server.ts'

/** Reads until the client's picture is the one that the canvas has. */
async function caughtUp(client: SpiceClient, canvas: Canvas): Promise<void> {
  while (
    client.picture.length !== canvas.colours.length ||
    !client.picture.every((pixel, at) => pixel === canvas.colours[at])
  )
    await client.message()
}

const u16 = (...values: number[]): number[] => values.flatMap((value) => [value & 0xff, value >> 8])
const i32 = (...values: number[]): number[] =>
  values.flatMap((value) => [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff))

test('a client learns of the machine and its channels, and events tell of it', async () => {
  await using bench = await SpiceBench.open()
  const { main, session } = await bench.main()
  assert.equal((await main.until(113)).toString('latin1', 4), 'bench\0')
  assert.deepEqual(
    [...(await main.until(114))],
    Array.from({ length: 16 }, () => 7),
  )
  main.say(104)
  assert.deepEqual([...(await main.until(104))], [3, 0, 0, 0, Type.display, 0, Type.cursor, 0, Type.inputs, 0])
  await bench.channel(Type.cursor, session)
  const { channels, ...info } = bench.server.info()
  assert.deepEqual(
    [info, channels.map((channel) => [channel['channel-type'], channel['connection-id'], channel.tls])],
    [
      { migrated: false, host: '*', port: undefined, tlsPort: undefined, auth: 'none', mouseMode: 'server' },
      [
        [Type.main, session | 0, false],
        [Type.cursor, session | 0, false],
      ],
    ],
  )
  main.close()
  await bench.until(() => bench.server.info().channels.length === 0)
  await bench.until(() => bench.news.length === 6)
  assert.deepEqual(
    bench.news.map(({ name }) => name),
    [
      ...['SPICE_CONNECTED', 'SPICE_INITIALIZED', 'SPICE_CONNECTED', 'SPICE_INITIALIZED'],
      ...['SPICE_DISCONNECTED', 'SPICE_DISCONNECTED'],
    ],
  )
})

test('a client rebuilds the picture, from raw and from compressed bytes, through changes, scrolling and other sizes', async () => {
  for (const compression of ['off', 'lz']) {
    const canvas = new Canvas(320, 200)
    await using bench = await SpiceBench.open({ 'disable-ticketing': 'on', 'image-compression': compression }, canvas)
    const client = await bench.viewer()
    await caughtUp(client, canvas)
    canvas.paint(0xff8040, { x: 3, y: 5, width: 70, height: 30 })
    await caughtUp(client, canvas)
    for (let top = 0; top < 5; top++) {
      canvas.set(
        Uint32Array.from(
          { length: 320 * 200 },
          (_, at) => Math.imul(Math.floor(at / 320) + 16 * top, 0x010307) & 0xffffff,
        ),
      )
      await caughtUp(client, canvas)
    }
    assert.ok(
      client.messages.some(({ type, body }) => type === 104 && body.length === 29),
      'nothing was copied',
    )
    canvas.resize(100, 37)
    canvas.paint(0x123456)
    await caughtUp(client, canvas)
    assert.deepEqual([client.width, client.height], [100, 37])
  }
})

test('a client that does not read costs little, and is shown what is new when it reads again', async () => {
  const canvas = new Canvas(320, 240)
  await using bench = await SpiceBench.open({ 'disable-ticketing': 'on', 'image-compression': 'off' }, canvas)
  const client = await bench.viewer()
  await caughtUp(client, canvas)
  client.pause()
  const looks = canvas.looks
  for (let round = 1; round < 40; round++) {
    canvas.set(Uint32Array.from({ length: 320 * 240 }, (_, at) => Math.imul(at, round) & 0xffffff))
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(bench.waiting(client) < 4 * 320 * 240 * 4, `${bench.waiting(client)} bytes wait`)
  }
  assert.ok(canvas.looks - looks < 40)
  client.resume()
  await caughtUp(client, canvas)
})

test('more than twice the messages that a client acknowledges at once are not on their way', async () => {
  const canvas = new Canvas(64, 16)
  await using bench = await SpiceBench.open(undefined, canvas)
  const client = await bench.viewer()
  // The first message tells how many to acknowledge at once, and is none of them.
  for (let round = 1; client.messages.length < 41; round++) {
    canvas.paint(round)
    await client.until(304)
  }
  assert.equal(client.messages.length, 41)
  canvas.paint(1000)
  const waiting = await new Promise<number>((resolve) => {
    // Who has come later is told of a change when the client has been shown it.
    const detach = bench.screen.attach({
      waits: true,
      changed: () => {
        detach()
        resolve(bench.waiting(client))
      },
    })
    bench.screen.wake()
  })
  assert.equal(waiting, 0)
  client.say(1, Uint8Array.from(i32(1)))
  client.say(2)
  await caughtUp(client, canvas)
})

test('passwords: none set, right, wrong, expired, changed, and clients that need none', async () => {
  await using bench = await SpiceBench.open({})
  const enters = async (password: string, skipAuth = false): Promise<number> => {
    const client = bench.connect({ skipAuth })
    const error = await client.link({ type: Type.main, password })
    client.close()
    await bench.until(() => bench.server.info().channels.length === 0)
    return error
  }
  assert.equal(await enters(''), 7)
  assert.equal(await enters('', true), 0)
  assert.equal(bench.server.setPassword('secret', 'keep'), true)
  assert.equal(await enters('secret'), 0)
  assert.equal(await enters('Secret'), 7)
  bench.server.expirePassword(0)
  assert.equal(await enters('secret'), 7)
  bench.server.expirePassword(undefined)
  assert.equal(await enters('secret'), 0)
  const { main } = await bench.main('secret')
  assert.equal(bench.server.setPassword('other', 'fail'), false)
  assert.equal(bench.server.setPassword('other', 'disconnect'), true)
  await assert.rejects(main.until(0))
  assert.equal(await enters('secret'), 7)
  assert.equal(await enters('other'), 0)
  assert.equal(bench.server.info().auth, 'spice')
})

test('who comes later sends the earlier one away, and a main channel takes the others with it', async () => {
  await using bench = await SpiceBench.open()
  const first = await bench.main()
  const display = await bench.channel(Type.display, first.session)
  const second = await bench.main()
  await assert.rejects(first.main.until(0))
  await assert.rejects(display.until(0))
  second.main.say(104)
  await second.main.until(104)
})

test('channels that there are not are refused by number', async () => {
  await using bench = await SpiceBench.open()
  const { session } = await bench.main()
  for (const [wish, number] of [
    [{ type: Type.main, session: 5 }, 8],
    [{ type: Type.display, session: 0 }, 8],
    [{ type: Type.display, session: (session ^ 1) >>> 0 }, 8],
    [{ type: Type.display, session, id: 1 }, 9],
    [{ type: 5, session }, 9],
    [{ type: 99, session }, 9],
  ] as const)
    assert.equal(await bench.connect().link(wish), number, JSON.stringify(wish))
  await bench.channel(Type.display, session)
  assert.equal(await bench.connect().link({ type: Type.display, session }), 9)
  const stranger = bench.connect()
  stranger.send(linkHeader(18, { magic: 'RFB ' }))
  assert.equal((await stranger.reply()).readUInt32LE(0), 2)
})

test('channels can be for encrypted connections alone, or for those in the clear', async () => {
  const [needSecured, needUnsecured] = [5, 6]
  const linked = async (options: Record<string, string>, type: number, tls: boolean): Promise<number> => {
    // Where there is a socket, no port is opened, and channels are as they would be there.
    await using bench = await SpiceBench.open({ unix: 'on', 'tls-port': '1', 'disable-ticketing': 'on', ...options })
    const error = await bench.connect({ tls }).link({ type })
    assert.deepEqual(
      bench.server.info().channels.map((channel) => channel.tls),
      error === 0 ? [tls] : [],
    )
    return error
  }
  assert.equal(await linked({ 'tls-channel': 'main' }, Type.main, false), needSecured)
  assert.equal(await linked({ 'tls-channel': 'main' }, Type.main, true), 0)
  assert.equal(await linked({ 'tls-channel': 'display' }, Type.main, false), 0)
  assert.equal(await linked({ 'tls-channel': 'default' }, Type.inputs, false), needSecured)
  assert.equal(await linked({ 'tls-channel': 'default', 'plaintext-channel': 'main' }, Type.main, false), 0)
  assert.equal(await linked({ 'plaintext-channel': 'main' }, Type.main, true), needUnsecured)
})

test('old clients, which choose no way to prove who they are, and have long headers, are served', async () => {
  await using bench = await SpiceBench.open({ password: 'x' })
  const main = bench.connect()
  assert.equal(await main.link({ type: Type.main, password: 'x', capabilities: 0 }), 0)
  await main.until(103)
  main.say(104)
  assert.equal((await main.until(104)).length, 10)
})

test('keys come as scan codes: down, up, extended, Pause; and what is held is let go at the end', async () => {
  await using bench = await SpiceBench.open()
  const { session } = await bench.main()
  const inputs = await bench.channel(Type.inputs, session)
  assert.equal(inputs.channelCapabilities, 1)
  inputs.say(101, Uint8Array.from(i32(0x1e)))
  inputs.say(102, Uint8Array.from(i32(0x9e)))
  inputs.say(101, Uint8Array.from(i32(0x1de0)))
  inputs.say(102, Uint8Array.from(i32(0x9de0)))
  inputs.say(104, Uint8Array.of(0x2a, 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x30))
  await bench.until(() => bench.done.length >= 8)
  inputs.close()
  await bench.until(() => bench.done.length >= 10)
  assert.deepEqual(bench.done, [
    ...['down 1e', 'up 1e', 'down 9d', 'up 9d', 'down 2a', 'down c6', 'up c6', 'down 30', 'up 30', 'up 2a'],
  ])
})

test('lamps are told, and locks that differ are pressed', async () => {
  await using bench = await SpiceBench.open()
  const { session } = await bench.main()
  const inputs = await bench.channel(Type.inputs, session)
  assert.deepEqual([...(await inputs.until(101))], [0, 0])
  bench.guest.leds = 4
  bench.guest.changed()
  assert.deepEqual([...(await inputs.until(102))], [4, 0])
  inputs.say(103, Uint8Array.from(u16(2)))
  await bench.until(() => bench.done.length === 4)
  assert.deepEqual(bench.done, ['down 45', 'up 45', 'down 3a', 'up 3a'])
})

test('locks that differ are pressed when the guest feels it, if they were wanted while it stood still', async () => {
  await using bench = await SpiceBench.open()
  const { session } = await bench.main()
  const inputs = await bench.channel(Type.inputs, session)
  bench.guest.feels = false
  inputs.say(103, Uint8Array.from(u16(4)))
  for (let motion = 0; motion < 4; motion++) inputs.say(111, Uint8Array.from([...i32(1, 1), ...u16(0)]))
  await inputs.until(111)
  bench.guest.feels = true
  bench.done.length = 0
  inputs.say(103, Uint8Array.from(u16(4)))
  inputs.say(103, Uint8Array.from(u16(0)))
  await bench.until(() => bench.done.length === 4)
  assert.deepEqual(bench.done, ['down 3a', 'up 3a', 'down 3a', 'up 3a'])
})

test('a guest that changes its lamps and its mouse without end costs little, and who reads again is told the newest', async () => {
  await using bench = await SpiceBench.open()
  const { main, session } = await bench.main()
  const inputs = await bench.channel(Type.inputs, session)
  await inputs.until(101)
  for (const client of [main, inputs]) client.pause()
  for (let round = 1; round <= 100_001; round++) {
    bench.guest.leds = round % 8
    bench.guest.absolute = round % 2 === 1
    bench.guest.changed()
  }
  for (const client of [main, inputs]) {
    assert.ok(bench.waiting(client) < 1 << 17, `${bench.waiting(client)} bytes wait`)
    client.resume()
  }
  // The last that each is told is how it is now.
  while ((await inputs.until(102)).readUInt16LE() !== 100_001 % 8 || bench.waiting(inputs) > 0);
  while ((await main.until(105)).readUInt16LE() !== 3 || bench.waiting(main) > 0);
})

test('the pointer moves by distances, or to places when the guest takes them and the client wants to', async () => {
  await using bench = await SpiceBench.open(undefined, new Canvas(200, 100))
  const { main, session } = await bench.main()
  const inputs = await bench.channel(Type.inputs, session)
  const move = (x: number, y: number, buttons: number): void =>
    inputs.say(111, Uint8Array.from([...i32(x, y), ...u16(buttons)]))
  move(3, -4, 0)
  move(0, 0, 1)
  inputs.say(113, Uint8Array.from([4, ...u16(1)]))
  inputs.say(114, Uint8Array.from([4, ...u16(1)]))
  inputs.say(114, Uint8Array.from([1, ...u16(0)]))
  move(1, 1, 0)
  move(1, 1, 0)
  await inputs.until(111)
  main.say(105, Uint8Array.from(u16(2)))
  assert.deepEqual([...(await main.until(105))], [...u16(1), ...u16(1)])
  bench.guest.absolute = true
  bench.guest.changed()
  assert.deepEqual([...(await main.until(105))], [...u16(3), ...u16(1)])
  main.say(105, Uint8Array.from(u16(2)))
  assert.deepEqual([...(await main.until(105))], [...u16(3), ...u16(2)])
  assert.equal(bench.server.info().mouseMode, 'client')
  inputs.say(112, Uint8Array.from([...i32(0, 0), ...u16(0), 0]))
  inputs.say(112, Uint8Array.from([...i32(640, 479), ...u16(4), 0]))
  await bench.until(() => bench.done.length >= 9)
  assert.deepEqual(bench.done, [
    'rel x3, rel y-4',
    'left true, rel x0, rel y0',
    'wheel-up true',
    'wheel-up false',
    'left false',
    'rel x1, rel y1',
    'rel x1, rel y1',
    'abs x0, abs y0',
    'right true, abs x32767, abs y32698',
  ])
  bench.guest.absolute = false
  bench.guest.changed()
  assert.deepEqual([...(await main.until(105))], [...u16(1), ...u16(1)])
})

test('clients are told where to go on when the machine has gone, if that was said', async () => {
  await using bench = await SpiceBench.open()
  const { main } = await bench.main()
  bench.server.gone()
  assert.equal(bench.server.info().migrated, false)
  bench.server.goesTo({ host: 'there', port: 5901, tlsPort: 0, certSubject: undefined })
  bench.server.gone()
  const said = await main.until(111)
  assert.deepEqual([said.readUInt16LE(0), said.toString('latin1', 20)], [5901, 'there\0'])
  assert.equal(bench.server.info().migrated, true)
  assert.equal(bench.news.at(-1)?.name, 'SPICE_MIGRATE_COMPLETED')
})

test('of those that never prove who they are the oldest go, as many as there are too many', async () => {
  await using bench = await SpiceBench.open()
  const { main } = await bench.main()
  const strangers = Array.from({ length: 400 }, () => bench.connect())
  for (const stranger of strangers) stranger.send(linkHeader(18))
  const count = (wanted: string): number => bench.news.filter(({ name }) => name === wanted).length
  const left = (): number => count('SPICE_CONNECTED') - count('SPICE_DISCONNECTED')
  await bench.until(() => left() <= mostStrangers + 1)
  const [gone, stayed] = [strangers.slice(0, -mostStrangers), strangers.slice(-mostStrangers)]
  for (const stranger of gone) await assert.rejects(stranger.reply())
  for (const stranger of stayed) {
    stranger.send(new Uint8Array(18))
    assert.ok((await stranger.reply()).length >= 4)
  }
  main.say(104)
  await main.until(104)
})

test('who sends without end is read no faster than it is served', async () => {
  await using bench = await SpiceBench.open()
  const { main } = await bench.main()
  main.pause()
  for (let round = 0; round < 2000; round++) for (let each = 0; each < 50; each++) main.say(104)
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(bench.waiting(main) < 4 << 20, `${bench.waiting(main)} bytes wait`)
})
