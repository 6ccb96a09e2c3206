import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

/** More by the environment: `VMON_HEADERS=5000`. */
const runs = Number(process.env['VMON_HEADERS'] ?? 200)
const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

/** Images of all formats, and how much of each says what it is. */
const images = [
  { name: 'sparse.vmdk', format: 'vmdk', header: 90, made: ['-O', 'vmdk'] },
  { name: 'stream.vmdk', format: 'vmdk', header: 90, made: ['-O', 'vmdk', '-o', 'subformat=streamOptimized'] },
  { name: 'a.vdi', format: 'vdi', header: 512, made: ['-O', 'vdi'] },
  { name: 'static.vdi', format: 'vdi', header: 512, made: ['-O', 'vdi', '-o', 'static=on'] },
  { name: 'a.vhd', format: 'vpc', header: 1024, made: ['-O', 'vpc'] },
  { name: 'a.luks', format: 'luks', header: 592, made: ['-O', 'luks', '-o', 'key-secret=s,iter-time=10'] },
] as const

const contents = new Map<string, Buffer>()
if (skip === false) {
  execFileSync('qemu-img', ['create', '-q', '-f', 'raw', 'a.raw', '1M'])
  execFileSync('qemu-io', ['-f', 'raw', '-c', 'write -q -P 5 100k 300k', 'a.raw'])
  for (const { name, made } of images) {
    const secret = ['--object', 'secret,id=s,data=x']
    assert.equal(theirs('convert', ...(name === 'a.luks' ? secret : []), ...made, 'a.raw', name).status, 0)
    contents.set(name, readFileSync(name))
  }
}

/** Images that QEMU opens and we do not: larger than we can count, or that make us read what is not there. */
const ours_alone = /File too large|block map lies behind the end|Unsupported VMDK compression|Invalid granularity/
/** The copy of a directory, which nobody reads. */
const unread = /Could not read l1 backup table/

test('offsets that no file reaches are refused as by qemu-img', { skip }, async () => {
  for (const at of [528, 529, 532, 534]) {
    for (const value of [1, 0x7f, 0x80, 0xff]) {
      const bytes = Buffer.from(contents.get('a.vhd')!)
      bytes[at] = value
      writeFileSync('changed', bytes)
      const words = ['info', '-f', 'vpc', 'changed']
      assert.deepEqual(await ours(...words), theirs(...words), `byte ${at} is ${value}`)
    }
  }
})

test('headers that are not understood are refused as by qemu-img, byte by byte', { skip }, async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(
      fc
        .constantFrom(...images)
        .chain((image) => fc.record({ image: fc.constant(image), at: fc.nat(image.header - 1) })),
      fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff),
      async ({ image, at }, value) => {
        const bytes = Buffer.from(contents.get(image.name)!)
        bytes[at] = value
        writeFileSync('changed', bytes)
        const words = ['info', '-f', image.format, 'changed']
        const [mine, other] = [await ours(...words), theirs(...words)]
        if (ours_alone.test(mine.error) || unread.test(other.error)) return
        if (mine.status !== 0) refused++
        assert.deepEqual(mine, other, `${image.name}, byte ${at} is ${value}`)
      },
    ),
    { numRuns: runs },
  )
  assert.ok(refused > 0)
})
