import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { missingProgram } from '../../test/oracle/peers.ts'
import { createDisk, type Disk, openDisk } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-disk-'))
const skip = missingProgram('qemu-img')
after(() => rmSync(folder, { recursive: true }))

for (const format of ['raw', 'qcow2']) {
  test(`an image is made, written, resized, and read again: ${format}`, async () => {
    const path = join(folder, `disk.${format}`)
    await createDisk(path, { format, size: 2 ** 20 })
    {
      await using disk = await openDisk(path, { format })
      assert.equal(disk.length, 2 ** 20)
      await disk.write(1000, Uint8Array.of(1, 2, 3))
      await disk.writeZeroes(1001, 1)
      await disk.flush()
      await disk.resize(2 ** 21)
      await disk.write(2 ** 21 - 1, Uint8Array.of(9))
    }
    await using disk = await openDisk(path, { format, readOnly: true })
    assert.deepEqual([...(await disk.read(999, 5))], [0, 1, 0, 3, 0])
    assert.deepEqual([...(await disk.read(2 ** 21 - 2, 2))], [0, 9])
    assert.equal((await disk.status(1000, 1)).data, true)
    await assert.rejects(disk.write(0, Uint8Array.of(1)), { kind: 'read-only' })
  })
}

test('an image over another takes its size, and two cannot write one', async () => {
  const [base, top] = [join(folder, 'base.raw'), join(folder, 'top.qcow2')]
  writeFileSync(base, new Uint8Array(70_144).fill(5))
  await createDisk(top, {
    format: 'qcow2',
    backing: { filename: 'base.raw', format: 'raw' },
    options: { cluster_size: '4k' },
  })
  await using disk = await openDisk(top)
  assert.equal(disk.length, 70_144)
  assert.equal((await disk.read(70_000, 1))[0], 5)
  assert.equal((await disk.details()).clusterSize, 4096)
  await assert.rejects(
    openDisk(top).then((other: Disk) => other.close()),
    { kind: 'locked' },
  )
  await assert.rejects(createDisk(top, { format: 'qcow2', size: 512 }), { kind: 'locked' })
  assert.equal((await disk.read(0, 1))[0], 5)
})

const refused: readonly (readonly [options: Parameters<typeof createDisk>[1], message: string])[] = [
  [{ format: 'none', size: 512 }, "Unknown file format 'none'"],
  [{ format: 'qcow2' }, 'Image creation needs a size parameter'],
  [{ format: 'qcow2', size: 100 }, 'Image size must be a multiple of 512 bytes'],
  [
    { format: 'qcow2', size: 512, options: { cluster_size: 1000 } },
    'Cluster size must be a power of two between 512 and 2048k',
  ],
  [
    { format: 'qcow2', size: 512, options: { refcount_bits: 3 } },
    'Refcount width must be a power of two and may not exceed 64 bits',
  ],
  [{ format: 'qcow2', size: 512, options: { what: 'x' } }, "Invalid parameter 'what'"],
  [{ format: 'raw', size: 512, backing: { filename: 'x' } }, "Backing file not supported for file format 'raw'"],
  [
    { format: 'qcow2', size: 512, options: { compat: '0.10', extended_l2: true } },
    'Extended L2 entries are only supported with compatibility level 1.1 and above (use version=v3 or greater)',
  ],
]

for (const [options, message] of refused) {
  test(`an image that cannot be is refused before a file is touched: ${message}`, async () => {
    const path = join(folder, 'refused')
    await assert.rejects(createDisk(path, options), { message })
    assert.equal(existsSync(path), false)
  })
}

for (const [preallocation, extended_l2] of [
  ['metadata', false],
  ['metadata', true],
  ['full', false],
] as const) {
  const kind = `${preallocation}${extended_l2 ? ', with subclusters' : ''}`
  test(`an image whose clusters have their places is sound, and full where that is wanted: ${kind}`, {
    skip,
  }, async () => {
    const path = join(folder, 'preallocated')
    await createDisk(path, { format: 'qcow2', size: 3 * 2 ** 20, options: { preallocation, extended_l2 } })
    const { stdout } = await promisify(execFile)('qemu-img', ['check', '--output=json', path])
    assert.equal(JSON.parse(stdout)['allocated-clusters'], 48)
    assert.equal(statSync(path).blocks * 512 > 3 * 2 ** 20, preallocation === 'full')
    await using disk = await openDisk(path)
    await disk.write(100_000, Uint8Array.of(1))
    assert.deepEqual([...(await disk.read(99_999, 3))], [0, 1, 0])
    await disk.close()
    await promisify(execFile)('qemu-img', ['check', path])
  })
}

test('places for clusters are refused where they would hide what is there', async () => {
  const path = join(folder, 'not-preallocated')
  await assert.rejects(
    createDisk(path, {
      ...{ format: 'qcow2', size: 512, backing: { filename: 'base.raw', format: 'raw' } },
      options: { preallocation: 'metadata' },
    }),
    { message: 'Backing file and preallocation can only be used at the same time if extended_l2 is on' },
  )
})

test("an image that is encrypted by QEMU's own old method needs its key", { skip }, async () => {
  const path = join(folder, 'aes.qcow2')
  const secret = ['--object', 'secret,id=key,data=123456']
  const options = 'encrypt.format=aes,encrypt.key-secret=key'
  await promisify(execFile)('qemu-img', ['create', '-q', '-f', 'qcow2', ...secret, '-o', options, path, '1M'])
  await assert.rejects(openDisk(path), {
    message: "Parameter 'encrypt.key-secret' is required for cipher",
  })
})

for (const raw of [false, true]) {
  test(`an image is made with a file for its data beside it${raw ? ', which is a raw image' : ''}`, {
    skip,
  }, async () => {
    const [path, data] = [join(folder, `image-${raw}`), join(folder, `data-${raw}`)]
    writeFileSync(data, 'what was there')
    const options = { data_file: data, data_file_raw: raw, cluster_size: '4k' }
    await createDisk(path, { format: 'qcow2', size: 100_352, options })
    assert.equal(readFileSync(data).length, raw ? 102_400 : 100_352)
    await using disk = await openDisk(path)
    await disk.write(1000, Uint8Array.of(1, 2, 3))
    await disk.close()
    await promisify(execFile)('qemu-img', ['check', path])
    const compared = await promisify(execFile)('qemu-img', ['convert', '-O', 'raw', path, `${path}.raw`])
    assert.equal(compared.stderr, '')
    const seen = readFileSync(`${path}.raw`)
    assert.deepEqual([...seen.subarray(999, 1004)], [0, 1, 2, 3, 0])
    if (raw) assert.ok(readFileSync(data).subarray(0, seen.length).equals(seen))
  })
}

test('an image whose data file is a raw image shows what that file has where the image grows', async () => {
  const [path, data] = [join(folder, 'grown.qcow2'), join(folder, 'grown-data')]
  await createDisk(path, { format: 'qcow2', size: 2 ** 20, options: { data_file: data, data_file_raw: true } })
  appendFileSync(data, new Uint8Array(2 ** 20).fill(84))
  await using disk = await openDisk(path)
  await disk.resize(2 ** 21)
  const seen = await disk.read(2 ** 20 - 1, 2)
  await disk.close()
  assert.deepEqual([...seen], [0, 84])
  assert.equal(readFileSync(data).at(-1), 84)
})

test('a file that is shorter than the footer of a VHD is told from one without', async () => {
  const path = join(folder, 'short.vhd')
  for (const [length, message] of [
    [0, 'File too small for a VHD header'],
    [512, 'invalid VPC image'],
  ] as const) {
    writeFileSync(path, new Uint8Array(length))
    await assert.rejects(openDisk(path, { format: 'vpc', readOnly: true }), (error: Error) =>
      error.message.endsWith(message),
    )
  }
})

test('an image takes the space that is written', async () => {
  const path = join(folder, 'sparse.qcow2')
  await createDisk(path, { format: 'qcow2', size: 2 ** 40 })
  await using disk = await openDisk(path)
  await disk.write(2 ** 39, new Uint8Array(65536).fill(1))
  await disk.close()
  assert.ok(statSync(path).size < 2 ** 20)
})

test('a copy, a commit and a rebase tell how far they are, and are given up at a signal', async () => {
  const [base, other, top] = ['work-base', 'work-other', 'work-top'].map((name) => join(folder, `${name}.qcow2`))
  for (const path of [base!, other!]) await createDisk(path, { format: 'qcow2', size: 8 * 2 ** 20 })
  {
    await using disk = await openDisk(base!)
    await disk.write(0, new Uint8Array(4 * 2 ** 20).fill(1))
  }
  await createDisk(top!, { format: 'qcow2', backing: { filename: base!, format: 'qcow2' } })
  {
    await using disk = await openDisk(top!)
    await disk.write(2 ** 20, new Uint8Array(2 ** 20).fill(2))
    const told: number[] = []
    const called = new AbortController()
    const progress = (percent: number): void => {
      told.push(percent)
      if (percent > 0 && percent < 100) called.abort(new Error('enough'))
    }
    await assert.rejects(disk.commit({ progress, signal: called.signal }), { message: 'enough' })
    assert.equal((await disk.read(2 ** 20, 1))[0], 2)
    {
      await using copy = await openDisk(other!)
      await assert.rejects(disk.copyTo(copy, { progress, signal: called.signal }), { message: 'enough' })
      await disk.copyTo(copy, { progress })
      assert.deepEqual([told.at(-1), (await copy.read(2 ** 20, 1))[0], (await copy.read(0, 1))[0]], [100, 2, 1])
    }
    // The other one shows the same: nothing is left to be kept here.
    await disk.rebase(other!, { format: 'qcow2', progress })
    assert.equal((await disk.info())['backing-filename'], other)
    assert.equal((await disk.read(0, 1))[0], 1)
    await disk.write(7 * 2 ** 20, Uint8Array.of(3))
    await disk.commit()
    await disk.rebase(undefined)
    assert.equal((await disk.read(7 * 2 ** 20, 1))[0], 3)
    const depths = []
    for await (const { data, depth } of disk.map()) if (data) depths.push(depth)
    assert.deepEqual([...new Set(depths)], [0])
  }
  for (const path of [base!, other!, top!]) {
    await using disk = await openDisk(path, { forCheck: true })
    const { corruptions, leaks } = await disk.check()
    assert.deepEqual([corruptions, leaks], [0, 0])
  }
  {
    await using disk = await openDisk(other!, { readOnly: true })
    assert.equal((await disk.read(7 * 2 ** 20, 1))[0], 3)
    await assert.rejects(disk.commit(), { message: 'Image does not have a backing file' })
  }
})

test('a format that keeps nothing of earlier times has no snapshots, and one without tables nothing to check', async () => {
  const path = join(folder, 'plain.raw')
  await createDisk(path, { format: 'raw', size: 2 ** 20 })
  await using disk = await openDisk(path, { format: 'raw' })
  assert.equal(disk.snapshots, undefined)
  await assert.rejects(disk.check(), { kind: 'unsupported', message: 'This image format does not support checks' })
})
