/**
 * Two networks that are joined by a connection carry everything, both ways, at their slower side's pace; when one goes, the
 * other stays, and hears the next. VMON_COPY: how many MiB each way.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type NetClient, type NetdevOptions, type NetEnd, NetSet } from '../../src/net/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-joined-'))
after(() => rmSync(folder, { recursive: true }))
const frameLength = 1514
const frames = Math.ceil((Number(process.env['VMON_COPY'] ?? 8) << 20) / frameLength)

/** Each is another one; they say which it is. */
function frameOf(number: number): Buffer {
  const frame = Buffer.alloc(frameLength, number & 0xff)
  frame.writeUInt32BE(number, 14)
  return frame
}

const expected = createHash('sha256')
for (let number = 0; number < frames; number++) expected.update(frameOf(number))
const digest = expected.digest('hex')

/** A card that sends what it is to, and now and then has no room. */
class Card implements NetEnd {
  client: NetClient | undefined
  #hash = createHash('sha256')
  #heard = 0
  #left: number | undefined
  #offered = 0
  #whole: (() => void) | undefined

  receive(frame: Uint8Array): boolean {
    if (++this.#offered % 500 === 0) {
      setImmediate(() => this.client?.ready())
      return false
    }
    this.#hash.update(frame)
    if (++this.#heard === frames) this.#whole?.()
    return true
  }

  resume(): void {
    while (this.#left !== undefined && this.#left > 0 && this.client?.send(frameOf(frames - this.#left)) === true)
      this.#left--
  }

  send(): void {
    this.#left = frames
    this.resume()
  }

  /** Waits for all that the other one sends. @returns its digest */
  async heardAll(): Promise<string> {
    if (this.#heard < frames) await new Promise<void>((resolve) => (this.#whole = resolve))
    const said = this.#hash.digest('hex')
    this.#hash = createHash('sha256')
    this.#heard = 0
    return said
  }
}

async function side(options: NetdevOptions) {
  const set = new NetSet()
  await set.add(options)
  const card = new Card()
  card.client = set.attach({ id: 'card', model: 'e1000', mac: '52:54:00:12:34:56', netdev: 'n', end: card })
  const [backend] = set.list()
  return { set, card, info: () => backend!.info() }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const ways: Readonly<Record<string, () => Promise<readonly [NetdevOptions, NetdevOptions]>>> = {
  async socket() {
    const place = `127.0.0.1:${await freePort()}`
    return [{ type: 'socket', id: 'n', listen: place }, { type: 'socket', id: 'n', connect: place }] // biome-ignore format: one line
  },
  async stream() {
    const addr = { type: 'unix', path: join(folder, 'stream') } as const
    return [{ type: 'stream', id: 'n', addr, server: true }, { type: 'stream', id: 'n', addr }] // biome-ignore format: one line
  },
}

for (const [name, optionsOf] of Object.entries(ways))
  test(`joined by ${name}, two carry all frames in order; one goes, and the next one is heard`, async () => {
    const [waiting, calling] = await optionsOf()
    const first = await side(waiting)
    for (let time = 0; time < 2; time++) {
      const alone = first.info()
      const second = await side(calling)
      while (second.info() === '') await nextTurn() // it calls
      second.card.send()
      assert.equal(await first.card.heardAll(), digest)
      first.card.send()
      assert.equal(await second.card.heardAll(), digest)
      second.set.close()
      while (first.info() !== alone) await nextTurn()
    }
    first.set.close()
  })
