import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PluggedDevice } from '../../board/index.ts'
import type { SharedFolderOptions } from '../../file-sharing/index.ts'
import type { HostServices } from '../model.ts'
import { VirtioBench } from '../virtio/virtio-bench.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'
import { virtio9pPci } from './model.ts'
import type { ToFolder } from './wire.ts'

const bench = () => new VirtioBench(guest, virtio9pPci, { properties: { mount_tag: 'share' } })
const message = Uint8Array.of(7, 0, 0, 0, 100, 1, 0)

test('a driver finds the tag, and its messages are carried both ways', () => {
  const one = bench()
  assert.deepEqual(
    Array.from({ length: 7 }, (_, at) => one.config(at)),
    [5, 0, ...Buffer.from('share')],
  )
  const [, room] = one.offer(0, message, 16)
  one.notify(0)
  assert.deepEqual(one.said, [{ type: 'asked', id: 0, message }])
  assert.equal(one.device.busy?.(), true)
  one.device.receive?.({ id: 0, answer: Uint8Array.of(8, 0, 0, 0, 101, 1, 0, 9), inUse: true })
  assert.deepEqual(one.used(0), [8])
  assert.equal(one.memory(room!, 8)[7], 9)
  assert.equal(one.device.busy?.(), false)
  assert.throws(() => one.device.save?.(), /the shared folder 'share' is mounted in the guest/)
})

test('who wants no answer, or has no message, has broken the device', () => {
  for (const parts of [[message], [16], [message.subarray(0, 6), 16]] as const) {
    const one = bench()
    one.offer(0, ...parts)
    one.notify(0)
    assert.equal(one.status & 0x40, 0x40)
    assert.deepEqual(one.said, [])
  }
  const one = bench()
  one.offer(0, message, 8)
  one.notify(0)
  one.device.receive?.({ id: 0, answer: new Uint8Array(9), inUse: false })
  assert.equal(one.status & 0x40, 0x40)
})

const answered = (one: VirtioBench, id: number, inUse = false) => one.device.receive?.({ id, answer: message, inUse })

test('what is answered behind a reset is nobody’s, and until then nothing new is asked', () => {
  const one = bench()
  one.offer(0, message, 16)
  one.notify(0)
  one.status = 0
  assert.deepEqual(one.said.splice(0).at(-1), { type: 'reset' })
  one.restart()
  one.offer(0, message, 16)
  one.notify(0)
  assert.deepEqual(one.said, [])
  answered(one, 0, true)
  assert.deepEqual(one.used(0), [])
  assert.deepEqual(one.said.splice(0), [{ type: 'asked', id: 1, message }])
  answered(one, 1)
  assert.deepEqual(one.used(0), [message.length])
  assert.equal(one.device.busy?.(), false)
  assert.deepEqual(one.device.save?.() !== undefined, true)
})

test('a driver that comes and goes without an end makes the other side wait for no more than its first messages', () => {
  const one = bench()
  for (let round = 0; round < 100; round++) {
    for (let count = 0; count < 4; count++) one.offer(0, message, 16)
    one.notify(0)
    one.status = 0
    one.status = 0
    one.restart()
  }
  assert.deepEqual(
    one.said.map((said) => (said as { type: string }).type),
    ['asked', 'asked', 'asked', 'asked', 'reset'],
  )
})

test('no more is on its way than there is memory for; the rest waits', () => {
  const one = bench()
  const half = { address: 0x80000, length: 0x80000 }
  for (const [index, flags] of [1, 1, 3, 2].entries())
    one.writeDescriptor(0, index, { ...half, flags, next: index + 1 })
  for (let count = 0; count < 9; count++) one.makeAvailable(0, 0)
  one.notify(0)
  assert.equal(one.said.length, 8)
  answered(one, 0)
  assert.equal(one.said.length, 9)
})

test('a state in which nothing is mounted has nothing of what was mounted before', () => {
  const one = bench()
  const state = one.device.save?.()
  one.offer(0, message, 16)
  one.notify(0)
  answered(one, 0, true)
  assert.throws(() => one.device.save?.(), /mounted/)
  one.said.length = 0
  one.device.restore?.(state)
  assert.deepEqual(one.said, [{ type: 'reset' }])
  assert.ok(one.device.save?.())
})

const skip = process.platform !== 'linux' && 'only Linux has what folders are shared by'
test('the host’s side says that the machine stays while the folder is mounted; a board that is built again is told nothing old', {
  skip,
}, async () => {
  const path = await mkdtemp(join(tmpdir(), 'vmon-9p-'))
  const folder: SharedFolderOptions = {
    ...{ path, security: 'none', readOnly: false, fileMode: 0o600, folderMode: 0o700, writeThrough: false },
    others: 'warn',
  }
  const told: ToFolder[] = []
  let heard: () => void = () => undefined
  const side = host({
    properties: { mount_tag: 'tag' },
    services: { sharedFolder: () => folder } as Partial<HostServices> as HostServices,
  })
  const send = (said: unknown) => {
    told.push(said as ToFolder)
    heard()
  }
  side.connected?.({ send } as Partial<PluggedDevice> as PluggedDevice)
  const ask = (id: number, type: number, body: readonly number[]): void => {
    const bytes = Uint8Array.of(7 + body.length, 0, 0, 0, type, 1, 0, ...body)
    side.receive({ type: 'asked', id, message: bytes })
  }
  const answer = () =>
    new Promise<void>((resolve) => {
      heard = resolve
    })
  const version = [0, 32, 0, 0, 8, 0, ...Buffer.from('9P2000.L')]
  const attach = [...[0, 0, 0, 0, 255, 255, 255, 255], ...[0, 0, 0, 0, 0, 0, 0, 0]]
  try {
    ask(0, 100, version)
    await answer()
    assert.equal(side.migrationBlocker?.(), undefined)
    ask(1, 104, attach)
    await answer()
    assert.equal(
      side.migrationBlocker?.(),
      `Migration is disabled when VirtFS export path '${path}' is mounted in the guest using mount_tag 'tag'`,
    )
    assert.deepEqual(
      told.splice(0).map(({ id, inUse }) => [id, inUse]),
      [
        [0, false],
        [1, true],
      ],
    )
    ask(2, 104, attach)
    side.beginning?.()
    ask(0, 100, version)
    await answer()
    assert.deepEqual(
      told.map(({ id, inUse }) => [id, inUse]),
      [[0, false]],
    )
    assert.equal(side.migrationBlocker?.(), undefined)
  } finally {
    await side.closed?.()
    await rm(path, { recursive: true })
  }
})
