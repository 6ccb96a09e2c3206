import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemCode } from '../errno/index.ts'
import type { Duplex } from './duplex.ts'
import { RecordingSink } from './recording-sink.ts'

/** Two streams that are joined to each other, and the way to release what they were made with. */
export interface Joined {
  readonly near: Duplex
  readonly far: Duplex
  readonly release?: () => Promise<void>
}

/** What every transport keeps: run once for each, over pairs that `join` makes. */
export function transportSuite(name: string, join: () => Promise<Joined>, skip: string | false = false): void {
  const kept = (title: string, body: (near: Duplex, far: Duplex) => Promise<void>): void => {
    test(title, async () => {
      const { near, far, release } = await join()
      try {
        await body(near, far)
      } finally {
        near.destroy()
        far.destroy()
        await Promise.all([near.closed, far.closed])
        await release?.()
      }
    })
  }
  const sinks = (near: Duplex, far: Duplex): [RecordingSink, RecordingSink] => {
    const pair: [RecordingSink, RecordingSink] = [new RecordingSink(), new RecordingSink()]
    near.start(pair[0])
    far.start(pair[1])
    return pair
  }

  describe(name, { skip }, () => {
    kept('carries bytes and text in order, both ways', async (near, far) => {
      const [nearSink, farSink] = sinks(near, far)
      assert.ok(near.write('grüße '))
      assert.ok(near.write(new Uint8Array([0x31, 0x32])))
      near.write(' end')
      far.write('back')
      await farSink.until(() => farSink.text === 'grüße 12 end')
      await nearSink.until(() => nearSink.text === 'back')
    })

    kept('reads nothing before it has a sink, and takes only one', async (near, far) => {
      near.write('early')
      await turn()
      const sink = new RecordingSink()
      far.start(sink)
      assert.throws(() => far.start(sink), /sink/)
      await sink.until(() => sink.text === 'early')
    })

    kept('sends what was written in one go in one go', async (near, far) => {
      const [, sink] = sinks(near, far)
      for (let i = 0; i < 1000; i++) near.write('x')
      await sink.until(() => sink.bytes === 1000)
      assert.ok(sink.chunkCount < 10, `${sink.chunkCount} chunks`)
    })

    kept('ends one side while the other goes on, and closes when both have ended', async (near, far) => {
      const [nearSink, farSink] = sinks(near, far)
      near.write('last words')
      near.end()
      assert.equal(near.write('too late'), false)
      await farSink.until(() => farSink.ended)
      assert.equal(farSink.text, 'last words')
      far.write('an answer')
      await nearSink.until(() => nearSink.text === 'an answer')
      assert.equal(nearSink.over, undefined)
      far.end()
      await Promise.all([near.closed, far.closed])
      assert.deepEqual([nearSink.over, farSink.over], [{ reason: undefined }, { reason: undefined }])
      assert.ok(nearSink.ended)
    })

    kept('stops reading when paused, so that the writer fills up and hears when there is room', async (near, far) => {
      const [nearSink, farSink] = sinks(near, far)
      far.pause()
      await turn()
      const piece = new Uint8Array(64 * 1024)
      let written = 0
      while (near.write(piece)) await turn()
      for (; written < 256; written++) near.write(piece)
      const before = farSink.bytes
      for (let i = 0; i < 20; i++) await turn()
      assert.equal(farSink.bytes, before)
      assert.ok(near.buffered > 8 * 1024 * 1024, `${near.buffered} bytes wait`)
      assert.equal(nearSink.drains, 0)
      far.resume()
      await nearSink.until(() => nearSink.drains === 1)
      await farSink.until(() => near.buffered === 0 && farSink.bytes >= 256 * piece.length)
    })

    kept('delivers nothing after a pause inside a delivery', async (near, far) => {
      let deliveries = 0
      far.start({
        data: () => {
          deliveries++
          far.pause()
        },
      })
      near.start(new RecordingSink())
      for (let i = 0; i < 20; i++) {
        near.write(new Uint8Array(100_000))
        await turn()
      }
      assert.equal(deliveries, 1)
    })

    kept('sends what is queued before it closes', async (near, far) => {
      const [nearSink, farSink] = sinks(near, far)
      far.write('never to be read by a stream that closes')
      near.write(new Uint8Array(4 * 1024 * 1024))
      const [first, second] = [near.close(), near.close()]
      await farSink.until(() => farSink.ended)
      assert.equal(farSink.bytes, 4 * 1024 * 1024)
      await Promise.all([first, second, near[Symbol.asyncDispose]()])
      assert.deepEqual(nearSink.over, { reason: undefined })
      assert.equal(near.write('more'), false)
    })

    kept('closes without ever having been started', async (near, far) => {
      const sink = new RecordingSink()
      far.start(sink)
      near.write('bye')
      await near.close()
      await sink.until(() => sink.ended)
      assert.equal(sink.text, 'bye')
    })

    kept('drops what is queued when it is destroyed, and says why to its own sink', async (near, far) => {
      const [nearSink, farSink] = sinks(near, far)
      far.pause()
      await turn()
      for (let i = 0; i < 256; i++) near.write(new Uint8Array(64 * 1024))
      const reason = new Error('enough')
      near.destroy(reason)
      near.destroy(new Error('later'))
      assert.equal(near.write('more'), false)
      assert.equal(near.buffered, 0)
      await near.closed
      assert.equal(nearSink.over?.reason, reason)
      far.resume()
      await farSink.until(() => farSink.ended || farSink.over !== undefined)
      assert.ok(farSink.bytes < 256 * 64 * 1024)
    })

    kept('delivers nothing to a sink that has destroyed it', async (near, far) => {
      const sink = new RecordingSink()
      let deliveries = 0
      far.start({
        data: () => {
          deliveries++
          far.destroy()
        },
        closed: (reason) => sink.closed(reason),
      })
      near.start(new RecordingSink())
      near.write(new Uint8Array(1024 * 1024))
      await far.closed
      assert.deepEqual([deliveries, sink.over], [1, { reason: undefined }])
    })

    kept('tells the reason when the peer has gone in the middle', async (near, far) => {
      const sink = new RecordingSink()
      near.start(sink)
      near.write(new Uint8Array(1024 * 1024))
      await turn()
      far.destroy()
      await far.closed
      while (near.write('anybody?')) await turn()
      await near.closed
      assert.match(String(systemCode(sink.over?.reason)), /^(EPIPE|ECONNRESET)$/)
    })

    kept('carries 64 MiB both ways at once, unharmed', async (near, far) => {
      const [one, other] = [new Carrier(near, 64 * mebibyte), new Carrier(far, 64 * mebibyte)]
      one.send()
      other.send()
      await Promise.all([one, other].map((each) => each.until(() => each.bytes === 64 * mebibyte)))
      assert.equal(other.got.digest('hex'), one.sent.digest('hex'))
      assert.equal(one.got.digest('hex'), other.sent.digest('hex'))
    })

    test('leaves no descriptor behind', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
      const cycle = async (): Promise<void> => {
        const { near, far, release } = await join()
        const [nearSink, farSink] = sinks(near, far)
        near.write('ping')
        await farSink.until(() => farSink.text === 'ping')
        await near.close()
        await farSink.until(() => farSink.ended)
        await far.close()
        assert.ok(nearSink.over !== undefined)
        await release?.()
      }
      await cycle()
      const before = readdirSync('/proc/self/fd').length
      for (let i = 0; i < 100; i++) await cycle()
      await turn()
      assert.equal(readdirSync('/proc/self/fd').length, before)
    })
  })
}

const mebibyte = 1024 * 1024

/** Sends changing bytes as a polite writer does, and digests what it sends and what it gets. */
class Carrier extends RecordingSink {
  readonly sent = createHash('sha1')
  readonly got = createHash('sha1')
  readonly #stream: Duplex
  #remaining: number

  constructor(stream: Duplex, toSend: number) {
    super()
    this.#stream = stream
    this.#remaining = toSend
    stream.start(this)
  }

  override data(chunk: Uint8Array): void {
    this.got.update(chunk)
    this.count(chunk.length)
  }

  override drain(): void {
    this.send()
  }

  send(): void {
    while (this.#remaining > 0) {
      const piece = Buffer.alloc(Math.min(this.#remaining, 100_003), this.#remaining % 251)
      this.#remaining -= piece.length
      this.sent.update(piece)
      if (!this.#stream.write(piece)) return
    }
  }
}
