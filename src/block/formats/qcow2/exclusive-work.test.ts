import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { create, open, temporaryFolder } from './image-fixture.ts'

const folder = temporaryFolder('qcow2-exclusive')

test('work that needs an image to itself is done one after the other', async () => {
  const path = join(folder, 'image.qcow2')
  await create(path, { size: 2 ** 20, clusterSize: 512 })
  {
    await using image = await open(path)
    const { node, driver } = image
    await node.write(0, new Uint8Array(2 ** 20).fill(1))
    const names = ['a', 'b', 'c', 'd']
    const [made] = await Promise.all([
      Promise.all(names.map((name) => driver.snapshots.create({ name }))),
      node.truncate(2 ** 21),
      ...[0, 2 ** 22, 2 ** 23].map((at) => driver.snapshots.state.write(at, Uint8Array.of(1))),
      node.truncate(2 ** 19),
      driver.nameBacking(undefined),
      driver.check().then(({ corruptions }) => assert.equal(corruptions, 0)),
    ])
    assert.deepEqual(
      made.map(({ id, name }) => [id, name]),
      names.map((name, index) => [String(index + 1), name]),
    )
    assert.equal(node.length, 2 ** 19)
    await Promise.all(made.slice(1).map(({ id }) => driver.snapshots.delete(id)))
    await driver.snapshots.apply('1')
    assert.deepEqual([...(await node.read(2 ** 20 - 1, 1))], [1])
  }
  await using image = await open(path)
  const { corruptions, leaks } = await image.driver.check()
  assert.deepEqual([corruptions, leaks, image.driver.snapshots.list.length], [0, 0, 1])
})
