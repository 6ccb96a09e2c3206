/** Work on a whole image, and what others do with it meanwhile. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createDisk, type Disk, openDisk } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-whole-image-'))
after(() => rmSync(folder, { recursive: true }))

const mebibyte = 2 ** 20
let images = 0

/** @returns the name of a new image, all of it of one byte unless it has a backing file */
async function make(mebibytes: number, content: number, backing?: string): Promise<string> {
  const filename = join(folder, `${++images}.qcow2`)
  const behind = backing === undefined ? {} : { backing: { filename: backing, format: 'qcow2' } }
  await createDisk(filename, { format: 'qcow2', size: mebibytes * mebibyte, ...behind })
  await using disk = await openDisk(filename)
  if (content > 0) await disk.write(0, new Uint8Array(mebibytes * mebibyte).fill(content))
  return filename
}

const byteAt = async (disk: Disk, offset: number): Promise<number> => (await disk.read(offset, 1))[0]!

const sound = async (disk: Disk): Promise<void> => {
  const { corruptions, leaks } = await disk.check()
  assert.deepEqual([corruptions, leaks], [0, 0])
}

/** Calls `act` once, when some of the work has been done. */
function midway(act: () => void): (percent: number) => void {
  let acted = false
  return (percent) => {
    if (acted || percent < 30 || percent > 90) return
    acted = true
    act()
  }
}

test('a write during a commit waits, and is there after it; reads go on', async () => {
  const base = await make(8, 1)
  await using disk = await openDisk(await make(8, 2, base))
  let committed = false
  const others: Promise<unknown>[] = []
  const read = async (): Promise<void> => {
    assert.equal(await byteAt(disk, 7 * mebibyte), 2)
    assert.equal(committed, false)
  }
  const progress = midway(() => others.push(disk.write(0, Uint8Array.of(9)), disk.writeZeroes(4096, 1), read()))
  await disk.commit({ progress })
  committed = true
  assert.equal(others.length, 3)
  await Promise.all(others)
  await disk.flush()
  assert.deepEqual([await byteAt(disk, 0), await byteAt(disk, 1), await byteAt(disk, 4096)], [9, 2, 0])
  await sound(disk)
})

test('a write during a rebase waits, and is there after it', async () => {
  await using disk = await openDisk(await make(8, 0, await make(8, 1)))
  const others: Promise<unknown>[] = []
  const write = () => others.push(...[0, 2, 4, 6, 7].map((at) => disk.write(at * mebibyte, Uint8Array.of(9))))
  await disk.rebase(undefined, { progress: midway(write) })
  assert.equal(others.length, 5)
  await Promise.all(others)
  for (const at of [0, 2, 4, 6, 7]) {
    assert.deepEqual([...(await disk.read(at * mebibyte, 2))], [9, 1])
  }
  await sound(disk)
})

test('a copy is of one moment, and what is written to its target meanwhile comes after it', async () => {
  await using source = await openDisk(await make(8, 1))
  await using target = await openDisk(await make(8, 0))
  const others: Promise<unknown>[] = []
  const progress = midway(() => {
    for (const at of [0, 7]) others.push(source.write(at * mebibyte, Uint8Array.of(9)))
    for (const at of [1, 6]) others.push(target.write(at * mebibyte, Uint8Array.of(8)))
  })
  await source.copyTo(target, { progress })
  assert.equal(others.length, 4)
  await Promise.all(others)
  const shown = (disk: Disk) => Promise.all([0, 1, 6, 7].map((at) => byteAt(disk, at * mebibyte)))
  assert.deepEqual(await shown(source), [9, 1, 1, 9])
  assert.deepEqual(await shown(target), [1, 8, 8, 1])
})

test('copies that go opposite ways, and one of an image to itself, end', async () => {
  await using one = await openDisk(await make(2, 1))
  await using other = await openDisk(await make(2, 2))
  await Promise.all([one.copyTo(other), other.copyTo(one), one.copyTo(other), other.copyTo(one), one.copyTo(one)])
  assert.deepEqual([await byteAt(one, 0), await byteAt(other, 0)], [1, 1])
})

test('sizes, snapshots, checks and writes at the same time leave a sound image', async () => {
  await using disk = await openDisk(await make(4, 1))
  const snapshots = disk.snapshots!
  assert.equal(disk.snapshots, snapshots)
  for (let round = 0; round < 3; round++) {
    const results = await Promise.all([
      disk.write(0, new Uint8Array(300_000).fill(2)),
      snapshots.create({ name: `a${round}` }),
      snapshots.create({ name: `b${round}` }),
      disk.write(0, new Uint8Array(300_000).fill(3)),
      disk.resize(8 * mebibyte),
      disk.resize(4 * mebibyte),
      snapshots.state.write(0, Uint8Array.of(5)),
      snapshots.state.clear(),
      sound(disk),
    ])
    assert.equal(disk.length, 4 * mebibyte)
    await Promise.all([disk.write(0, Uint8Array.of(4)), snapshots.apply(results[1].id)])
    // What was written before the snapshot is in it, and what came after it is not.
    assert.deepEqual([...(await disk.read(0, 2))], [2, 2])
    await Promise.all([snapshots.delete(results[1].id), disk.write(0, Uint8Array.of(4))])
  }
  assert.equal(snapshots.list.length, 3)
  await sound(disk)
})

test('a rebase goes through a stretch of the backing file in steps, and is given up between two', async () => {
  await using disk = await openDisk(await make(8, 0, await make(8, 1)))
  const told: number[] = []
  const caller = new AbortController()
  const progress = (percent: number): void => {
    told.push(percent)
    if (told.length === 3) caller.abort(new Error('enough'))
  }
  await assert.rejects(disk.rebase(undefined, { progress, signal: caller.signal }), { message: 'enough' })
  assert.deepEqual(told, [12.5, 25, 37.5])
  assert.notEqual((await disk.info())['backing-filename'], undefined)
  assert.equal(await byteAt(disk, 7 * mebibyte), 1)
  await disk.rebase(undefined, { progress })
  assert.equal(told.at(-1), 100)
  assert.equal(await byteAt(disk, 7 * mebibyte), 1)
})

test('a commit that is given up, or fails, leaves what the image shows, and lets writes go on', async () => {
  await using disk = await openDisk(await make(4, 2, await make(4, 1)))
  const shows = async () => [await byteAt(disk, 0), await byteAt(disk, 3 * mebibyte)]
  const writes: Promise<unknown>[] = []
  const caller = new AbortController()
  const progress = midway(() => {
    writes.push(disk.write(0, Uint8Array.of(writes.length + 3)))
    caller.abort(new Error('enough'))
  })
  await assert.rejects(disk.commit({ progress, signal: caller.signal }), { message: 'enough' })
  await Promise.all(writes)
  assert.deepEqual(await shows(), [3, 2])
  const failing = midway(() => {
    writes.push(disk.write(0, Uint8Array.of(writes.length + 3)))
    throw new Error('progress failed')
  })
  await assert.rejects(disk.commit({ progress: failing }), { message: 'progress failed' })
  await Promise.all(writes)
  assert.deepEqual(await shows(), [4, 2])
  await assert.rejects(disk.commit({ signal: AbortSignal.abort(new Error('before')) }), { message: 'before' })
  await disk.commit()
  assert.deepEqual(await shows(), [4, 2])
  await sound(disk)
})

test('who waits for the end of work gives up, and a disk that is closed waits for it', async () => {
  const base = await make(4, 1)
  const filename = await make(4, 2, base)
  const disk = await openDisk(filename)
  const caller = new AbortController()
  const others: Promise<unknown>[] = []
  const progress = midway(() => {
    const options = { signal: caller.signal }
    others.push(
      assert.rejects(disk.write(0, Uint8Array.of(7), options), { message: 'enough' }),
      assert.rejects(disk.commit(options), { message: 'enough' }),
      disk.write(1, Uint8Array.of(8)),
      disk.close(),
    )
    caller.abort(new Error('enough'))
    others.push(assert.rejects(disk.write(2, Uint8Array.of(9)), { kind: 'closed' }))
  })
  await disk.commit({ progress })
  assert.equal(others.length, 5)
  await Promise.all(others)
  await assert.rejects(disk.check(), { kind: 'closed' })
  {
    await using again = await openDisk(filename)
    assert.deepEqual([...(await again.read(0, 4))], [2, 8, 2, 2])
  }
  await using below = await openDisk(base)
  assert.equal(await byteAt(below, 3 * mebibyte), 2)
})
