import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { blockNodeSuite } from '../../block-node-suite.ts'
import { NodeGraph } from '../../index.ts'
import type { Qcow2CreateOptions } from './create.ts'
import { complaints, create, open, qemuImg, qemuIo, readByQemu, readByUs, temporaryFolder } from './image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2')
let files = 0
const fresh = (): string => join(folder, `image${files++}`)

const variants: Record<string, Omit<Qcow2CreateOptions, 'size'>> = {
  qcow2: {},
  'qcow2, version 2, clusters of 512 bytes': { version: 2, clusterSize: 512 },
  'qcow2, subclusters': { clusterSize: 16384, extendedL2: true },
}

for (const [name, options] of Object.entries(variants)) {
  blockNodeSuite(name, {
    resizable: false,
    sequences: 10,
    async make(bytes, { readOnly = false } = {}) {
      const path = fresh()
      await create(path, { size: bytes.length, ...options })
      await using image = await open(path)
      await image.node.write(0, bytes)
      await image.close()
      const graph = new NodeGraph()
      const node = await graph.open({ filename: path, readOnly, options: { driver: 'qcow2' } })
      return {
        node,
        ...(skip === false ? { stored: () => readByQemu(path) } : {}),
        async [Symbol.asyncDispose]() {
          await graph.close()
          if (skip === false) assert.equal(await complaints(path), '')
          rmSync(path)
        },
      }
    },
  })
}

const layouts = [
  'compat=0.10',
  'cluster_size=512',
  'cluster_size=2M',
  'cluster_size=4096,refcount_bits=1',
  'refcount_bits=64,lazy_refcounts=on',
  'extended_l2=on',
  'extended_l2=on,cluster_size=16k',
  'preallocation=metadata',
  'preallocation=full,cluster_size=1k',
]

for (const layout of layouts) {
  test(`what QEMU has written is read, and QEMU reads what is written then: ${layout}`, { skip }, async () => {
    const path = fresh()
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', layout, path, '3M')
    await qemuIo(path, 'write -P 1 0 700k', 'write -P 2 1M 100', 'write -P 3 1234567 54321', 'write -z 64k 100k')
    await qemuIo(path, 'discard 512k 64k', 'write -P 4 2M 1M')
    const expected = await readByQemu(path)
    assert.deepEqual(await readByUs(path), new Uint8Array(expected))
    await using image = await open(path)
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
    for (const at of [5, 65536, 1_500_000, 3 * 2 ** 20 - 300_000]) {
      await image.node.write(at, bytes)
      expected.set(bytes, at)
    }
    await image.close()
    assert.deepEqual(new Uint8Array(await readByQemu(path)), new Uint8Array(expected))
    assert.equal(await complaints(path), '')
  })
}

test('clusters that QEMU has compressed are read, and give way to what is written', { skip }, async () => {
  const source = fresh()
  const path = fresh()
  await qemuImg('create', '-q', '-f', 'qcow2', source, '2M')
  await qemuIo(source, 'write -P 1 0 700k', 'write -P 2 1M 100', 'write -P 3 1234567 54321')
  await qemuImg('convert', '-c', '-O', 'qcow2', source, path)
  const expected = await readByQemu(source)
  assert.deepEqual(await readByUs(path), new Uint8Array(expected))
  await using image = await open(path)
  await image.node.write(100, new Uint8Array(200_000).fill(9))
  expected.fill(9, 100, 200_100)
  await image.node.flush()
  await image.close()
  assert.deepEqual(new Uint8Array(await readByQemu(path)), new Uint8Array(expected))
  assert.equal(await complaints(path), '')
})

test('a chain of backing files shows through where nothing is written, however long each is', { skip }, async () => {
  const [base, middle, top] = [fresh(), fresh(), fresh()]
  await qemuImg('create', '-q', '-f', 'raw', base, '300k')
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', base.split('/').at(-1)!, '-F', 'raw', middle, '1M')
  await qemuIo(middle, 'write -P 1 100k 50k', 'write -P 2 290k 20k', 'write -P 3 900k 124k', 'write -z 128k 64k')
  await create(top, { size: 2 ** 21, backing: { filename: middle.split('/').at(-1)!, format: 'qcow2' } })
  await using image = await open(top)
  await image.node.write(120_000, new Uint8Array(10).fill(7))
  await image.node.write(2 ** 20 - 5, new Uint8Array(10).fill(8))
  assert.equal(image.node.child('backing')?.child('backing')?.filename, base)
  await image.close()
  const expected = await readByQemu(top)
  assert.equal(expected[120_000], 7)
  assert.equal(expected[119_999], 1)
  assert.deepEqual(await readByUs(top), new Uint8Array(expected))
  assert.equal(await complaints(top), '')
})

test('a backing file is named by the image, by the user, or not at all', { skip }, async () => {
  const [one, other, top] = [fresh(), fresh(), fresh()]
  for (const [path, pattern] of [
    [one, 1],
    [other, 2],
  ] as const) {
    await create(path, { size: 65536 })
    await using image = await open(path)
    await image.node.write(0, new Uint8Array(65536).fill(pattern))
  }
  await create(top, { size: 65536, backing: { filename: one, format: 'qcow2' } })
  assert.equal((await readByUs(top))[0], 1)
  assert.equal((await readByUs(top, { 'backing.file.filename': other }))[0], 2)
  assert.equal((await readByUs(top, { 'backing.driver': 'raw', 'backing.file.filename': other }))[0], 'Q'.charCodeAt(0))
  await using graph = new NodeGraph()
  const none = await graph.open({ filename: top, readOnly: true, options: { backing: null } })
  assert.equal((await none.read(0, 1))[0], 0)
  assert.match(none.filename, /^json:\{.*"backing": null/)
})

test('a backing file that is missing, of no known format, or the image itself, is refused', async () => {
  const [missing, unknown, self] = [fresh(), fresh(), fresh()]
  await create(missing, { size: 512, backing: { filename: 'gone', format: 'qcow2' } })
  await create(unknown, { size: 512, backing: { filename: missing, format: 'nothing' } })
  await create(self, { size: 512, backing: { filename: self.split('/').at(-1)!, format: 'qcow2' } })
  for (const [path, message] of [
    [missing, `Could not open backing file: Could not open '${join(folder, 'gone')}': No such file or directory`],
    [unknown, "Could not open backing file: Unknown driver 'nothing'"],
    [self, `Could not open backing file: Backing file '${self}' creates an infinite loop.`],
  ] as const) {
    await using graph = new NodeGraph()
    await assert.rejects(graph.open({ filename: path }), { message })
    assert.deepEqual([...graph.nodes], [])
  }
})
