import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { missingProgram } from '../../../../../test/oracle/peers.ts'
import { type CheckOptions, type CheckResult, NodeGraph } from '../../../index.ts'
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
} from '../image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-check')
const path = join(folder, 'image')
const clusterSize = 65536

async function check(options: Omit<CheckOptions, 'report'> = {}): Promise<{ texts: string[]; result: CheckResult }> {
  const texts: string[] = []
  await using graph = new NodeGraph()
  const readOnly = options.repair === undefined
  const node = await graph.open({ filename: path, readOnly, forCheck: true, options: { driver: 'qcow2' } })
  const user = await node.attach({
    description: 'a checker',
    access: readOnly ? { uses: ['read'], shares: [] } : writing,
  })
  try {
    return { texts, result: await node.driver.check!({ ...options, report: (text) => texts.push(text) }) }
  } finally {
    await user.detach()
  }
}

/** What qemu-img prints of each fault, and its numbers; a repair is one of a copy. */
async function checkByQemu(repair?: 'all'): Promise<{ texts: string[]; result: Record<string, number> }> {
  const copy = `${path}.copy`
  copyFileSync(path, copy)
  const repairs = repair === undefined ? [] : ['-r', repair]
  const { out } = await qemuImg('check', '-f', 'qcow2', '--output=json', ...repairs, copy)
  const begin = out.indexOf('{')
  const end = out.indexOf('\n}\n') + 3
  const texts = (out.slice(0, begin) + out.slice(end)).split('\n').filter((line) => line !== '')
  return { texts: texts.filter((line) => /^(ERROR|Leaked|Re)/.test(line)), result: JSON.parse(out.slice(begin, end)) }
}

function poke(offset: number, ...bytes: number[]): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, Uint8Array.from(bytes), 0, bytes.length, offset)
  closeSync(fd)
}

function peek(offset: number): number {
  const fd = openSync(path, 'r')
  const bytes = Buffer.alloc(8)
  readSync(fd, bytes, 0, 8, offset)
  closeSync(fd)
  return Number(bytes.readBigUInt64BE() & 0x00ff_ffff_ffff_ff00n)
}

beforeEach(async () => {
  writeFileSync(path, '')
  await create(path, { size: 4 * 2 ** 20, clusterSize })
  await using image = await open(path)
  for (const [at, fill] of [
    [0, 1],
    [2 ** 20, 2],
    [2 ** 20 + clusterSize, 3],
    [3 * 2 ** 20, 4],
  ] as const) {
    await image.node.write(at, new Uint8Array(clusterSize).fill(fill))
  }
})

const l1 = 3 * clusterSize

function leak(): void {
  poke(2 * clusterSize + 2 * 9, 0, 1)
  poke(10 * clusterSize - 1, 0)
}

const faults: Record<string, () => void> = {
  'nothing is wrong': () => undefined,
  'a cluster is counted that nobody uses': leak,
  'a cluster is counted twice': () => poke(2 * clusterSize + 2 * 5, 0, 2),
  'a cluster is used and not counted': () => poke(2 * clusterSize + 2 * 6, 0, 0),
  'the table of counts names no block': () => poke(clusterSize, 0, 0, 0, 0, 0, 0, 0, 0),
  'two entries refer to one cluster': () => {
    const l2 = peek(l1)
    const fd = openSync(path, 'r+')
    const entry = Buffer.alloc(8)
    readSync(fd, entry, 0, 8, l2)
    writeSync(fd, entry, 0, 8, l2 + 8)
    closeSync(fd)
  },
  'an entry lacks the flag that it is the only one': () => poke(peek(l1), 0),
  'an entry of the L1 table has bits set that mean nothing': () => poke(l1 + 7, 2),
  'an entry of an L2 table has bits set that mean nothing': () => poke(peek(l1) + 7, 4),
  'an entry of the table of counts has bits set that mean nothing': () => poke(clusterSize + 7, 1),
  'an entry says that it is the only one, and leads nowhere': () => poke(peek(l1) + 16, 0x80),
  'the table of counts has no clusters': () => poke(56, 0, 0, 0, 0),
  'the table of counts is where the file ends': () => poke(48, 0, 0, 0, 1, 0, 0, 0, 0),
  'there is a snapshot too many': () => poke(60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x20, 0, 0),
  'a place for zeroes is not one of a cluster': () => poke(peek(l1), 0x80, 0, 0, 0, 0, 8, 2, 1),
}
/** Mended, the guest sees other bytes there: zeroes, or what it sees elsewhere. */
const changing = ['two entries refer to one cluster', 'a place for zeroes is not one of a cluster']
/** QEMU leaves these as they are, gives up, or leaves a table that lies outside of the file. */
const unlikeQemu = [
  'an entry of the L1 table has bits set that mean nothing',
  'an entry of an L2 table has bits set that mean nothing',
  'an entry of the table of counts has bits set that mean nothing',
  'there is a snapshot too many',
]

for (const [name, damage] of Object.entries(faults)) {
  test(`a check finds what qemu-img finds, and mends it: ${name}`, { skip }, async () => {
    const before = await readByUs(path)
    damage()
    const theirs = await checkByQemu()
    const ours = await check()
    assert.deepEqual(ours.texts.sort(), theirs.texts.sort())
    const { result } = theirs
    assert.deepEqual(
      [ours.result.corruptions, ours.result.leaks, ours.result.imageEndOffset],
      [result['corruptions'] ?? 0, result['leaks'] ?? 0, result['image-end-offset']],
    )
    assert.deepEqual(
      [ours.result.allocatedClusters, ours.result.fragmentedClusters, ours.result.totalClusters],
      [result['allocated-clusters'], result['fragmented-clusters'] ?? 0, result['total-clusters']],
    )
    const mendedByQemu = unlikeQemu.includes(name) ? undefined : await checkByQemu('all')
    const mended = await check({ repair: 'all' })
    assert.deepEqual([mended.result.corruptions, mended.result.leaks], [0, 0])
    if (mendedByQemu !== undefined) {
      assert.deepEqual(mended.texts, mendedByQemu.texts)
      assert.deepEqual(
        [mended.result.corruptionsFixed, mended.result.leaksFixed],
        [mendedByQemu.result['corruptions-fixed'] ?? 0, mendedByQemu.result['leaks-fixed'] ?? 0],
      )
    }
    assert.equal(await complaints(path), '')
    if (!changing.includes(name)) assert.deepEqual(await readByUs(path), before)
  })
}

for (const repair of ['leaks', 'all'] as const) {
  test(`what lies behind the end of a file that was cut off is nobody's: repair of ${repair}`, { skip }, async () => {
    await qemuIo(path, 'write -P 7 0 4M')
    truncateSync(path, 20 * clusterSize + 1000)
    const theirs = await checkByQemu()
    const ours = await check()
    assert.deepEqual(ours.texts.sort(), theirs.texts.sort())
    const before = await readByUs(path)
    await check({ repair })
    const { result } = await check()
    assert.ok(result.corruptions + result.leaks <= ours.texts.length)
    assert.deepEqual(await readByUs(path), before)
    assert.ok((await checkByQemu()).texts.length <= theirs.texts.length)
    // New tables must not be where lost clusters were: each entry leads to a cluster of its own.
    assert.deepEqual(await readByQemu(path), Buffer.from(before))
  })

  test(`a cluster that an entry leads into the midst of stays in use: repair of ${repair}`, { skip }, async () => {
    poke(peek(l1) + 6, 2)
    const theirs = await checkByQemu()
    const { texts } = await check()
    assert.deepEqual(texts.sort(), theirs.texts.sort())
    await check({ repair })
    // The first cluster of data, and the one behind it.
    for (const cluster of [5, 6]) assert.ok(readFileSync(path)[2 * clusterSize + 2 * cluster + 1]! > 0, `${cluster}`)
    assert.ok((await checkByQemu()).texts.length <= theirs.texts.length)
  })
}

test('a table of snapshots without sense is no reason not to check, and says what it lacks', { skip }, async () => {
  poke(60, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0)
  await assert.rejects(check(), { message: 'ERROR snapshot table offset invalid', kind: 'corrupt' })
  poke(60, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
  await assert.rejects(check(), {
    message: 'ERROR snapshot table too large',
    context: { code: 'EFBIG', hint: 'You can force-remove all 1 overhanging snapshots with vmon img check -r all' },
  })
})

test('a table of snapshots far behind the end of the file is told of with its size', { skip }, async () => {
  poke(60, 0, 0, 0, 2, 0x08, 0, 0, 0, 0, 1, 0, 0)
  const theirs = await checkByQemu()
  const { texts } = await check()
  assert.ok(texts.some((text) => text.endsWith('offset 0x800000000010000 size 0x50')))
  assert.deepEqual(texts.sort(), theirs.texts.sort())
})

test('a table of many snapshots whose tables lie behind the end of the file is soon read', {
  skip,
  timeout: 300_000,
}, async () => {
  const count = 2000
  const entry = Buffer.alloc(64)
  entry.writeBigUInt64BE(512n * 2n ** 30n + 512n, 0)
  entry.writeUInt32BE(4 << 20, 8) // 32 MiB of a table
  entry.writeUInt16BE(1, 12)
  entry.writeUInt32BE(16, 36)
  entry.write('7', 56)
  const place = 64 * clusterSize
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.concat(Array.from({ length: count }, () => entry)), 0, count * entry.length, place)
  closeSync(file)
  const header = Buffer.alloc(12)
  header.writeUInt32BE(count)
  header.writeBigUInt64BE(BigInt(place), 4)
  poke(60, ...header)
  const { texts } = await check()
  const told = texts.filter((text) => text.startsWith('ERROR snapshot 7 () l1_offset=0x8000000200: L1 table is not'))
  assert.equal(told.length, count)
})

test('leaks alone can be mended, and damage stays as it is', { skip }, async () => {
  leak()
  poke(2 * clusterSize + 2 * 6, 0, 0)
  const { result } = await check({ repair: 'leaks' })
  assert.deepEqual([result.leaksFixed, result.leaks, result.corruptions > 0], [1, 0, true])
})

test('an image that was not closed with lazy counts is mended when it is opened for writing', { skip }, async () => {
  writeFileSync(path, '')
  await qemuImg('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on', path, '4M')
  await qemuIo(path, 'write -P 5 1M 300k', 'flush', 'abort').catch(() => undefined)
  assert.equal(readFileSync(path)[79], 1, 'the image is dirty')
  const before = await readByUs(path)
  assert.equal(before[2 ** 20], 5)
  await using image = await open(path)
  await image.node.write(0, Uint8Array.of(6))
  await image.close()
  assert.equal(readFileSync(path)[79], 0)
  assert.equal(await complaints(path), '')
  before[0] = 6
  assert.deepEqual(await readByUs(path), before)
})

test('an image that says that it is damaged opens for reading, or to be mended', { skip }, async () => {
  poke(79, 2)
  await using graph = new NodeGraph()
  await assert.rejects(graph.open({ filename: path }), {
    kind: 'corrupt',
    message: 'qcow2: Image is corrupt; cannot be opened read/write',
  })
  assert.equal((await readByUs(path))[2 ** 20], 2)
  await check({ repair: 'all' })
  assert.equal(readFileSync(path)[79], 0)
})
