import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { openDisk } from '../../index.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
const folder = mkdtempSync(join(tmpdir(), 'vmon-vmdk-'))
after(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)
const mebibyte = 2 ** 20

/** What a guest would read; qemu-img must read the same. */
async function read(name: string): Promise<Uint8Array> {
  await using disk = await openDisk(at(name), { format: 'vmdk', readOnly: true })
  const bytes = await disk.read(0, disk.length)
  execFileSync('qemu-img', ['convert', '-f', 'vmdk', '-O', 'raw', at(name), at('read.raw')])
  assert.deepEqual(Buffer.from(bytes), readFileSync(at('read.raw')), name)
  return bytes
}

function makePlain(): void {
  const plain = new Uint8Array(3 * mebibyte).fill(5, mebibyte, mebibyte + 100_000).fill(6, 2_900_000)
  writeFileSync(at('plain.raw'), plain)
}

test('an image whose directory is told of at its end is read', { skip }, async () => {
  makePlain()
  execFileSync('qemu-img', ['convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('plain.raw'), at('a.vmdk')])
  const image = readFileSync(at('a.vmdk'))
  const marker = Buffer.alloc(512)
  marker.writeUInt32LE(3, 12)
  const header = image.subarray(0, 512)
  writeFileSync(at('end.vmdk'), Buffer.concat([image, marker, header, Buffer.alloc(512)]))
  const changed = readFileSync(at('end.vmdk'))
  changed.writeBigUInt64LE(2n ** 64n - 1n, 56)
  writeFileSync(at('end.vmdk'), changed)
  assert.deepEqual(Buffer.from(await read('end.vmdk')), readFileSync(at('plain.raw')))
})

test('parts of a disk are in files of several kinds, beside the text that lists them', { skip }, async () => {
  mkdirSync(at('sub'))
  writeFileSync(at('sub/flat.bin'), new Uint8Array(mebibyte).fill(1, 0, 4096).fill(2, 512 * 1024))
  execFileSync('qemu-img', ['create', '-q', '-f', 'vmdk', at('sub/sparse.vmdk'), '1M'])
  execFileSync('qemu-io', ['-f', 'vmdk', '-c', 'write -q -P 3 64k 64k', at('sub/sparse.vmdk')])
  const lines = [
    '# Disk DescriptorFile',
    'version=1',
    'CID=fffffffe',
    'parentCID=ffffffff',
    'createType="twoGbMaxExtentSparse"',
    'RW 1024 FLAT "flat.bin" 1024',
    'RW 2048 SPARSE "sparse.vmdk"',
    `RW 8 VMFS "${at('sub/flat.bin')}"`,
    '',
  ]
  writeFileSync(at('sub/list.vmdk'), lines.join('\n'))
  const bytes = await read('sub/list.vmdk')
  assert.deepEqual([bytes.length, bytes[0], bytes[512 * 1024 + 65536], bytes.at(-1)], [3080 * 512, 2, 3, 1])
})

test('a sparse disk of ESX is read', { skip }, async () => {
  const [grain, capacity] = [16, 8192 * 16]
  const image = Buffer.alloc(512 * 200)
  image.write('COWD', 0, 'latin1')
  for (const [index, value] of [1, 3, capacity, grain, 4, 2].entries()) image.writeUInt32LE(value, 4 + index * 4)
  image.write('CID=1\nparentCID=ffffffff\n', 0x200)
  image.writeUInt32LE(8, 4 * 512 + 4) // the second table
  image.writeUInt32LE(100, 8 * 512 + 5 * 4) // its sixth grain
  image.fill(7, 100 * 512, 116 * 512)
  writeFileSync(at('esx.vmdk'), image)
  const bytes = await read('esx.vmdk')
  const start = (4096 + 5) * grain * 512
  assert.deepEqual(
    [bytes.length, bytes[start - 1], bytes[start], bytes[start + 8191], bytes[start + 8192]],
    [capacity * 512, 0, 7, 7, 0],
  )
})

test('an image is not read over one that has changed since', { skip }, async () => {
  makePlain()
  execFileSync('qemu-img', ['convert', '-O', 'vmdk', at('plain.raw'), at('base.vmdk')])
  execFileSync('qemu-img', ['create', '-q', '-f', 'vmdk', '-b', at('base.vmdk'), '-F', 'vmdk', at('top.vmdk')])
  execFileSync('qemu-io', ['-f', 'vmdk', '-c', 'write -q -P 9 0 4k', at('top.vmdk')])
  assert.equal((await read('top.vmdk'))[mebibyte], 5)
  execFileSync('qemu-io', ['-f', 'vmdk', '-c', 'write -q -P 9 64k 4k', at('base.vmdk')])
  await using disk = await openDisk(at('top.vmdk'), { format: 'vmdk', readOnly: true })
  assert.equal((await disk.read(0, 512))[0], 9)
  await assert.rejects(disk.read(mebibyte, 512), { kind: 'invalid', message: 'Invalid argument' })
})

test('a file of the list that is not there is named', { skip }, async () => {
  const lines = ['# Disk DescriptorFile', 'version=1', 'CID=1', 'createType="monolithicFlat"', 'RW 8 FLAT "nix" 0', '']
  writeFileSync(at('nix.vmdk'), lines.join('\n'))
  await assert.rejects(openDisk(at('nix.vmdk'), { readOnly: true }), {
    kind: 'missing',
    message: `Could not open '${at('nix')}': No such file or directory`,
  })
})

/** An extent as ESX makes them: pieces of one sector, and a directory of tables of 4096 pieces. */
function esxExtent(sectors: number, pieces: readonly number[]): Uint8Array {
  const tables = Math.ceil(sectors / 4096)
  const first = 5 + tables * 32
  const image = Buffer.alloc((first + pieces.length) * 512)
  image.write('COWD')
  for (const [index, value] of [1, 3, sectors, 1, 4, tables].entries()) image.writeUInt32LE(value, 4 + index * 4)
  for (let table = 0; table < tables; table++) image.writeUInt32LE(5 + table * 32, 2048 + table * 4)
  for (const [index, piece] of pieces.entries()) {
    image.writeUInt32LE(first + index, (5 + Math.floor(piece / 4096) * 32) * 512 + (piece % 4096) * 4)
    image.fill(index + 1, (first + index) * 512, (first + index + 1) * 512)
  }
  return image
}

function writeListed(name: string, type: string, ...lines: readonly string[]): void {
  const head = ['# Disk DescriptorFile', 'version=1', 'CID=fffffffe', 'parentCID=ffffffff', `createType="${type}"`]
  writeFileSync(at(name), [...head, ...lines, ''].join('\n'))
}

test('sparse extents as ESX makes them are read', { skip }, async () => {
  writeFileSync(at('one-s001.vmdk'), esxExtent(8192, [0, 5, 4097, 8191]))
  writeFileSync(at('two-s001.vmdk'), esxExtent(5000, [7]))
  for (const type of ['vmfsSparse', 'vmfs', 'seSparse', 'twoGbMaxExtentSparse']) {
    writeListed('esx.vmdk', type, 'RW 8192 VMFSSPARSE "one-s001.vmdk"', 'RW 5000 VMFSSPARSE "two-s001.vmdk"')
    const bytes = await read('esx.vmdk')
    assert.equal(bytes.byteLength, 13192 * 512)
    assert.deepEqual(
      [0, 5, 6, 4097, 8191, 8199].map((sector) => bytes[sector * 512]),
      [1, 2, 0, 3, 4, 1],
    )
  }
})

test('extents that are not read are refused by name, and no line of an extent is passed over', { skip }, async () => {
  writeFileSync(at('flat.bin'), new Uint8Array(65536))
  const refusal = async (...lines: readonly string[]): Promise<string> => {
    writeListed('odd.vmdk', 'vmfs', ...lines)
    const error = await openDisk(at('odd.vmdk'), { format: 'vmdk', readOnly: true }).catch((thrown: Error) => thrown)
    return error instanceof Error ? error.message : 'none'
  }
  for (const type of ['SESPARSE', 'VMFSRDM', 'VMFSRAW', 'WHAT', 'VMFSSPARSEX']) {
    assert.equal(await refusal(`RW 100 ${type} "flat.bin"`), `Unsupported extent type '${type}'`)
    assert.equal(await refusal('RW 64 FLAT "flat.bin" 0', `RW 9 ${type} "x"`), `Unsupported extent type '${type}'`)
  }
  assert.equal(await refusal('RW 100 ZERO'), "Unsupported extent type 'ZERO'")
  assert.equal(await refusal('RDONLY 128 FLAT "flat.bin" 0'), "Unsupported extent access 'RDONLY'")
  assert.equal(await refusal('NOACCESS 128 FLAT "flat.bin" 0'), "Unsupported extent access 'NOACCESS'")
  for (const line of ['RW 0 FLAT "flat.bin" 0', 'RW -1 FLAT "flat.bin" 0', 'RW 128 FLAT flat.bin 0', 'RW 1 FLAT "f"']) {
    assert.equal(await refusal(line), `Invalid extent line: ${line}`)
  }
  assert.equal(await refusal(), 'invalid VMDK image descriptor')
  writeListed('odd.vmdk', 'vmfsRawDeviceMap', 'RW 8 FLAT "flat.bin" 0')
  await assert.rejects(openDisk(at('odd.vmdk'), { format: 'vmdk', readOnly: true }), {
    message: "Unsupported image type 'vmfsRawDeviceMap'",
  })
})

test('pieces that are packed in a way that nobody knows are not taken for plain bytes', { skip }, async () => {
  makePlain()
  execFileSync('qemu-img', ['convert', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('plain.raw'), at('a.vmdk')])
  const image = readFileSync(at('a.vmdk'))
  image.writeUInt16LE(2, 77)
  writeFileSync(at('packed.vmdk'), image)
  await assert.rejects(openDisk(at('packed.vmdk'), { format: 'vmdk', readOnly: true }), {
    message: 'Unsupported VMDK compression algorithm 2',
  })
})
