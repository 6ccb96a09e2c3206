import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, type Said, same, theirs } from './side-by-side.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

/** The kinds of VMDK images that qemu-img makes. */
const vmdks = [
  'monolithicSparse',
  'monolithicFlat',
  'twoGbMaxExtentSparse',
  'twoGbMaxExtentFlat',
  'streamOptimized',
] as const

/** Images of all kinds, made by QEMU; the same ones for all tests. */
function makeImages(): void {
  const img = (...argv: string[]): void => void execFileSync('qemu-img', argv, { stdio: 'ignore' })
  const io = (path: string, format: string, ...commands: string[]): void =>
    void execFileSync('qemu-io', ['-f', format, ...commands.flatMap((command) => ['-c', command]), path])
  img('create', '-f', 'raw', 'a.raw', '3M')
  io('a.raw', 'raw', 'write -P 1 64k 64k', 'write -P 2 1M 100k')
  img('convert', '-O', 'qcow2', 'a.raw', 'a.qcow2')
  img('convert', '-O', 'qcow2', '-c', 'a.raw', 'packed.qcow2')
  img('convert', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', 'a.raw', 'zstd.qcow2')
  img('create', '-f', 'qcow2', '-o', 'cluster_size=4k,lazy_refcounts=on,refcount_bits=8', 'small.qcow2', '5000M')
  io('small.qcow2', 'qcow2', 'write -P 3 100M 5k', 'write -z 200M 1M')
  img('snapshot', '-c', 'first', 'small.qcow2')
  io('small.qcow2', 'qcow2', 'write -P 4 300M 64k')
  img('snapshot', '-c', 'second one', 'small.qcow2')
  mkdirSync('sub')
  img('create', '-f', 'qcow2', '-b', '../a.qcow2', '-F', 'qcow2', 'sub/top.qcow2', '4M')
  io('sub/top.qcow2', 'qcow2', 'write -P 5 2M 64k', 'write -z 96k 64k', 'write -P 2 3500k 10k')
  img('convert', '-O', 'raw', 'sub/top.qcow2', 'top.raw')
  img('convert', '-O', 'vdi', 'top.raw', 'a.vdi')
  img('convert', '-O', 'vdi', '-o', 'static=on', 'top.raw', 'static.vdi')
  img('convert', '-O', 'vpc', 'top.raw', 'a.vpc')
  for (const subformat of vmdks) {
    img('convert', '-O', 'vmdk', '-o', `subformat=${subformat}`, 'top.raw', `${subformat}.vmdk`)
  }
  img('create', '-f', 'vmdk', '-b', 'monolithicSparse.vmdk', '-F', 'vmdk', 'top.vmdk')
  io('top.vmdk', 'vmdk', 'write -P 9 1M 70k', 'write -z 2M 64k')
  img('create', '-f', 'qcow2', 'leaky.qcow2', '1M')
  io('leaky.qcow2', 'qcow2', 'write 0 128k')
  img('create', '-f', 'qcow2', '-o', 'preallocation=metadata', 'placed.qcow2', '3M')
  io('placed.qcow2', 'qcow2', 'write -P 6 1M 100k')
  img('create', '-f', 'qcow2', '-o', 'preallocation=metadata', 'cut.qcow2', '3M')
  io('cut.qcow2', 'qcow2', 'write -P 6 0 4k')
  truncateSync('cut.qcow2', 0x50000 + 2 * 65536 + 4096) // amid the third cluster
  writeFileSync('odd.raw', 'not a multiple of a sector')
  writeFileSync('empty.raw', '')
}
if (skip === false) makeImages()

const images = [
  'a.raw',
  'a.qcow2',
  'packed.qcow2',
  'zstd.qcow2',
  'small.qcow2',
  'sub/top.qcow2',
  'placed.qcow2',
  'cut.qcow2',
  'odd.raw',
  'empty.raw',
]
const foreign = ['a.vdi', 'static.vdi', 'a.vpc', 'top.vmdk', ...vmdks.map((name) => `${name}.vmdk`)]

for (const image of [...images, ...foreign]) {
  test(`what qemu-img says about ${image}, vmon img says byte for byte`, { skip }, async () => {
    await same('info', image)
    await same('info', '--output=json', image)
    await same('info', '--backing-chain', '-U', image)
    await same('info', '--backing-chain', '--output', 'json', image)
    await same('map', '--output=json', image)
    await same('map', image)
    await same('snapshot', '-l', image)
    if (!foreign.includes(image)) await same('check', image)
    if (!foreign.includes(image)) await same('check', '--output=json', image)
    await same('compare', image, 'a.raw')
    await same('compare', 'a.raw', image)
    await same('compare', '-s', image, 'a.qcow2')
  })
}

test('parts of an image are mapped', { skip }, async () => {
  await same('map', '--output=json', '--start-offset=70000', '--max-length=64k', 'a.raw')
  await same('map', '--output=json', '-s', '1M', 'sub/top.qcow2')
  await same('map', '-l', '1500k', 'sub/top.qcow2')
})

test('a backing file may be named by its options', { skip }, async () => {
  const backing = 'json:{"driver": "raw", "file": {"driver": "file", "filename": "a.raw"}}'
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', 'raw', 'named.qcow2'], {})
  for (const words of [[], ['--backing-chain'], ['--output=json']]) await same('info', ...words, 'named.qcow2')
  await same('map', 'named.qcow2')
})

/** Calls that come to nothing, and calls that only say something. */
const complaints: string[][] = [
  [],
  ['nothing'],
  ['--nothing'],
  ['info'],
  ['info', 'a', 'b'],
  ['info', 'missing'],
  ['info', '-Z', 'a.raw'],
  ['info', '--zz', 'a.raw'],
  ['info', '--o', 'json', 'a.raw'],
  ['info', '-f'],
  ['info', '-f', 'nothing', 'a.raw'],
  ['info', '-f', 'qcow2', 'a.raw'],
  ['info', '--output=xml', 'a.raw'],
  ['info', 'nothing:a'],
  ['info', '--image-opts', 'driver=raw,file.driver=file,file.filename=a.raw'],
  ['info', '--image-opts', 'driver=nothing'],
  ['info', 'json:{"driver": "raw", "file": {"driver": "file", "filename": "a.raw"}}'],
  ['info', 'json:{"file.filename": "a.raw"}'],
  ['info', 'json:{'],
  ['info', 'json:[1]'],
  ['info', 'json:{"driver": "raw", "file": "nothing"}'],
  ['info', 'json:{"driver": "raw", "file.filename": "a.raw", "bogus": 1}'],
  ['map'],
  ['map', '--output=xml', 'a.raw'],
  ['map', '--start-offset=x', 'a.raw'],
  ['bench'],
  ['bench', 'a', 'b'],
  ['bench', 'missing'],
  ['bench', '-c', 'x', 'a.raw'],
  ['bench', '-c', '-1', 'a.raw'],
  ['bench', '-d', '3000000000', 'a.raw'],
  ['bench', '-o', 'x', 'a.raw'],
  ['bench', '-s', '4G', 'a.raw'],
  ['bench', '-S', 'x', 'a.raw'],
  ['bench', '--pattern=300', 'a.raw'],
  ['bench', '-t', 'nothing', 'a.raw'],
  ['bench', '-i', 'nothing', 'a.raw'],
  ['bench', '-n', 'a.raw'],
  ['bench', '--flush-interval=x', 'a.raw'],
  ['bench', '--flush-interval=9', 'a.raw'],
  ['bench', '-w', '--flush-interval=9', 'a.raw'],
  ['bench', '-c', '4', '-o', '100M', '-f', 'raw', 'a.raw'],
  ['bench', '-w', '-U', '-f', 'raw', 'a.raw'],
  ['check'],
  ['check', '-r', 'some', 'a.qcow2'],
  ['commit'],
  ['commit', 'a', 'b'],
  ['commit', 'missing'],
  ['commit', '-f', 'raw', 'a.raw'],
  ['commit', 'a.qcow2'],
  ['commit', '-r', 'x', 'sub/top.qcow2'],
  ['commit', '-t', 'nothing', 'sub/top.qcow2'],
  ['commit', '-b', 'nothing', 'sub/top.qcow2'],
  ['commit', '-b', 'sub/top.qcow2', 'sub/top.qcow2'],
  ['compare', 'a.raw'],
  ['compare', 'a.raw', 'missing'],
  ['compare', '-q', 'a.raw', 'top.raw'],
  ['compare', '-T', 'nothing', 'a.raw', 'top.raw'],
  ['compare', '-p', 'a.raw', 'missing'],
  ['create'],
  ['create', 'new'],
  ['create', '-f', 'nothing', 'new', '1M'],
  ['create', '-f', 'raw', 'new', '9E'],
  ['create', '-f', 'raw', 'new', '1Z'],
  ['create', '-f', 'raw', 'new', '1M', '2'],
  ['create', '-f', 'raw', '-b', 'a.raw', 'new', '1M'],
  ['create', '-f', 'raw', '/missing/new', '1M'],
  ['create', '-f', 'qcow2', 'new'],
  ['create', '-f', 'qcow2', '-o', 'nothing=1', 'new', '1M'],
  ['create', '-f', 'qcow2', '-o', 'cluster_size=', 'new', '1M'],
  ['create', '-f', 'qcow2', '-o', 'compat=v2,', 'new', '1M'],
  ['create', '-f', 'qcow2', '-o', 'size=1M', 'new', '1M'],
  ['create', '-f', 'qcow2', '-b', 'missing', '-F', 'raw', 'new', '1M'],
  ['create', '-f', 'qcow2', '-b', 'a.qcow2', 'new'],
  ['create', '-f', 'qcow2', '-b', 'new', '-F', 'qcow2', 'new'],
  ['create', '-f', 'qcow2', '-b', 'a.raw', '-F', 'nothing', 'new'],
  ['convert'],
  ['convert', 'a.raw'],
  ['convert', '-n', 'a.raw', 'missing'],
  ['convert', '-O', 'nothing', 'a.raw', 'new'],
  ['convert', '-S', '5', 'a.raw', 'new'],
  ['convert', '-m', '99', 'a.raw', 'new'],
  ['convert', '-t', 'nothing', '-n', 'a.raw', 'top.raw'],
  ['convert', '-T', 'nothing', 'a.raw', 'new'],
  ['convert', '-B', 'a.qcow2', 'a.raw', 'new'],
  ['convert', '-c', '-O', 'raw', 'a.raw', 'new'],
  ['convert', '--target-is-zero', 'a.raw', 'new'],
  ['convert', '--target-image-opts', 'a.raw', 'new'],
  ['convert', '-l', 'nothing', 'small.qcow2', 'new'],
  ['convert', '-l', 'snapshot.nothing=1', 'small.qcow2', 'new'],
  ['convert', '-l', '1', 'small.qcow2', 'small.qcow2', 'new'],
  ['convert', '-f', 'raw', '-l', '1', 'a.raw', 'new'],
  ['convert', '-r', 'x', 'a.raw', 'new'],
  ['dd'],
  ['dd', 'if=a.raw'],
  ['dd', 'if=a.raw', 'of=new', 'seek=1'],
  ['dd', 'if=a.raw', 'of=new', 'nothing'],
  ['dd', 'if=a.raw', 'of=new', 'bs=0'],
  ['dd', 'if=a.raw', 'of=new', 'count=x'],
  ['dd', 'if=a.raw', 'of=new', 'skip=-1'],
  ['dd', 'if=missing', 'of=new'],
  ['dd', '-f', 'raw', '-O', 'nothing', 'if=a.raw', 'of=new'],
  ['dd', '-f', 'raw', 'if=a.raw', 'of=/missing/new'],
  ['dd', '-n', 'if=a.raw', 'of=new'],
  ['measure'],
  ['measure', 'a', 'b'],
  ['measure', 'missing'],
  ['measure', '--size', 'x'],
  ['measure', '--size', '9E'],
  ['measure', '--size', '1G', 'a.raw'],
  ['measure', '--output=xml', 'a.raw'],
  ['measure', '-f', 'raw', '--size', '1M'],
  ['measure', '-O', 'nothing', '--size', '1M'],
  ['measure', '-O', 'vdi', '--size', '1M'],
  ['measure', '-O', 'qcow2', '-o', 'nothing=1', '--size', '1M'],
  ['measure', '-O', 'qcow2', '-o', 'cluster_size=3k', '--size', '1M'],
  ['measure', '-O', 'qcow2', '--size', '7P'],
  ['measure', '-O', 'qcow2', '-l', 'nothing', 'a.qcow2'],
  ['rebase'],
  ['rebase', 'sub/top.qcow2'],
  ['rebase', '-b', 'x'],
  ['rebase', '-b', 'a.raw', '-F', 'raw', 'missing'],
  ['rebase', '-b', '../a.raw', 'sub/top.qcow2'],
  ['rebase', '-u', '-b', '../a.raw', 'sub/top.qcow2'],
  ['rebase', '-b', '../missing', '-F', 'raw', 'sub/top.qcow2'],
  ['rebase', '-b', '../a.raw', '-F', 'nothing', 'sub/top.qcow2'],
  ['rebase', '-b', '../a.raw', '-F', 'qcow2', 'sub/top.qcow2'],
  ['rebase', '-b', 'top.qcow2', '-F', 'qcow2', 'sub/top.qcow2'],
  ['rebase', '-f', 'raw', '-b', 'a.qcow2', '-F', 'qcow2', 'a.raw'],
  ['rebase', '-t', 'nothing', '-b', '../a.raw', 'sub/top.qcow2'],
  ['rebase', '-T', 'nothing', '-b', '../a.raw', 'sub/top.qcow2'],
  ['resize'],
  ['resize', 'a.raw'],
  ['resize', '-f', 'raw', 'a.raw', 'x'],
  ['resize', '-f', 'raw', 'a.raw', '+x'],
  ['resize', '-f', 'raw', 'a.raw', '1M'],
  ['resize', '-f', 'raw', 'a.raw', '-3M'],
  ['resize', '-f', 'raw', '--preallocation=some', 'a.raw', '4M'],
  ['resize', '-f', 'raw', '--preallocation=full', 'a.raw', '2M'],
  ['snapshot', '-a', '1', '-c', '2', 'a.qcow2'],
  ['snapshot', '-c', 'x', 'a.raw'],
  ['snapshot', '-d', 'x', 'a.raw'],
  ['snapshot', '-a', 'x', 'a.qcow2'],
  ['snapshot', '-d', '1', 'small.qcow2'],
]

for (const argv of complaints) {
  test(`vmon img ${argv.join(' ')} is answered as qemu-img answers it`, { skip }, () => same(...argv))
}

test('requests of a bench go round an image, and flushes between them', { skip }, async () => {
  const timeless = ({ out, ...rest }: Said): Said => ({ ...rest, out: out.replace(/in [\d.]+ s/, 'in 0.000 s') })
  const calls = [
    ['-c', '10', '-f', 'raw', 'a.raw'],
    ['-c', '0x10', '-d', '3', '-s', '3k', '-S', '64k', '-o', '1M', 'a.qcow2'],
    ['-c', '50', '-d', '4', '-i', 'threads', '-t', 'none', '-q', 'sub/top.qcow2'],
  ]
  for (const argv of calls) assert.deepEqual(timeless(await ours('bench', ...argv)), timeless(theirs('bench', ...argv)))
  const writes = [
    ['-c', '100', '-d', '8'],
    ['-c', '40', '-d', '4', '--flush-interval=10', '-s', '64k'],
    ['-c', '40', '-d', '4', '--flush-interval=8', '--no-drain', '-t', 'writethrough'],
  ]
  for (const argv of writes) {
    for (const run of [ours, theirs]) cpSync('a.qcow2', `${run.name}.qcow2`)
    const call = ['bench', '-w', '--pattern=7', '-o', '1M', ...argv]
    assert.deepEqual(timeless(await ours(...call, 'ours.qcow2')), timeless(theirs(...call, 'theirs.qcow2')))
    assert.equal(theirs('compare', 'ours.qcow2', 'theirs.qcow2').out, 'Images are identical.\n')
    assert.equal(theirs('check', 'ours.qcow2').status, 0)
  }
})

test('sizes are told of images that are not made yet', { skip }, async () => {
  const options = [
    '',
    'cluster_size=4k',
    'cluster_size=2M,compat=0.10',
    'extended_l2=on,refcount_bits=1',
    'preallocation=full,cluster_size=512',
    'preallocation=metadata,lazy_refcounts=on',
    'backing_file=a.raw,backing_fmt=raw',
  ]
  for (const list of options) {
    const words = list === '' ? [] : ['-o', list]
    for (const size of ['0', '1234567', '10G', '100G']) await same('measure', '-O', 'qcow2', ...words, '--size', size)
    for (const image of [...images, ...foreign]) await same('measure', '-O', 'qcow2', ...words, '--output=json', image)
  }
  for (const words of [['--size', '1000'], ['odd.raw'], ['-O', 'qcow2', '-l', 'first', 'small.qcow2']]) {
    await same('measure', ...words)
  }
})

test('what an image was is converted from its snapshot', { skip }, async () => {
  for (const name of ['first', '2', 'snapshot.id=1', 'snapshot.name=second one', 'snapshot.id=1,snapshot.name=first']) {
    await ours('convert', '-l', name, '-O', 'qcow2', 'small.qcow2', 'then')
    theirs('convert', '-l', name, '-O', 'qcow2', 'small.qcow2', 'expected')
    assert.equal(theirs('compare', 'then', 'expected').out, 'Images are identical.\n', name)
  }
  assert.equal(theirs('compare', 'then', 'small.qcow2').status, 1)
})

test('images are created as qemu-img creates them, and it says the same of them', { skip }, async () => {
  const calls = [
    ['-f', 'raw', 'new', '1000'],
    ['-f', 'qcow2', 'new', '1M'],
    ['-q', '-f', 'qcow2', 'new', '1M'],
    ['-f', 'qcow2', '-o', 'cluster_size=4k,compat=0.10', 'new', '10G'],
    ['-f', 'qcow2', '-o', 'extended_l2=on,compression_type=zstd', '-o', 'lazy_refcounts=on', 'new', '1.5M'],
    ['-f', 'qcow2', '-o', 'refcount_bits=1,preallocation=metadata', 'new', '3M'],
    ['-f', 'qcow2', '-b', 'a.qcow2', '-F', 'qcow2', 'new'],
    ['-f', 'qcow2', '-o', 'backing_file=a.raw,backing_fmt=raw', 'new', '2M'],
    ['-f', 'qcow2', '-u', '-b', 'missing', '-F', 'raw', 'new', '2M'],
  ]
  for (const argv of calls) {
    rmSync('new', { force: true })
    const expected = theirs('create', ...argv)
    const described = theirs('info', '--output=json', 'new')
    rmSync('new')
    assert.deepEqual(await ours('create', ...argv), expected)
    assert.equal(statSync('new').isFile(), true)
    const strip = (text: string): string => text.replace(/"actual-size": \d+/, '')
    assert.equal(strip(theirs('info', '--output=json', 'new').out), strip(described.out), argv.join(' '))
    if (argv.includes('qcow2') && !argv.includes('-u')) assert.equal(theirs('check', 'new').status, 0)
  }
})

for (const image of ['a.raw', 'a.qcow2', 'packed.qcow2', 'zstd.qcow2', 'sub/top.qcow2', 'odd.raw', ...foreign]) {
  test(`${image} is converted to raw and to qcow2, and qemu-img finds the same in it`, { skip }, async () => {
    for (const options of [
      [],
      ['-S', '0'],
      ['-m', '1', '-W'],
      ['-t', 'writeback', '-S', '64k'],
      ['-c'],
      ['-c', '-W'],
    ]) {
      for (const format of options.includes('-c') ? ['qcow2'] : ['raw', 'qcow2']) {
        rmSync('copy', { force: true })
        const source = image.endsWith('.raw') ? ['-f', 'raw'] : []
        assert.deepEqual(await ours('convert', ...source, ...options, '-O', format, image, 'copy'), {
          status: 0,
          out: '',
          error: '',
        })
        const { status, out } = theirs('compare', ...source, '-F', format, image, 'copy')
        assert.equal(out, 'Images are identical.\n')
        assert.equal(status, 0)
        if (format === 'qcow2') assert.equal(theirs('check', 'copy').status, 0)
      }
    }
  })
}

test('a copy is as sparse as that of qemu-img', { skip }, async () => {
  for (const format of ['raw', 'qcow2']) {
    // The first block of a raw file is always there when QEMU has made it.
    const start = format === 'raw' ? '4096' : '0'
    await ours('convert', '-O', format, 'sub/top.qcow2', 'ours')
    theirs('convert', '-O', format, 'sub/top.qcow2', 'theirs')
    const data = (path: string): number =>
      (
        JSON.parse(theirs('map', '-s', start, '--output=json', '-f', format, path).out) as {
          data: boolean
          length: number
        }[]
      )
        .filter((entry) => entry.data)
        .reduce((sum, { length }) => sum + length, 0)
    assert.equal(data('ours'), data('theirs'))
  }
})

test('several images become one, and an image over a backing file keeps what it alone holds', { skip }, async () => {
  assert.equal((await ours('convert', '-f', 'raw', 'a.raw', 'odd.raw', 'joined')).status, 0)
  const joined = Buffer.concat([readFileSync('a.raw'), readFileSync('odd.raw'), Buffer.alloc(512 - 26)])
  assert.deepEqual(readFileSync('joined'), joined)
  const { status } = await ours(
    ...['convert', '-O', 'qcow2', '-B', 'a.qcow2', '-F', 'qcow2', 'sub/top.qcow2', 'thin.qcow2'],
  )
  assert.equal(status, 0)
  assert.equal(theirs('compare', 'thin.qcow2', 'sub/top.qcow2').status, 0)
  assert.match(theirs('map', '--output=json', 'thin.qcow2').out, /"depth": 1/)
})

test('an image that is there is written over where it is not to be made anew', { skip }, async () => {
  writeFileSync('target', new Uint8Array(4 * 2 ** 20).fill(7))
  assert.equal((await ours('convert', '-n', '-O', 'raw', 'sub/top.qcow2', 'target')).status, 0)
  assert.equal(theirs('compare', '-F', 'raw', 'sub/top.qcow2', 'target').status, 0)
  truncateSync('target', 2 ** 20)
  assert.deepEqual(await ours('convert', '-n', '-O', 'raw', 'sub/top.qcow2', 'target'), {
    status: 1,
    out: '',
    error: 'vmon img: output file is smaller than input file\n',
  })
})

test('progress is shown from nothing to everything, each written over the one before', { skip }, async () => {
  const { out } = await ours('convert', '-p', '-O', 'qcow2', 'a.raw', 'copy')
  assert.match(out, /^ {4}\(0\.00\/100%\)\r(?: {4}\(\d+\.\d\d\/100%\)\r)* {4}\(100\.00\/100%\)\r\n$/)
})

test('snapshots are made, applied and deleted, and sizes changed, with qemu-img as witness', { skip }, async () => {
  cpSync('a.qcow2', 'work.qcow2')
  assert.equal((await ours('snapshot', '-c', 'before', 'work.qcow2')).status, 0)
  execFileSync('qemu-io', ['-c', 'write -P 9 0 1M', 'work.qcow2'])
  assert.equal(theirs('compare', 'work.qcow2', 'a.qcow2').status, 1)
  await same('snapshot', '-l', 'work.qcow2')
  assert.equal((await ours('snapshot', '-a', 'before', 'work.qcow2')).status, 0)
  assert.equal(theirs('compare', 'work.qcow2', 'a.qcow2').status, 0)
  assert.equal((await ours('snapshot', '-d', 'before', 'work.qcow2')).status, 0)
  assert.equal(theirs('snapshot', '-l', 'work.qcow2').out, '')
  assert.deepEqual(await ours('resize', 'work.qcow2', '+1M'), { status: 0, out: 'Image resized.\n', error: '' })
  assert.match(theirs('info', 'work.qcow2').out, /4194304 bytes/)
  assert.equal((await ours('resize', '--shrink', '-q', 'work.qcow2', '2M')).status, 0)
  assert.match(theirs('info', 'work.qcow2').out, /2097152 bytes/)
  await same('check', 'work.qcow2')
})

test('leaks are told and mended as qemu-img does it', { skip }, async () => {
  const image = readFileSync('leaky.qcow2')
  // The third cluster holds the first block of reference counts, two bytes each; the last one there is counts more.
  image.writeUInt16BE(1, 2 * 65536 + 2 * 7)
  writeFileSync('leaky.qcow2', image)
  await same('check', 'leaky.qcow2')
  cpSync('leaky.qcow2', 'leaky2.qcow2')
  assert.deepEqual(await ours('check', '-r', 'leaks', 'leaky.qcow2'), theirs('check', '-r', 'leaks', 'leaky2.qcow2'))
  await same('check', 'leaky.qcow2')
})

test('parts of images are copied as dd does it', { skip }, async () => {
  const calls = [
    [],
    ['bs=1M', 'count=1'],
    ['bs=1M', 'count=10', 'skip=1'],
    ['bs=1M', 'skip=9'],
    ['bs=1k', 'count=3', 'skip=1'],
    ['bs=100', 'count=30', 'skip=7'],
  ]
  for (const operands of calls) {
    for (const format of ['raw', 'qcow2']) {
      const argv = ['-O', format, 'if=sub/top.qcow2', ...operands]
      const said = await ours('dd', ...argv, 'of=part')
      assert.deepEqual(said, theirs('dd', ...argv, 'of=expected'), argv.join(' '))
      const formats = ['-f', format, '-F', format]
      assert.equal(theirs('compare', ...formats, 'part', 'expected').out, 'Images are identical.\n', argv.join(' '))
    }
  }
})
