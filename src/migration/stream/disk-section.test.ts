import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MigrationError } from '../migration-error.ts'
import { packDiskPart, packDisks, unpackDiskPart, unpackDisks } from './disk-section.ts'

const disks = [
  { name: 'disk', byteLength: 1 << 20 },
  { name: 'ide0-hd1', byteLength: 2 ** 40 + 512 },
]

describe('parts of disks in a stream', () => {
  it('come out as they went in, and zeroes take no room', () => {
    assert.deepEqual(unpackDisks(packDisks(disks)), disks)
    const data = { offset: 65536, length: 5, bytes: Buffer.from('abcde') }
    assert.deepEqual(unpackDiskPart(packDiskPart(0, data), disks), { disk: 0, ...data })
    const zeroes = { offset: 512, length: 2 ** 40, bytes: undefined }
    const packed = packDiskPart(1, zeroes)
    assert.equal(packed.length, 18)
    assert.deepEqual(unpackDiskPart(packed, disks), { disk: 1, ...zeroes })
  })

  it('are refused if they lie outside, are of another disk, or are not as long as they say', () => {
    for (const [disk, part] of [
      [0, { offset: 1 << 20, length: 1, bytes: undefined }],
      [2, { offset: 0, length: 1, bytes: undefined }],
      [0, { offset: 0, length: 0, bytes: undefined }],
      [0, { offset: 0, length: 4, bytes: Buffer.from('abc') }],
      [0, { offset: 0, length: 2, bytes: Buffer.from('abc') }],
    ] as const)
      assert.throws(() => unpackDiskPart(packDiskPart(disk, part), disks), MigrationError, JSON.stringify(part))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          const { disk, offset, length } = unpackDiskPart(bytes, disks)
          assert.ok(length > 0 && offset + length <= disks[disk]!.byteLength)
        } catch (error) {
          assert.ok(error instanceof MigrationError)
        }
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  it('are of disks that the stream names in a list', () => {
    for (const text of ['', '[]', '{}', '{"disks": 5}', '{"disks": [null]}', '{"disks": [{"name": "a"}]}'])
      assert.throws(() => unpackDisks(Buffer.from(text)), MigrationError, text)
    for (const byteLength of [0, -1, 1.5, '5', 2 ** 60])
      assert.throws(
        () => unpackDisks(Buffer.from(JSON.stringify({ disks: [{ name: 'a', byteLength }] }))),
        MigrationError,
      )
  })
})
