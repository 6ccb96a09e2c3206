import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { memoryPair } from '../transport/index.ts'
import { joinStreams } from './joined-streams.ts'

const requests = 4096
const request = Buffer.alloc(1024, 'r')
const answer = 'a'.repeat(1024)

test('who asks and does not read the answers is not read either, until it reads', async () => {
  const [viewer, browser] = memoryPair()
  const [service, machine] = memoryPair()
  let asked = 0
  void joinStreams(viewer, service, ({ length }) => {
    asked += length / request.length
    return { forward: Buffer.alloc(length), answer: answer.repeat(length / request.length) }
  })
  machine.start({ data: () => undefined, end: () => void machine.close() })
  for (let count = 0; count < requests; count++) {
    browser.write(request)
    await turn()
  }
  assert.ok(asked < requests / 4, `${asked} requests were answered to nobody`)
  let heard = 0
  await new Promise<void>((resolve) =>
    browser.start({
      data: ({ length }) => {
        heard += length
        if (heard === requests * answer.length) resolve()
      },
    }),
  )
  browser.destroy()
  await Promise.all([viewer.closed, machine.closed])
})

test('a machine that does not read stops the viewer, and each of the two goes on alone', async () => {
  const [viewer, browser] = memoryPair()
  const [service, machine] = memoryPair()
  void joinStreams(viewer, service, (chunk) => ({ forward: chunk, answer: 'x'.repeat(chunk.length) }))
  let heard = 0
  let done = (): void => undefined
  browser.start({
    data: ({ length }) => {
      heard += length
      if (heard === requests * request.length) done()
    },
    end: () => void browser.close(),
  })
  for (let count = 0; count < requests; count++) {
    browser.write(request)
    await turn()
  }
  assert.ok(heard < (requests * request.length) / 4, `${heard} bytes were read for a machine that reads none`)
  const all = new Promise<void>((resolve) => {
    done = resolve
  })
  machine.start({ data: () => undefined })
  await all
  machine.destroy()
  await Promise.all([viewer.closed, browser.closed])
})
