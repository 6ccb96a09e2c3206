import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedQueue } from './index.ts'

test('a queue gives items in order and then ends', async () => {
  const queue = new BoundedQueue<number>({ capacity: 4 })
  queue.push(1)
  queue.push(2)
  queue.end()
  const seen: number[] = []
  for await (const item of queue) seen.push(item)
  assert.deepEqual(seen, [1, 2])
})

test('a queue that overflows drops the oldest and counts them', async () => {
  const queue = new BoundedQueue<number>({ capacity: 2 })
  for (const item of [1, 2, 3, 4, 5]) queue.push(item)
  assert.equal(queue.lost, 3)
  assert.deepEqual(await queue.next(), { value: 4, done: false })
})

test('a waiting reader gets the next item, and the error that ends the queue', async () => {
  const queue = new BoundedQueue<number>({ capacity: 2 })
  const first = queue.next()
  const second = queue.next()
  queue.push(7)
  queue.end(new Error('gone'))
  assert.deepEqual(await first, { value: 7, done: false })
  await assert.rejects(second, /gone/)
})
