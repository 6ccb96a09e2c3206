import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { blockNodeSuite } from '../../block-node-suite.ts'
import { chainStatus, MemoryDriver, NodeGraph } from '../../index.ts'
import { planQcow2, type Qcow2CreateOptions } from './create.ts'
import { parseExtensions } from './extensions.ts'
import {
  complaints,
  create,
  open,
  qemuImg,
  qemuIo,
  readByQemu,
  readByUs,
  temporaryFolder,
  writing,
} from './image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2')
let files = 0
const fresh = (): string => join(folder, `image${files++}`)

const variants: Record<string, Omit<Qcow2CreateOptions, 'size'> & { readonly direct?: boolean }> = {
  qcow2: {},
  'qcow2, around the page cache': { direct: true },
  'qcow2, version 2, clusters of 512 bytes': { version: 2, clusterSize: 512 },
  'qcow2, subclusters': { clusterSize: 16384, extendedL2: true },
}

for (const [name, { direct = false, ...options }] of Object.entries(variants)) {
  blockNodeSuite(name, {
    sequences: 5,
    async make(bytes, { readOnly = false } = {}) {
      const path = fresh()
      await create(path, { size: bytes.length, ...options })
      await using image = await open(path)
      await image.node.write(0, bytes)
      await image.close()
      const graph = new NodeGraph()
      const node = await graph.open({ filename: path, readOnly, options: { driver: 'qcow2', 'cache.direct': direct } })
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
    // Nobody else reads what it writes.
    [self, 'Could not open backing file: Failed to get shared "write" lock'],
  ] as const) {
    await using graph = new NodeGraph()
    await assert.rejects(graph.open({ filename: path }), { message })
    assert.deepEqual([...graph.nodes], [])
  }
  await using graph = new NodeGraph()
  const message = `Could not open backing file: Backing file '${self}' creates an infinite loop.`
  await assert.rejects(graph.open({ filename: self, readOnly: true }), { message })
})

test('clusters are written compressed, several to one, and QEMU reads them', { skip }, async () => {
  for (const layout of [
    { clusterSize: 65536 },
    { clusterSize: 4096, refcountBits: 1 },
    { clusterSize: 16384, extendedL2: true },
  ]) {
    const path = fresh()
    const size = 40 * layout.clusterSize + 512
    await create(path, { size, ...layout })
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index >> 9) * 7 + ((index >> 17) & 1) * (index % 13))
    for (let at = 10 * layout.clusterSize; at < 12 * layout.clusterSize; at++) bytes[at] = Math.random() * 256
    await using image = await open(path)
    const { node, driver } = image
    await Promise.all([
      driver.writeCompressed(0, bytes.subarray(0, 20 * layout.clusterSize)),
      driver.writeCompressed(20 * layout.clusterSize, bytes.subarray(20 * layout.clusterSize)),
    ])
    assert.ok(Buffer.compare(await node.read(0, size), bytes) === 0)
    assert.equal((await node.status(0, 1)).compressed, true)
    await image.close()
    assert.equal(await complaints(path), '')
    assert.ok(Buffer.compare(await readByQemu(path), bytes) === 0)
    await using again = await open(path)
    await again.node.write(3000, new Uint8Array(6 * layout.clusterSize).fill(5))
    bytes.fill(5, 3000, 3000 + 6 * layout.clusterSize)
    await again.node.flush()
    const rest = new Uint8Array(3 * layout.clusterSize).fill(6)
    await again.driver.writeCompressed(30 * layout.clusterSize, rest)
    bytes.set(rest, 30 * layout.clusterSize)
    await again.close()
    assert.equal(await complaints(path), '')
    assert.ok(Buffer.compare(await readByQemu(path), bytes) === 0)
  }
})

test('the name of the backing file is changed, and what else the header holds stays', { skip }, async () => {
  const [one, other, path] = [fresh(), fresh(), fresh()]
  for (const base of [one, other]) await create(base, { size: 65536 })
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', one, '-F', 'qcow2', path)
  await using image = await open(path)
  await image.driver.nameBacking({ filename: other, format: 'raw' })
  const { backingFilename, backingFormat } = await image.node.details()
  assert.deepEqual([backingFilename, backingFormat], [other, 'raw'])
  await image.close()
  const { out } = await qemuImg('info', path)
  assert.match(out, new RegExp(`backing file: ${other}\nbacking file format: raw\n`))
  await using again = await open(path)
  await again.driver.nameBacking(undefined)
  await again.close()
  assert.doesNotMatch((await qemuImg('info', path)).out, /backing/)
  assert.equal(await complaints(path), '')
})

test('zeroes that were written stay zeroes when the image gets a file behind it', async () => {
  const [base, size] = [fresh(), 5 * 65536]
  writeFileSync(base, Buffer.alloc(size, 7))
  for (const layout of [{ version: 3 }, { version: 2 }, { version: 3, extendedL2: true }] as const) {
    const path = fresh()
    await create(path, { size, ...layout })
    {
      await using image = await open(path)
      await image.node.writeZeroes(512, 1024)
      await image.node.writeZeroes(65536, 65536)
      await image.node.writeZeroes(2 * 65536, 65536 + 512)
      await image.driver.nameBacking({ filename: base, format: 'raw' })
    }
    await using again = await open(path)
    const bytes = await again.node.read(0, size)
    for (const [begin, end] of [
      [512, 1536],
      [65536, 3 * 65536 + 512],
    ] as const) {
      assert.ok(
        bytes.subarray(begin, end).every((byte) => byte === 0),
        `${JSON.stringify(layout)}, ${begin}`,
      )
    }
    assert.equal(bytes[size - 1], 7)
  }
})

test('an image keeps its data in a file of its own', { skip }, async () => {
  for (const raw of [false, true]) {
    const [path, data] = [fresh(), fresh()]
    const options = `data_file=${data},data_file_raw=${raw ? 'on' : 'off'}`
    await qemuImg('create', '-q', '-f', 'qcow2', '-o', options, path, '1M')
    await qemuIo(path, 'write -P 3 100k 200k')
    await using image = await open(path)
    assert.equal(image.node.child('data-file')?.filename, data)
    await image.node.write(0, new Uint8Array(70_000).fill(1))
    await image.node.write(200_000, new Uint8Array(70_000).fill(2))
    await image.node.writeZeroes(250_000, 300_000)
    const seen = await image.node.read(0, 2 ** 20)
    await image.close()
    assert.equal(await complaints(path), '')
    assert.ok(Buffer.compare(await readByQemu(path), seen) === 0)
    if (raw) assert.ok(Buffer.compare(readFileSync(data), seen) === 0, 'the data file alone is a raw image')
  }
})

test('what a chain holds is told range by range, as qemu-img map tells it', { skip }, async () => {
  const [base, middle, top] = [fresh(), fresh(), fresh()]
  await qemuImg('create', '-q', '-f', 'qcow2', base, '700k')
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', middle, '2M')
  await qemuImg('create', '-q', '-f', 'qcow2', '-b', middle, '-F', 'qcow2', top, '3M')
  await qemuIo(base, 'write 0 100k', 'write 512k 64k')
  await qemuIo(middle, 'write 64k 64k', 'write -z 256k 128k', 'write 1M 64k')
  await qemuIo(top, 'write 1088k 64k', 'write -z 0 64k', 'write 2M 64k', 'write 2M 64k')
  await using graph = new NodeGraph()
  const node = await graph.open({ filename: top, readOnly: true })
  const ranges: unknown[] = []
  let last: { text: string; end: number } | undefined
  for (let at = 0; at < node.length; ) {
    const { length, depth, allocated, zero, data, offset } = await chainStatus(node, at, node.length - at)
    const range = {
      start: at,
      length,
      depth,
      present: allocated,
      zero,
      data,
      ...(offset === undefined ? {} : { offset }),
    }
    const text = JSON.stringify([depth, allocated, zero, data, offset === undefined ? null : offset - at])
    if (last?.text === text) (ranges.at(-1) as { length: number }).length += length
    else ranges.push(range)
    last = { text, end: at + length }
    at += length
  }
  assert.deepEqual(ranges, JSON.parse((await qemuImg('map', '--output=json', top)).out))
})

test('what is discarded goes back to the storage, and only when nobody uses it any more', async () => {
  const discarded: number[] = []
  class Storage extends MemoryDriver {
    async discard(offset: number, length: number): Promise<void> {
      discarded.push(offset)
      assert.equal(length, 4096)
      await this.write(offset, new Uint8Array(length).fill(0xdd))
    }
  }
  await using graph = new NodeGraph()
  const storage = graph.add(new Storage(new Uint8Array(0)), { name: 'storage', discard: true })
  const maker = await storage.attach({ description: 'a maker', access: writing })
  await planQcow2({ size: 2 ** 20, clusterSize: 4096 })(storage)
  await maker.update({ uses: [], shares: ['read', 'write', 'resize'] })
  const node = await graph.open({ options: { driver: 'qcow2', file: 'storage', discard: 'unmap' } })
  const user = await node.attach({ description: 'a user', access: writing })
  await node.write(0, new Uint8Array(65536).fill(1))
  const { id } = await node.driver.snapshots!.create({ name: 'before' })
  await node.write(0, new Uint8Array(4096).fill(2))
  const { offset } = await node.status(0, 1)
  await node.discard(0, 65536)
  await node.flush()
  assert.deepEqual(discarded, [offset], 'the snapshot has the others')
  await node.driver.snapshots!.apply(id)
  assert.ok((await node.read(0, 65536)).every((byte) => byte === 1))
  await node.flush()
  await user.detach()
  await maker.detach()
})

test('the image of a disk without bytes is as QEMU makes it, grows, and keeps its snapshots', { skip }, async () => {
  for (const options of [undefined, 'compat=0.10', 'extended_l2=on'] as const) {
    const [path, ours] = [fresh(), fresh()]
    await qemuImg('create', '-q', '-f', 'qcow2', ...(options === undefined ? [] : ['-o', options]), path, '0')
    await create(ours, {
      size: 0,
      ...(options === 'compat=0.10' && { version: 2 }),
      extendedL2: options === 'extended_l2=on',
    })
    assert.deepEqual(readFileSync(ours), readFileSync(path))
    {
      await using image = await open(path)
      const { id } = await image.driver.snapshots.create({ name: 'empty' })
      if (options !== 'compat=0.10') await image.node.truncate(2 ** 20) // version 2 does not with a snapshot
      await image.driver.snapshots.delete(id)
      await image.node.truncate(2 ** 20)
      await image.node.write(0, new Uint8Array(2 ** 20).fill(3))
    }
    assert.equal(await complaints(path), '')
    assert.deepEqual(new Uint8Array(await readByQemu(path)), new Uint8Array(2 ** 20).fill(3))
  }
})

test('a bitmap of a disk without bytes is not kept, and the image opens as before', { skip }, async () => {
  const path = fresh()
  await create(path, { size: 0 })
  const before = readFileSync(path)
  const told: string[] = []
  {
    await using graph = new NodeGraph({ warn: (text) => told.push(text) })
    const node = await graph.open({ filename: path, options: { driver: 'qcow2', 'node-name': 'disk' } })
    node.bitmaps.add({ name: 'b', granularity: 65536, persistent: true }, 'disk')
  }
  assert.deepEqual(told, ["Lost persistent bitmaps during inactivation of node 'disk': No memory"])
  assert.deepEqual(readFileSync(path), before)
})

test('names of features that do not fill their table, or come in a second one, are told', async () => {
  const table = (bit: number, name: string): number[] => [0, bit, ...new TextEncoder().encode(name)]
  const extension = (bytes: readonly number[]): number[] => {
    const padding = new Array<number>(-bytes.length & 7).fill(0)
    return [0x68, 0x03, 0xf8, 0x57, 0, 0, 0, bytes.length, ...bytes, ...padding]
  }
  const parsed = (...tables: number[][]) => parseExtensions(Uint8Array.from(tables.flatMap(extension))).featureNames
  const known = { type: 0, bit: 63, name: 'a test' }
  assert.deepEqual(parsed(table(63, 'a test')), [known])
  assert.deepEqual(parsed(table(62, 'another'), table(63, 'a test')), [known])
  assert.deepEqual(parsed([...table(63, 'a test'), ...new Array<number>(40).fill(0)]), [known])
})

test('a repair clears the bits of features that are not kept up to date', async () => {
  const path = fresh()
  await create(path, { size: 2 ** 20 })
  const bytes = readFileSync(path)
  bytes[88] = 0x80
  writeFileSync(path, bytes)
  await using graph = new NodeGraph()
  await graph.open({ filename: path, readOnly: false, forCheck: true })
  await graph.close()
  assert.equal(readFileSync(path)[88], 0)
})
