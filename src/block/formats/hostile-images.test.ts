import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { BlockError, MemoryDriver, NodeGraph } from '../index.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
const folder = mkdtempSync(join(tmpdir(), 'vmon-hostile-'))
after(() => rmSync(folder, { recursive: true }))
/** More by the environment: `VMON_HOSTILE_IMAGES=10000`. */
const runs = Number(process.env['VMON_HOSTILE_IMAGES'] ?? 1500)
const size = 3 * 2 ** 20

interface Seed {
  readonly format: string
  readonly options: readonly string[]
  /** Where words stand that mean something: offsets and lengths in bytes. */
  readonly structure: readonly (readonly [offset: number, length: number])[]
  /** Where a VHD's footer or its copy is, whose sum must be right for what else it says to count. */
  readonly footer?: number
}

const seeds: readonly Seed[] = [
  {
    format: 'vdi',
    options: [],
    structure: [
      [0x40, 0x190],
      [512, 16],
    ],
  },
  {
    format: 'vdi',
    options: ['static=on'],
    structure: [
      [0x40, 0x190],
      [512, 16],
    ],
  },
  {
    format: 'vpc',
    options: ['force_size=on'],
    structure: [
      [0, 512],
      [512, 64],
      [1536, 16],
    ],
    footer: 0,
  },
  { format: 'vpc', options: ['force_size=on', 'subformat=fixed'], structure: [[size, 512]], footer: size },
  {
    format: 'vmdk',
    options: [],
    structure: [
      [0, 80],
      [512, 64],
      [13312, 16],
      [13824, 96],
    ],
  },
  {
    format: 'vmdk',
    options: ['subformat=streamOptimized'],
    structure: [
      [0, 80],
      [512, 64],
      [13312, 16],
      [13824, 96],
      [65536, 32],
    ],
  },
]

function makeImage({ format, options }: Seed): Uint8Array {
  const [plain, path] = [join(folder, 'plain'), join(folder, 'image')]
  writeFileSync(plain, new Uint8Array(size).fill(7, 2 ** 20 + 4096, 2 ** 20 + 70_000).fill(8, size - 5000))
  const words = options.flatMap((option) => ['-o', option])
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...words, plain, path])
  return new Uint8Array(readFileSync(path))
}

/** The complement of the sum of a footer's bytes, in their midst. */
function putChecksum(bytes: Uint8Array, footer: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + footer, 512)
  view.setUint32(64, 0)
  const sum = bytes.subarray(footer, footer + 512).reduce((total, byte) => total + byte, 0)
  view.setUint32(64, ~sum >>> 0)
}

/** Opens an image and reads and maps what it has; what the guest sees of its first bytes. */
async function use(format: string, bytes: Uint8Array): Promise<Uint8Array> {
  await using graph = new NodeGraph()
  const storage = graph.add(new MemoryDriver(bytes), { name: 'storage' })
  const holder = await storage.attach({ description: 'a holder' })
  try {
    const node = await graph.open({ options: { driver: format, file: 'storage' }, readOnly: true })
    const user = await node.attach({ description: 'a user', access: { uses: ['read'], shares: [] } })
    try {
      const { length } = await node.status(0, node.length)
      assert.ok(length >= 1 || node.length === 0)
      if (node.length > size) await node.read(node.length - 512, 512)
      return await node.read(0, Math.min(node.length, size))
    } finally {
      await user.detach()
    }
  } finally {
    await holder.detach()
  }
}

const word = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x1ff, 0x200, 0x10000, 0x0fff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff),
  fc.nat(64),
  fc.nat(2 ** 31),
)

for (const seed of seeds) {
  const name = [seed.format, ...seed.options].join(', ')
  test(`an image with any field changed gives errors or bytes: ${name}`, { skip }, async () => {
    const sound = makeImage(seed)
    const before = await use(seed.format, sound)
    assert.deepEqual(Buffer.from(before), readFileSync(join(folder, 'plain')))
    const fields = seed.structure.flatMap(([offset, length]) =>
      Array.from({ length: length / 4 }, (_, index) => offset + index * 4),
    )
    const change = fc.record({ at: fc.constantFrom(...fields), value: word, littleEndian: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), fc.nat(9), async (changes, luck) => {
        const bytes = sound.slice()
        const view = new DataView(bytes.buffer)
        for (const { at, value, littleEndian } of changes) view.setUint32(at, value, littleEndian)
        if (seed.footer !== undefined && luck > 0) putChecksum(bytes, seed.footer)
        try {
          await use(seed.format, bytes)
        } catch (error) {
          assert.ok(error instanceof BlockError, String((error as Error).stack))
        }
      }),
      { numRuns: Math.ceil(runs / seeds.length), includeErrorInReport: true },
    )
  })
}

/** Changed words; QEMU's answer, an error or the guest's bytes, must be ours. */
const differences: readonly (readonly [name: string, seed: number, offset: number, ...bytes: number[]])[] = [
  ['the signature of a VDI', 0, 0x40, 1],
  ['the version of a VDI', 0, 0x44, 2],
  ['the offset of its map', 0, 0x154, 1],
  ['the offset of its data', 0, 0x158, 1],
  ['its sector size', 0, 0x168, 1],
  ['its block size', 0, 0x17a, 1],
  ['its number of blocks, too small', 0, 0x180, 1],
  ['its size, too large', 0, 0x175, 0x40],
  ['its link', 0, 0x1a8, 1],
  ['its parent', 0, 0x1b8, 1],
  ['a VDI block that lies in the place of another', 0, 0x200, 0],
  ['a VDI block behind the end', 0, 0x200, 9],
  ['a VDI block that has been discarded', 0, 0x204, 0xfe, 0xff, 0xff, 0xff],
  ['the sum of a VHD', 2, 66, 1],
  ['the sum of a fixed VHD', 3, size + 66, 1],
  ['the number of its blocks, too large', 2, 512 + 28, 0xff],
  ['the number of its blocks, large', 2, 512 + 28, 0, 1],
  ['the offset of its map', 2, 512 + 20, 0, 1],
  ['the offset of its map, behind the end', 2, 512 + 20, 1],
  ['its geometry', 2, 57, 3],
  ['its creator and its geometry', 2, 28, 0x76, 0x70, 0x63, 0x20],
  ['the offset of its header', 2, 23, 3],
  ['its block size', 2, 512 + 32, 0, 0x20, 0, 1],
  ['its number of blocks, too small', 2, 512 + 28, 0, 0, 0, 0],
  ['its size, too large', 2, 48, 0, 0, 0x40],
  ['a VHD block behind the end', 2, 1536, 0, 1],
  ['a VHD block just behind the end', 2, 1536, 0, 0, 0x18, 0],
  ['a VHD block that is nowhere', 2, 1536, 0xff, 0xff, 0xff, 0xff],
  ['a VHD block in the place of another', 2, 1536, 0, 0, 0, 2],
  ['a fixed VHD that says it grows', 3, size + 63, 3],
  ['a fixed VHD without its cookie', 3, size, 0],
  ['the magic of a VMDK', 4, 0, 1],
  ['its version', 4, 4, 4],
  ['its capacity, smaller', 4, 12, 0, 1],
  ['its capacity, much larger', 4, 18, 1],
  ['its capacity, none', 4, 12, 0, 0],
  ['its grains, larger', 4, 20, 0, 1],
  ['its grains, none', 4, 20, 0],
  ['its grains, far too large', 4, 23, 1],
  ['its tables, too large', 4, 45, 3],
  ['its tables, smaller', 4, 44, 16, 0],
  ['its tables, none', 4, 45, 0],
  ['the offset of its directory', 4, 56, 0x15],
  ['the offset of its directory, behind the end', 4, 58, 0x15],
  ['its directory at the end', 4, 56, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ['its overhead', 4, 65, 0x15],
  ['its identifier', 4, 512, 0],
  ['its table', 4, 13312, 0],
  ['its table behind the end', 4, 13314, 2],
  ['a grain in the place of another', 4, 13824 + 64, 0],
  ['a grain of zeroes', 4, 13824 + 64, 1],
  ['a grain behind the end', 4, 13824 + 66, 1],
  ['a VMDK that grains are not compressed in', 5, 77, 0],
  ['a VMDK without markers', 5, 10, 1],
  ['the size of a compressed grain', 5, 65536 + 8, 1],
  ['the size of a compressed grain, none', 5, 65536 + 8, 0, 0, 0, 0],
  ['the size of a compressed grain, too large', 5, 65536 + 11, 9],
  ['a compressed grain', 5, 65536 + 12, 9],
]

test('a changed image is refused in the words of QEMU, or read as QEMU reads it', { skip }, async () => {
  const sound = seeds.map(makeImage)
  const answers: (readonly [name: string, ours: string, theirs: string])[] = []
  for (const [name, seed, offset, ...changed] of differences) {
    const bytes = sound[seed]!.slice()
    bytes.set(changed, offset)
    const { format, footer } = seeds[seed]!
    if (footer !== undefined && !name.includes('sum')) putChecksum(bytes, footer)
    const path = join(folder, 'changed')
    writeFileSync(path, bytes)
    const { status, stderr } = spawnSync('qemu-img', ['convert', '-f', format, '-O', 'raw', path, `${path}.raw`], {
      encoding: 'utf8',
    })
    const theirs =
      status === 0
        ? readFileSync(`${path}.raw`)
        : stderr
            .trimEnd()
            .split('\n')[0]!
            .replace(/^.*(?:Could not open '[^']*'|error while [^:]*|resize file): /, '')
    const ours = await use(format, bytes).then(Buffer.from, (error: unknown) =>
      (error as Error).message.replace(/^Could not open '[^']*': /, ''),
    )
    answers.push([name, describe(ours), describe(theirs)])
  }
  assert.deepEqual(
    answers.map(([name, ours]) => [name, ours]),
    answers.map(([name, , theirs]) => [name, theirs]),
  )
})

test('a VHD that shows what another image has, where it holds nothing, is refused', { skip }, async () => {
  const bytes = makeImage(seeds[2]!)
  bytes[63] = 4
  putChecksum(bytes, 0)
  // QEMU reads zeroes where the other image's bytes should be.
  await assert.rejects(use('vpc', bytes), { kind: 'invalid', message: 'Unsupported or invalid VHD type' })
})

/** An error as it is; of bytes, a hash. */
function describe(answer: string | Uint8Array): string {
  return typeof answer === 'string' ? answer : createHash('sha1').update(answer).digest('hex')
}
