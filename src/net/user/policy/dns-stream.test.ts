import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { dnsQuestion } from './dns-puppet.ts'
import { DnsStream } from './dns-stream.ts'

const question = dnsQuestion('a.example')
const asked = Buffer.concat([Buffer.of(0, question.length), question])
const nowhere = { address: '127.0.0.1', port: 1 }

function refusing(): { readonly stream: DnsStream; readonly count: () => number } {
  let count = 0
  const answerTo = (message: Buffer): Buffer => {
    count++
    return message
  }
  return { stream: new DnsStream({ resolver: nowhere, answerTo, answered: () => undefined }), count: () => count }
}

test('who asks without reading the refusals is not answered without end, and is when it reads', async () => {
  const { stream, count } = refusing()
  for (let turn = 0; turn < 10_000; turn++) stream.write(asked)
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(count() < 2000, `${count()} answers wait`)
  let length = 0
  for await (const bytes of stream) {
    length += (bytes as Buffer).length
    if (length === 10_000 * asked.length) break
  }
  assert.equal(count(), 10_000)
})

test('a question that is longer than any ends the connection', async () => {
  const { stream } = refusing()
  stream.write(Buffer.of(0x10, 0x01))
  await once(stream, 'close')
  assert.equal(stream.destroyed, true)
})

test('a resolver that goes ends its half of the connection; one that is not there, all of it', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const parts = { resolver: { address: '127.0.0.1', port }, answerTo: () => undefined, answered: () => undefined }
  for (let time = 0; time < 2; time++) {
    const stream = new DnsStream(parts)
    stream.resume().write(asked)
    await once(stream, time === 0 ? 'end' : 'close')
    stream.destroy()
    if (time === 0) await new Promise((resolve) => server.close(resolve))
  }
})

test('what is asked when the resolver has ended its half is not answered any more, and nothing fails', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let passing = true
  const answerTo = (message: Buffer): Buffer | undefined => (passing ? undefined : message)
  const stream = new DnsStream({ resolver: { address: '127.0.0.1', port }, answerTo, answered: () => undefined })
  stream.resume().write(asked)
  await once(stream, 'end')
  passing = false
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject)
    stream.write(asked, (error) => (error ? reject(error) : resolve()))
  })
  stream.end(asked)
  await once(stream, 'close')
  server.close()
})
