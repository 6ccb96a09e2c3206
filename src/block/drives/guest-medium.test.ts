import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Deferred, deferred } from '../../async/index.ts'
import { BlockError, MemoryDriver, NodeGraph } from '../index.ts'
import { GuestMedium, type GuestMediumOptions } from './guest-medium.ts'
import { DriveStatistics } from './statistics.ts'

const sector = 512

/** A driver whose requests end when the test says so. */
class SlowDriver extends MemoryDriver {
  readonly running: Deferred<void>[] = []

  override async readInto(offset: number, target: Uint8Array): Promise<void> {
    await this.#wait()
    return super.readInto(offset, target)
  }

  override async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#wait()
    return super.write(offset, bytes)
  }

  #wait(): Promise<void> {
    const request = deferred()
    this.running.push(request)
    return request.promise
  }
}

async function mediumOn(driver: MemoryDriver, options: Partial<GuestMediumOptions> = {}, readOnly = false) {
  const statistics = new DriveStatistics()
  const node = new NodeGraph().add(driver, { readOnly })
  await node.attach({ description: 'a guest', access: { uses: readOnly ? ['read'] : ['read', 'write'], shares: [] } })
  return { statistics, medium: new GuestMedium(node, { statistics, writeback: () => true, ...options }) }
}

test('what the guest does is done to the image, and counted', async () => {
  const driver = new MemoryDriver(new Uint8Array(8 * sector))
  const { medium, statistics } = await mediumOn(driver)
  assert.equal(medium.byteLength, 8 * sector)
  await medium.write(sector, new Uint8Array(2 * sector).fill(3))
  assert.deepEqual(new Uint8Array(await medium.read(0, 2 * sector)), new Uint8Array(2 * sector).fill(3, sector))
  await medium.read(0, sector)
  await medium.flush()
  assert.deepEqual(driver.bytes.subarray(sector, 3 * sector), new Uint8Array(2 * sector).fill(3))
  const { read, write, flush } = statistics
  assert.deepEqual([read.operations, read.bytes, read.failed], [2, 3 * sector, 0])
  assert.deepEqual([write.operations, write.bytes, write.failed], [1, 2 * sector, 0])
  assert.deepEqual([flush.operations, flush.bytes, flush.failed], [1, 0, 0])
  assert.ok(read.totalTimeNs > 0 && write.totalTimeNs > 0 && flush.totalTimeNs > 0)
})

test('requests beyond the end are refused without taking memory for them', async () => {
  const { medium, statistics } = await mediumOn(new MemoryDriver(new Uint8Array(2 * sector)))
  for (const [offset, length] of [
    [2 * sector, sector],
    [0, 2 ** 50],
    [-sector, sector],
    [2 ** 60, sector],
  ] as const) {
    await assert.rejects(medium.read(offset, length), { kind: 'range' })
  }
  await assert.rejects(medium.write(sector, new Uint8Array(2 * sector)), { kind: 'range' })
  assert.equal(statistics.read.operations, 0)
  assert.equal(statistics.write.invalid, 1)
})

test('a read-only image refuses writes, and the image is as it was', async () => {
  const driver = new MemoryDriver(new Uint8Array(sector))
  const { medium, statistics } = await mediumOn(driver, {}, true)
  assert.equal(medium.readOnly, true)
  await assert.rejects(medium.write(0, new Uint8Array(sector).fill(1)), { kind: 'read-only' })
  await medium.flush()
  assert.deepEqual(driver.bytes, new Uint8Array(sector))
  assert.equal(statistics.write.failed, 1)
})

test('however many requests a guest makes, only so many run', async () => {
  const driver = new SlowDriver(new Uint8Array(100 * sector))
  const { medium } = await mediumOn(driver, { limits: { requests: 3, bytes: 10 * sector } })
  const requests = Array.from({ length: 20 }, (_, index) => medium.read(index * sector, sector))
  for (let ended = 0; ended < requests.length; ended++) {
    await settled()
    assert.ok(driver.running.length <= ended + 3, `${driver.running.length} have started, ${ended} have ended`)
    driver.running[ended]!.resolve()
  }
  assert.equal((await Promise.all(requests)).length, 20)
})

test('the memory of requests that run is bounded too', async () => {
  const driver = new SlowDriver(new Uint8Array(100 * sector))
  const { medium } = await mediumOn(driver, { limits: { requests: 100, bytes: 10 * sector } })
  const requests = [medium.read(0, 6 * sector), medium.write(0, new Uint8Array(4 * sector)), medium.read(0, sector)]
  await settled()
  assert.equal(driver.running.length, 2)
  driver.running[0]!.resolve()
  await requests[0]
  await settled()
  assert.equal(driver.running.length, 3)
  for (const request of driver.running) request.resolve()
  await Promise.all(requests)
})

test('a request that fails makes room for the next', async () => {
  const driver = new SlowDriver(new Uint8Array(100 * sector))
  const { medium, statistics } = await mediumOn(driver, { limits: { requests: 1, bytes: sector } })
  const first = medium.read(0, sector)
  const second = medium.read(0, sector)
  await settled()
  driver.running[0]!.reject(new BlockError('io', 'Input/output error'))
  await assert.rejects(first, { kind: 'io' })
  await settled()
  driver.running[1]!.resolve()
  await second
  assert.deepEqual([statistics.read.failed, statistics.read.operations], [1, 1])
})

/** Lets everything run that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
