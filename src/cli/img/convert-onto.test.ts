import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, theirs } from './side-by-side.ts'

/** More by the environment: `VMON_CONVERSIONS=500`. */
const runs = Number(process.env['VMON_CONVERSIONS'] ?? 20)
const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

const img = (...argv: string[]): void => void execFileSync('qemu-img', argv, { stdio: 'ignore' })
const io = (path: string, format: string, commands: readonly string[]): void =>
  void execFileSync('qemu-io', ['-f', format, ...commands.flatMap((each) => ['-c', each]), path], { stdio: 'ignore' })

/** What a guest sees in an image. */
function contents(image: string, format: string): string {
  img('convert', '-f', format, '-O', 'raw', image, 'contents')
  return createHash('sha256').update(readFileSync('contents')).digest('hex')
}

/** Both copy onto a target of their own; what they say, and what the targets show then, must be the same. */
async function sameOnTarget(format: string, ...argv: string[]): Promise<void> {
  const shown: unknown[] = []
  for (const run of [ours, theirs]) {
    copyFileSync('made', 'target')
    const said = await run('convert', ...argv, 'target')
    if (format === 'qcow2') assert.equal(theirs('check', 'target').status, 0, argv.join(' '))
    shown.push({ said, contents: contents('target', format) })
  }
  assert.deepEqual(shown[0], shown[1], argv.join(' '))
}

test('an image goes onto a target with a backing file of its own: the whole of it', { skip }, async () => {
  img('create', '-f', 'qcow2', 'base', '2M')
  io('base', 'qcow2', ['write -P 1 0 1M'])
  img('create', '-f', 'qcow2', '-b', 'base', '-F', 'qcow2', 'ov', '2M')
  io('ov', 'qcow2', ['write -P 2 512k 64k'])
  img('create', '-f', 'raw', 'other', '1M')
  io('other', 'raw', ['write -P 7 0 1M'])
  img('create', '-f', 'qcow2', '-b', 'other', '-F', 'raw', 'made', '2M')
  await sameOnTarget('qcow2', '-n', '-O', 'qcow2', 'ov')
  copyFileSync('made', 'target')
  assert.equal((await ours('convert', '-n', '-O', 'qcow2', 'ov', 'target')).status, 0)
  assert.equal(contents('target', 'qcow2'), contents('ov', 'qcow2'))
  for (const words of [['-B', 'other'], ['--target-is-zero'], ['--target-is-zero', '-B', 'other'], ['-o', 'size=1M']]) {
    await sameOnTarget('qcow2', '-n', '-O', 'qcow2', ...words, 'ov')
  }
  await sameOnTarget('qcow2', '-n', '-B', 'other', 'ov', 'ov')
})

test('who copies an image lets nobody write to it meanwhile, himself neither', { skip }, async () => {
  writeFileSync('own.raw', new Uint8Array(65536).fill(1))
  for (const words of [['-n'], []]) {
    const said = await ours('convert', ...words, 'own.raw', 'own.raw')
    assert.deepEqual(said, theirs('convert', ...words, 'own.raw', 'own.raw'))
    assert.match(said.error, /Failed to get "write" lock/)
  }
  assert.equal(readFileSync('own.raw')[65535], 1)
})

test('clusters are compressed whatever is in them if zeroes are to be kept', { skip }, async () => {
  writeFileSync('zeroes.raw', new Uint8Array(300_032))
  for (const run of [ours, theirs]) {
    assert.equal((await run('convert', '-c', '-S', '0', '-O', 'qcow2', 'zeroes.raw', `${run.name}.qcow2`)).error, '')
  }
  const map = (name: string): string => theirs('map', '--output=json', name).out
  assert.equal(map('ours.qcow2'), map('theirs.qcow2'))
  assert.match(map('ours.qcow2'), /"data": true/)
})

test('an image is compressed by zstd where Node.js has it; elsewhere the target is left as it was', {
  skip,
}, async () => {
  writeFileSync('text.raw', 'text '.repeat(60_000))
  writeFileSync('old.qcow2', 'old')
  const words = ['-c', '-O', 'qcow2']
  const said = await ours('convert', ...words, '-o', 'compression_type=zstd', 'text.raw', 'old.qcow2')
  if ('zstdCompress' in zlib) {
    assert.equal(said.error, '')
    assert.equal(theirs('compare', 'text.raw', 'old.qcow2').out, 'Images are identical.\n')
    assert.match(theirs('check', 'old.qcow2').out, /100\.00% compressed clusters/)
    return
  }
  const refusal =
    /^vmon img: Node\.js \S+ cannot compress clusters by zstd: use Node\.js 22\.15 or later, or .*=zlib\n$/
  assert.match(said.error, refusal)
  assert.equal(readFileSync('old.qcow2', 'utf8'), 'old')
  theirs('create', '-f', 'qcow2', '-o', 'compression_type=zstd', 'onto.qcow2', '1M')
  const before = readFileSync('onto.qcow2')
  assert.match((await ours('convert', '-n', ...words, 'text.raw', 'onto.qcow2')).error, refusal)
  assert.deepEqual(readFileSync('onto.qcow2'), before)
})

const range = (size: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(size / 512 - 1), fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 9 }), fc.boolean())
    .map(([at, count, pattern, zero]) => {
      const length = Math.min(count, size / 512 - at) * 512
      return zero ? `write -z ${at * 512} ${length}` : `write -P ${pattern} ${at * 512} ${length}`
    })
const sectors = fc.integer({ min: 100, max: 1500 })
const layer = sectors.chain((count) =>
  fc.record({ size: fc.constant(count * 512), writes: fc.array(range(count * 512), { maxLength: 4 }) }),
)
const layers = fc.array(layer, { minLength: 1, maxLength: 3 })
const words = fc.record({
  format: fc.constantFrom('raw', 'qcow2'),
  cluster: fc.constantFrom(512, 4096, 65536),
  fresh: fc.boolean(),
  backing: fc.constantFrom<string[]>([], ['-B', 'target.0', '-F', 'qcow2'], ['-B', 'target.0']),
  sparse: fc.constantFrom<string[]>([], ['-S', '0'], ['-S', '64k'], ['-C']),
  more: fc.constantFrom<string[]>([], ['-c'], ['-W'], ['--target-is-zero'], ['-m', '1']),
  inputs: fc.integer({ min: 1, max: 3 }),
})

/** A chain of images: the first is the last one's deepest backing file. */
function makeChain(name: string, parts: readonly { size: number; writes: readonly string[] }[]): string {
  for (const [index, { size, writes }] of parts.entries()) {
    const behind = index === 0 ? [] : ['-b', `${name}.${index - 1}`, '-F', 'qcow2']
    img('create', '-f', 'qcow2', ...behind, `${name}.${index}`, String(size))
    if (writes.length > 0) io(`${name}.${index}`, 'qcow2', writes)
  }
  return `${name}.${parts.length - 1}`
}

test('chains of any lengths go onto targets of any kind as with qemu-img', { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(layers, layers, words, async (source, target, given) => {
      const { format, cluster, fresh, sparse, more, inputs } = given
      // Behind the end of the source's backing file QEMU shows what that of the target holds, though the source is zero.
      const ends = source.length > 1 && source.at(-2)!.size < source.at(-1)!.size
      const backing = ends ? [] : given.backing
      const from = makeChain('source', source)
      makeChain('target', target.slice(0, 1))
      const asked = ['-O', format, ...backing, ...sparse, ...more, ...Array<string>(inputs).fill(from)]
      const length = source.at(-1)!.size * inputs + target.at(-1)!.size - (target[0]?.size ?? 0)
      if (fresh) {
        await sameNew(format, asked)
        return
      }
      const behind = target.length > 1 ? ['-b', 'target.0', '-F', 'qcow2'] : []
      const size = String(Math.max(512, length - (length % 512)))
      if (format === 'raw') img('create', '-f', 'raw', 'made', size)
      else img('create', '-f', 'qcow2', '-o', `cluster_size=${cluster}`, ...behind, 'made', size)
      await sameOnTarget(format, '-n', ...asked)
    }),
    { numRuns: runs },
  )
})

/** Both make a new target. */
async function sameNew(format: string, asked: readonly string[]): Promise<void> {
  const shown: unknown[] = []
  for (const run of [ours, theirs]) {
    rmSync('target', { force: true })
    const said = await run('convert', ...asked, 'target')
    shown.push(said.status === 0 && !said.error ? { said, contents: contents('target', format) } : { said })
  }
  assert.deepEqual(shown[0], shown[1], asked.join(' '))
}
