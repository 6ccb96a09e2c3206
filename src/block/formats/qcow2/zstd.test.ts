import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { complaints, create, open, qemuImg, readByQemu, readByUs, temporaryFolder } from './image-fixture.ts'
import { decodeByScript, packingRefusal, packZstd, unpackZstd } from './zstd.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('zstd')
let names = 0
const fresh = (): string => join(folder, String(names++))

/** Text that compresses to tables and sequences, a byte repeated, noise, and nothing. */
function mixture(size: number, part: number): Uint8Array {
  const words = ['sector ', 'cluster ', 'table ', 'of ', 'the ', 'image ']
  let text = ''
  for (let index = 0; text.length < part; index++) text += words[(index * index) % 7] ?? String(index)
  const whole = new Uint8Array(size)
  for (let at = 0; at < size; at += part) {
    const piece = whole.subarray(at, at + part)
    const kind = (at / part) % 4
    if (kind === 0) piece.set(Buffer.from(text, 'latin1').subarray(0, piece.byteLength))
    else if (kind === 1) piece.fill(at / part)
    else if (kind === 2) piece.set(piece.map((_, index) => (Math.imul(index + at, 0x9e3779b1) >>> 20) & 63))
  }
  return whole
}

async function packedByQemu(bytes: Uint8Array, options: string): Promise<string> {
  const [source, path] = [fresh(), fresh()]
  writeFileSync(source, bytes)
  const packed = await qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', options, source, path)
  assert.deepEqual(packed, { code: 0, out: '' })
  return path
}

/** A frame without its size, looking back as far as it says, of blocks that stand as they are. */
function frame(descriptor: number, ...blocks: number[][]): number[] {
  const headers = blocks.flatMap((bytes, index) => [
    Number(index === blocks.length - 1) | (bytes.length << 3),
    bytes.length >> 5,
    0,
    ...bytes,
  ])
  return [0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, ...headers]
}

test('clusters that QEMU has compressed by zstd are read byte for byte, by either decoder', { skip }, async () => {
  for (const [options, part] of [
    ['', 65536],
    [',cluster_size=512', 512],
    [',cluster_size=4k', 4096],
    [',cluster_size=32k,extended_l2=on', 32768],
    [',cluster_size=2M', 2 ** 20],
  ] as const) {
    const bytes = mixture(9 * part + 512, part)
    const path = await packedByQemu(bytes, `compression_type=zstd${options}`)
    assert.ok(Buffer.compare(await readByUs(path), bytes) === 0, options)
    const image = readFileSync(path)
    const clusterSize = 2 ** image.readUInt32BE(20)
    const first = image.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))
    const unpacked = await unpackZstd(Uint8Array.from(image.subarray(first)), clusterSize, decodeByScript)
    const expected = new Uint8Array(clusterSize)
    expected.set(bytes.subarray(0, clusterSize))
    assert.ok(Buffer.compare(unpacked, expected) === 0, options)
    await using writable = await open(path)
    await writable.node.write(100, new Uint8Array(3 * part).fill(9))
    bytes.fill(9, 100, 100 + 3 * part)
    await writable.node.flush()
    await writable.close()
    assert.ok(Buffer.compare(await readByQemu(path), bytes) === 0, options)
    assert.equal(await complaints(path), '')
  }
})

test('a cluster by zstd that is cut off, or is none, gives an I/O error where it does with QEMU', {
  skip,
}, async () => {
  const path = await packedByQemu(mixture(65536, 65536), 'compression_type=zstd')
  const whole = readFileSync(path)
  const first = whole.indexOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))
  const last = whole.findLastIndex((byte) => byte !== 0)
  const damaged: Buffer[] = []
  for (let index = 0; index < 8; index++) {
    const cut = Buffer.from(whole)
    cut.fill(0, first + Math.floor(((last - first) * index) / 8))
    damaged.push(cut)
  }
  // Magic, reserved bit, dictionary, type of the first block.
  for (const [at, bits] of [
    [0, 1],
    [4, 8],
    [4, 1],
    [7, 6],
  ] as const) {
    const flipped = Buffer.from(whole)
    flipped[first + at]! |= bits
    if (at === 0) flipped[first]! = 0
    damaged.push(flipped)
  }
  for (const [index, bytes] of damaged.entries()) {
    writeFileSync(path, bytes)
    const theirs = await qemuImg('convert', '-O', 'raw', path, `${path}.raw`)
    assert.match(theirs.out, /error while reading at byte 0: Input\/output error/, String(index))
    await assert.rejects(readByUs(path), { kind: 'io', message: 'Input/output error' }, String(index))
  }
})

test('frames follow each other until a cluster is full, and nobody looks at what follows', async () => {
  const skippable = [0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]
  const packed = [...skippable, ...frame(0, [1, 2], [], [3]), ...frame(0, []), ...frame(16 << 3, [4]), 99, 98]
  const whole = Uint8Array.from(packed)
  for (const decode of [undefined, decodeByScript]) {
    assert.deepEqual(await unpackZstd(Uint8Array.from(packed), 4, decode), Uint8Array.of(1, 2, 3, 4))
    for (let end = 0; end < whole.byteLength - 2; end++) {
      await assert.rejects(unpackZstd(whole.slice(0, end), 4, decode), String(end))
    }
    // Too few and too many.
    await assert.rejects(unpackZstd(Uint8Array.from(packed), 5, decode))
    await assert.rejects(unpackZstd(Uint8Array.from(packed), 2, decode))
  }
})

test('a frame gets no more memory and time than a cluster needs, whatever it wants', async () => {
  // 128 MiB to look back, and more than libzstd grants.
  assert.deepEqual(await unpackZstd(Uint8Array.from(frame(17 << 3, [5])), 1, decodeByScript), Uint8Array.of(5))
  await assert.rejects(unpackZstd(Uint8Array.from(frame(18 << 3, [5])), 1))
  const many = frame(0, ...Array.from({ length: 5000 }, () => []), [5])
  await assert.rejects(unpackZstd(Uint8Array.from(many), 1, decodeByScript), { message: 'too many blocks' })
})

test('clusters are compressed by zstd where Node.js has it, and QEMU reads them; elsewhere that is refused', {
  skip,
}, async () => {
  const size = 9 * 65536 + 512
  const path = fresh()
  await create(path, { size, compression: 'zstd' })
  const bytes = mixture(size, 65536)
  await using image = await open(path)
  const { driver } = image
  if (packingRefusal() !== undefined) {
    assert.match(packingRefusal()!, /^Node\.js \S+ cannot compress clusters by zstd: use Node\.js 22\.15 or later, or /)
    assert.equal(driver.compressionRefusal, packingRefusal())
    assert.throws(() => driver.writeCompressed(0, bytes.subarray(0, 65536)), { message: packingRefusal()! })
    await assert.rejects(packZstd(bytes), { message: packingRefusal()! })
    return
  }
  await driver.writeCompressed(0, bytes)
  assert.equal((await image.node.status(0, 1)).compressed, true)
  await image.close()
  assert.equal(await complaints(path), '')
  assert.ok(Buffer.compare(await readByQemu(path), bytes) === 0)
})
