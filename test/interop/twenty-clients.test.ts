/** Many clients on one monitor, one of which never reads: it costs itself, and nobody else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { vmon } from '../oracle/programs.ts'
import { Server } from '../oracle/server.ts'
import { PlainClient } from './plain-client.ts'

const rounds = 50

describe('twenty clients on one socket', () => {
  it('each get every answer in order and every event, although one of them never reads', async () => {
    const options = ['-display', 'none', '-nodefaults', '-qmp', 'unix:qmp.sock,server=on,wait=off']
    await using server = await Server.start([...vmon.command, ...options])
    await server.listening('qmp.sock')
    using deaf = await PlainClient.open(server.path('qmp.sock'))
    const readers = await Promise.all(Array.from({ length: 19 }, () => PlainClient.open(server.path('qmp.sock'))))
    const [conductor] = readers as [PlainClient, ...PlainClient[]]

    // Asks for more than any socket holds, and reads nothing of it.
    const schemas = 60
    deaf.pause()
    deaf.write(...Array.from({ length: schemas }, (_, id) => ({ execute: 'query-qmp-schema', id })))

    for (const [index, reader] of readers.entries())
      reader.write(...Array.from({ length: rounds }, (_, n) => ({ execute: 'query-name', id: [index, n] })))
    for (let round = 0; round < rounds; round++) {
      await conductor.execute('stop')
      await conductor.execute('cont')
    }
    await Promise.all(readers.map((reader) => reader.until(() => reader.events.length === 2 * rounds)))

    for (const [index, reader] of readers.entries()) {
      const answers = reader.messages.flatMap(({ id }) => (Array.isArray(id) ? [id] : []))
      const expected = Array.from({ length: rounds }, (_, n) => [index, n])
      assert.deepEqual(answers, expected, `answers of client ${index}`)
      const events = reader.events.map(({ event }) => event)
      assert.deepEqual(events, Array.from({ length: rounds }, () => ['STOP', 'RESUME']).flat(), `events of ${index}`)
    }

    // What the deaf client asked for waits for it, in order.
    assert.ok(deaf.messages.length < schemas)
    deaf.resume()
    await deaf.until(({ id }) => id === schemas - 1)
    const answered = deaf.messages.flatMap(({ id }) => (typeof id === 'number' ? [id] : []))
    assert.deepEqual(
      answered,
      Array.from({ length: schemas }, (_, id) => id),
    )
    for (const reader of readers) reader[Symbol.dispose]()
    assert.equal((await server.stop()).status, 0)
  })
})
