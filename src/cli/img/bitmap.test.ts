import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { NodeGraph } from '../../block/index.ts'
import { enterFolder, ours, type Said, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

test('what bitmap refuses it refuses in the words of qemu-img', { skip }, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'a', '1M')
  theirs('create', '-q', '-f', 'raw', 'r', '1M')
  theirs('create', '-q', '-f', 'qcow2', 'big', '2M')
  for (const image of ['a', 'big']) theirs('bitmap', '--add', image, 'b')
  const refused = [
    '',
    'a',
    'a b',
    '--add',
    '--add a',
    '--add a b c',
    '--clear -g 4096 a b',
    '-F raw --add a c',
    '-b a --add a c',
    '--add -g 1000 a c',
    '--add -g 4G a c',
    '--add --granularity=1000 a c',
    '-U --add a c',
    '--source-file=a --add a c',
    '--source-format raw --add a c',
    '--add -g x a c',
    '--add -g -1 a c',
    '--add a b',
    '--remove a x',
    '--clear a x',
    '--enable a x',
    '--disable a x',
    '--merge x a b',
    '--merge b a x',
    '--merge b -b big a b',
    '--merge b -b none a b',
    '--clear nofile b',
    '--image-opts -f qcow2 --add driver=qcow2,file.filename=a c',
    '--clear -f raw r b',
    `--add a ${'n'.repeat(1024)}`,
  ]
  // Nodes without a name have one by chance.
  const nameless = ({ error, ...said }: Said): Said => ({ ...said, error: error.replace(/#block\d+/, '#block') })
  for (const line of refused) {
    const words = ['bitmap', ...line.split(' ').filter(Boolean)]
    assert.deepEqual(nameless(await ours(...words)), nameless(theirs(...words)), line)
  }
  await same('bitmap', '--add', 'a', '')
})

test('bitmaps that cannot be written are told of in the words of qemu-img', { skip }, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'failing', '1M')
  const failing = 'driver=qcow2,node-name=n,file.driver=blkdebug,file.image.driver=file,file.image.filename=failing'
  const rule = 'file.inject-error.0.event=none,file.inject-error.0.iotype=write,file.inject-error.0.once=off'
  const words = ['bitmap', '--image-opts', '--add', `${failing},${rule}`, 'b']
  // What it says of its caches behind that differs.
  const first = ({ error }: Said): string | undefined => error.split('\n')[0]
  const said = first(theirs(...words))
  assert.match(String(said), /Failed to write bitmap 'b' to file: Input\/output error$/)
  assert.equal(first(await ours(...words)), said)
})

const action = fc.oneof(
  fc.record({
    kind: fc.constant('--add'),
    name: fc.nat(3),
    granularity: fc.constantFrom(undefined, '512', '4k', '1M'),
  }),
  fc.record({
    kind: fc.constantFrom('--remove', '--clear', '--enable', '--disable', '--merge'),
    name: fc.nat(3),
    from: fc.nat(3),
  }),
  fc.record({ kind: fc.constant('write'), name: fc.nat(255), from: fc.nat(20) }),
)

test('actions on bitmaps leave what those of qemu-img leave, one after the other and several at once', {
  skip,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(action, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), async (calls) => {
      for (const image of ['a', 'b']) theirs('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4k', image, '1M')
      for (const call of calls) {
        const [first] = call
        if (first?.kind === 'write') {
          const command = `write ${first.name * 4}k ${first.from + 1}k`
          for (const image of ['a', 'b']) execFileSync('qemu-io', ['-f', 'qcow2', '-c', command, image])
          continue
        }
        const words = call
          .filter(({ kind }) => kind !== 'write')
          .flatMap((one) => [
            one.kind,
            ...(one.kind === '--merge' && 'from' in one ? [`b${one.from}`] : []),
            ...('granularity' in one && one.granularity !== undefined ? ['-g', one.granularity] : []),
          ])
        const name = `b${first?.name ?? 0}`
        assert.deepEqual(
          await ours('bitmap', ...words, 'a', name),
          theirs('bitmap', ...words, 'b', name),
          words.join(' '),
        )
      }
      assert.deepEqual(theirs('check', 'a').error, '')
      assert.equal(theirs('check', 'a').status, 0)
      assert.deepEqual(await bitmapsOf('a'), await bitmapsOf('b'))
      assert.deepEqual(
        (await ours('info', 'a')).out.replace(/disk size.*/, ''),
        theirs('info', 'a').out.replace(/disk size.*/, ''),
      )
      for (const size of ['65536', '512']) {
        await same('measure', '-O', 'qcow2', '-o', `cluster_size=${size}`, 'a')
      }
    }),
    { numRuns: Number(process.env['VMON_BITMAPS'] ?? 5) },
  )
})

/** What an image keeps in its bitmaps. */
async function bitmapsOf(image: string): Promise<unknown> {
  await using graph = new NodeGraph()
  const node = await graph.open({ filename: image, readOnly: true })
  return [...node.bitmaps].map((bitmap) => ({
    name: bitmap.name,
    granularity: bitmap.granularity,
    recording: bitmap.recording,
    areas: [...bitmap.areas()],
  }))
}

test('bitmaps of an image are merged into those of the image behind it', { skip }, async () => {
  for (const name of ['ours', 'theirs']) {
    theirs('create', '-q', '-f', 'qcow2', `${name}.base`, '1M')
    theirs('create', '-q', '-f', 'qcow2', '-b', `${name}.base`, '-F', 'qcow2', name)
    for (const image of [name, `${name}.base`]) theirs('bitmap', '--add', image, 'b')
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write 3k 100k', name])
    const words = ['bitmap', '--merge', 'b', '-b', name, '-F', 'qcow2', `${name}.base`, 'b']
    assert.deepEqual(await (name === 'ours' ? ours : theirs)(...words), { status: 0, out: '', error: '' })
  }
  assert.deepEqual(await bitmapsOf('ours.base'), await bitmapsOf('theirs.base'))
})

test('convert --bitmaps copies bitmaps with what they have noted, and refuses what qemu-img refuses', {
  skip,
}, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'a', '1M')
  theirs('bitmap', '--add', 'a', 'b0')
  theirs('bitmap', '--add', '-g', '512', 'a', 'b1')
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write 3k 100k', '-c', 'write -z 512k 64k', 'a'])
  theirs('bitmap', '--disable', 'a', 'b0')
  writeFileSync('r', new Uint8Array(2 ** 20))
  const copies = [
    ['ours', ours],
    ['theirs', theirs],
  ] as const
  for (const [name, run] of copies) await run('convert', '--bitmaps', '-O', 'qcow2', 'a', name)
  assert.deepEqual(await bitmapsOf('ours'), await bitmapsOf('theirs'))
  assert.deepEqual(await bitmapsOf('ours'), await bitmapsOf('a'))
  assert.equal(theirs('check', 'ours').status, 0)
  for (const words of [
    '--skip-broken-bitmaps -O qcow2 a c',
    '--bitmaps -O raw a c',
    '--bitmaps -O qcow2 -o compat=0.10 a c',
    '--bitmaps -f raw -O qcow2 r c',
    '--bitmaps -O qcow2 a a c',
  ]) {
    await same('convert', ...words.split(' '))
  }
})

test('bitmaps that are inconsistent can only be removed, and are copied only if they are left out', {
  skip,
}, async () => {
  theirs('create', '-q', '-f', 'qcow2', 'a', '1M')
  for (const name of ['b0', 'b1']) theirs('bitmap', '--add', 'a', name)
  await markInUse('a')
  await same('info', 'a')
  for (const words of ['--clear a b0', '--enable a b0', '--disable a b0', '--merge b1 a b0']) {
    await same('bitmap', ...words.split(' '))
  }
  await same('resize', 'a', '2M')
  await same('convert', '--bitmaps', '-O', 'qcow2', 'a', 'c')
  await same('convert', '--bitmaps', '--skip-broken-bitmaps', '-O', 'qcow2', 'a', 'c')
  for (const name of ['b0', 'b1']) assert.equal((await ours('bitmap', '--remove', 'a', name)).status, 0)
  assert.equal(theirs('check', 'a').status, 0)
  assert.ok(!theirs('info', 'a').out.includes('bitmaps'))
})

/** Leaves an image as a program leaves it that dies while it writes. */
async function markInUse(image: string): Promise<void> {
  const graph = new NodeGraph()
  // Nobody closes it: what the file says now is what it says after a crash.
  await graph.open({ filename: image, options: { driver: 'qcow2', 'file.locking': 'off' } })
  execFileSync('cp', [image, `${image}.copy`])
  await graph.close()
  execFileSync('mv', [`${image}.copy`, image])
}
