import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, statSync } from 'node:fs'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

const kib = 1024
const size = 3 * 1024 * kib

/** How many blocks of reference counts the table has. */
function blocksIn(image: string): number {
  const bytes = readFileSync(image)
  const table = Number(bytes.readBigUInt64BE(48))
  const entries = (bytes.readUInt32BE(56) * 2 ** bytes.readUInt32BE(20)) / 8
  return Array.from({ length: entries }, (_, index) => bytes.readBigUInt64BE(table + 8 * index)).filter(Boolean).length
}

test('an image that shrinks lets go of empty refcount blocks and of the end of its file, as by qemu-img', {
  skip,
}, async () => {
  const image = fc.record({
    clusterSize: fc.constantFrom(512, 4096, 65536),
    refcountBits: fc.constantFrom(1, 16, 64),
    writes: fc.array(fc.nat(size / (64 * kib) - 1), { minLength: 1, maxLength: 48 }),
    shrunk: fc.nat(size / 512 - 1).map((sectors) => sectors * 512),
  })
  await fc.assert(
    fc.asyncProperty(image, async ({ clusterSize, refcountBits, writes, shrunk }) => {
      const layout = `cluster_size=${clusterSize},refcount_bits=${refcountBits}`
      theirs('create', '-q', '-f', 'qcow2', '-o', layout, 'a', String(size))
      const commands = writes.flatMap((at) => ['-c', `write -q -P ${1 + (at % 200)} ${at * 64}k 64k`])
      execFileSync('qemu-io', ['-f', 'qcow2', ...commands, 'a'])
      copyFileSync('a', 'b')
      assert.deepEqual(
        await ours('resize', '-f', 'qcow2', '--shrink', 'a', String(shrunk)),
        theirs('resize', '-f', 'qcow2', '--shrink', 'b', String(shrunk)),
      )
      assert.equal(theirs('check', 'a').error, '')
      assert.equal(theirs('check', 'a').status, 0)
      assert.equal(theirs('compare', 'a', 'b').out, 'Images are identical.\n')
      assert.ok(blocksIn('a') <= blocksIn('b'))
      assert.ok(statSync('a').size <= statSync('b').size)
    }),
    { numRuns: Number(process.env['VMON_SHRINKS'] ?? 6) },
  )
})
