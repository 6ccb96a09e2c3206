import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

test('what amend refuses it refuses in the words of qemu-img, and -o help lists the same options', {
  skip,
}, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'a', '1M')
  theirs('create', '-q', '-f', 'raw', 'r', '1M')
  const refused = [
    'a',
    '-o',
    '-o compat=0.10',
    '-o compat=0.10 a a',
    '-o compat=0.10 -t bogus a',
    '-o compat=bogus a',
    '-o compat= a',
    '-o bogus=1 a',
    '-o cluster_size=4k a',
    '-o nocow=on a',
    '-o preallocation=full a',
    '-f raw -o size=2M r',
    '-o lazy_refcounts=x a',
    '-o refcount_bits=3 a',
    '-o refcount_bits=128 a',
    '-o refcount_bits=x a',
    '-o data_file=x a',
    '-o data_file_raw=on a',
    '-o encrypt.keyslot=1 a',
    '-o encrypt.format=luks a',
    '-o compat=0.10,lazy_refcounts=on a',
    '-o compat=0.10,refcount_bits=8 a',
    '-o size=1000 a',
    '-o ,size=1 a',
    '-o size=1, a',
    '-U -o size=4M a',
    '--image-opts -f qcow2 -o size=4M driver=qcow2,file.filename=a',
    '-o size=1M nofile',
    '-f bogus -o size=1M a',
    '-f qcow2 -o help',
    '-f raw -o help',
    '-f bogus -o help',
    '-o help a',
    '-o ? a',
  ]
  for (const line of refused) await same('amend', ...line.split(' '))
  for (const option of ['backing_file=x', 'backing_fmt=raw']) await same('amend', '-o', option, 'a')
})

test('a progress is shown with -p where qemu-img shows one', { skip }, async () => {
  for (const image of ['a', 'b']) theirs('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', image, '1M')
  for (const words of ['-p -o compat=0.10', '-p -o size=2M', '-p -q -o compat=1.1', '-p -o lazy_refcounts=on']) {
    assert.deepEqual(await ours('amend', ...words.split(' '), 'a'), theirs('amend', ...words.split(' '), 'b'), words)
  }
})

const size = 1024
const step = fc.oneof(
  fc.record({
    kind: fc.constantFrom('write -P 7', 'write -z', 'write -z -u', 'discard'),
    at: fc.nat(size - 1),
    length: fc.nat(200),
  }),
  fc.record({ kind: fc.constant('snapshot'), at: fc.nat(2), length: fc.nat(2) }),
)
const image = fc.record({
  clusterSize: fc.constantFrom(512, 4096, 65536),
  refcountBits: fc.constantFrom(8, 16, 64),
  lazy: fc.boolean(),
  backed: fc.boolean(),
  steps: fc.array(step, { maxLength: 14 }),
})
const amendment = fc.constantFrom(
  'compat=0.10',
  'compat=0.10,refcount_bits=16',
  'refcount_bits=32',
  'refcount_bits=4',
  'refcount_bits=1',
  'lazy_refcounts=on',
  'lazy_refcounts=off',
  'size=2M',
  'compat=v3,refcount_bits=64,lazy_refcounts=on',
  'compat=1.1',
)

test('whatever is amended, the guest sees what it saw, in snapshots too, and qemu-img finds a sound image', {
  skip,
}, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'base', `${size}k`)
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -q -P 5 0 ${size / 2}k`, 'base'])
  await fc.assert(
    fc.asyncProperty(image, fc.array(amendment, { minLength: 1, maxLength: 4 }), async (layout, amendments) => {
      const names = make(layout)
      for (const options of amendments) {
        const before = contents('a', names)
        copyFileSync('a', 'b')
        const [mine, other] = [await ours('amend', '-o', options, 'a'), theirs('amend', '-o', options, 'b')]
        assert.deepEqual(mine, other, options)
        const { status, out, error } = theirs('check', 'a')
        assert.equal(status, 0, out + error)
        assert.equal(info('a'), info('b'))
        const after = contents('a', names)
        const shown =
          options.startsWith('size') && mine.status === 0
            ? after.map((each, at) => each.subarray(0, before[at]!.length))
            : after
        assert.deepEqual(shown.map(hash), before.map(hash), options)
      }
    }),
    { numRuns: Number(process.env['VMON_AMENDS'] ?? 4) },
  )
})

type Layout = typeof image extends fc.Arbitrary<infer T> ? T : never

/** @returns the names of its snapshots */
function make({ clusterSize, refcountBits, lazy, backed, steps }: Layout): string[] {
  const options = `cluster_size=${clusterSize},refcount_bits=${refcountBits},lazy_refcounts=${lazy ? 'on' : 'off'}`
  const backing = backed ? ['-b', 'base', '-F', 'qcow2'] : []
  theirs('create', '-q', '-f', 'qcow2', '-o', options, ...backing, 'a', `${size}k`)
  const names: string[] = []
  for (const { kind, at, length } of steps) {
    if (kind === 'snapshot') {
      if (names.length === 3) continue
      names.push(`s${names.length}`)
      theirs('snapshot', '-c', names.at(-1)!, 'a')
      continue
    }
    const count = Math.min(length + 1, size - at)
    execFileSync('qemu-io', ['-f', 'qcow2', '-d', 'unmap', '-c', `${kind} ${at}k ${count}k`, 'a'])
  }
  return names
}

/** What the guest sees, and what it saw in each snapshot: by QEMU. */
function contents(path: string, names: readonly string[]): Buffer[] {
  return [undefined, ...names].map((name) => {
    const said = theirs('convert', ...(name === undefined ? [] : ['-l', name]), '-O', 'raw', path, 'raw')
    assert.equal(said.status, 0, said.error)
    return readFileSync('raw')
  })
}

function hash(bytes: Buffer): string {
  return `${bytes.length} bytes, ${bytes.reduce((sum, byte, at) => (sum * 31 + byte * (at % 251)) % 2 ** 40, 7)}`
}

function info(path: string): string {
  return theirs('info', path)
    .out.replace(`image: ${path}`, '')
    .replace(/disk size: .*/, '')
}
