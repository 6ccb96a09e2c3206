/** Generated command lines: what is said of them, and what they leave behind, must be what it is with qemu-img. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { enterFolder, ours, type Said, theirs } from './side-by-side.ts'

/** More by the environment: `VMON_IMG_LINES=2000 VMON_SEED=random`. */
const runs = Number(process.env['VMON_IMG_LINES'] ?? 60)
const skip = missingProgram('qemu-img', 'qemu-io')
after(enterFolder())

const formats = new Map([
  ['data.raw', 'raw'],
  ['odd.raw', 'raw'],
  ['empty.raw', 'raw'],
  ['junk', 'qcow2'],
  ['a.qcow2', 'qcow2'],
  ['old.qcow2', 'qcow2'],
  ['small.qcow2', 'qcow2'],
  ['packed.qcow2', 'qcow2'],
  ['snapshots.qcow2', 'qcow2'],
  ['outside.qcow2', 'qcow2'],
  ['over.qcow2', 'qcow2'],
  ['longer.qcow2', 'qcow2'],
  ['shorter.qcow2', 'qcow2'],
])

function makeImages(): void {
  mkdirSync('images')
  const img = (...argv: string[]): void => void execFileSync('qemu-img', argv, { cwd: 'images', stdio: 'ignore' })
  const create = (path: string, ...words: string[]): void =>
    img('create', '-q', '-f', formats.get(path)!, ...words.slice(1), path, ...words.slice(0, 1).filter(Boolean))
  const write = (path: string, ...commands: string[]): void =>
    void execFileSync('qemu-io', ['-f', formats.get(path)!, ...commands.flatMap((each) => ['-c', each]), path], {
      cwd: 'images',
      stdio: 'ignore',
    })
  create('data.raw', '1M')
  write('data.raw', 'write -P 1 64k 100k', 'write -P 2 700k 4k')
  writeFileSync('images/odd.raw', Buffer.alloc(77_700, 'odd'))
  writeFileSync('images/empty.raw', '')
  writeFileSync('images/junk', Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(600)]))
  create('a.qcow2', '2M')
  write('a.qcow2', 'write -P 3 0 200k', 'write -z 1M 64k')
  create('old.qcow2', '1M', '-o', 'compat=0.10')
  write('old.qcow2', 'write -P 4 500k 20k')
  create('small.qcow2', '1536k', '-o', 'cluster_size=4k,refcount_bits=1')
  write('small.qcow2', 'write -P 5 4k 300k')
  img('convert', '-c', '-O', 'qcow2', 'data.raw', 'packed.qcow2')
  create('snapshots.qcow2', '1M')
  write('snapshots.qcow2', 'write -P 3 0 100k')
  img('snapshot', '-c', 'one', 'snapshots.qcow2')
  write('snapshots.qcow2', 'write -P 4 0 10k')
  img('snapshot', '-c', 'two', 'snapshots.qcow2')
  create('outside.qcow2', '1M', '-o', 'data_file=data,data_file_raw=on')
  write('outside.qcow2', 'write -P 3 0 100k')
  create('over.qcow2', '', '-b', 'a.qcow2', '-F', 'qcow2')
  write('over.qcow2', 'write -P 6 100k 64k')
  create('longer.qcow2', '3M', '-b', 'over.qcow2', '-F', 'qcow2')
  write('longer.qcow2', 'write -P 8 2500k 64k')
  create('shorter.qcow2', '512k', '-b', 'data.raw', '-F', 'raw')
  write('shorter.qcow2', 'write -P 9 0 4k')
}

type Words = fc.Arbitrary<readonly string[]>
const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const words = (...parts: readonly (Words | string)[]): Words =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant([part]) : part))).map((lists) => lists.flat())
/** Once in so many lines. */
const rarely = (times: number, part: Words): Words =>
  fc.nat(times - 1).chain((luck) => (luck === 0 ? part : fc.constant([])))
const mostly = (part: Words): Words => fc.nat(9).chain((luck) => (luck === 0 ? fc.constant([]) : part))
const flag = (times: number, ...names: readonly string[]): Words =>
  rarely(
    times,
    pick(...names).map((name) => [name]),
  )
const value = (name: string, ...values: readonly string[]): Words => pick(...values).map((text) => [name, text])
const one = (...values: readonly string[]): Words => pick(...values).map((text) => [text])

const there = [...formats.keys()]
const strange = [
  'nosuch',
  'nowhere/x',
  'a.qcow2/x',
  'file:a.qcow2',
  '',
  'raw:data.raw',
  'nosuch:x',
  'json:{',
  'driver=raw',
]
const image = fc.nat(14).chain((luck) => pick(...(luck === 0 ? strange : there)))
/** An image, and mostly its format. */
const source = (name = '-f'): Words =>
  fc.tuple(image, fc.nat(19)).map(([path, luck]) => {
    if (luck < 4) return [path]
    return [name, luck === 4 ? 'qcow2' : luck === 5 ? 'raw' : (formats.get(path) ?? 'raw'), path]
  })
const size = one(
  '1M',
  '0',
  '512',
  '1',
  '1000k',
  '1.5M',
  '100',
  '+1M',
  '-1M',
  '+512',
  '-100',
  '-1',
  'x',
  '1Q',
  '0x1000',
  '63k',
)
const setting = pick(
  ...['cluster_size=4k', 'cluster_size=2M', 'cluster_size=3k', 'compat=0.10', 'compat=1.1', 'compat=0.42'],
  ...['lazy_refcounts=on', 'lazy_refcounts=x', 'refcount_bits=1', 'refcount_bits=64', 'refcount_bits=3'],
  ...[
    'preallocation=metadata',
    'preallocation=off',
    'preallocation=x',
    'extended_l2=on',
    'size=1M',
    'nosuch=1',
    'help',
  ],
  ...[
    'backing_file=a.qcow2',
    'backing_fmt=qcow2',
    'backing_fmt=x',
    'data_file=new.data',
    'data_file_raw=on',
    'nocow=on',
  ],
)
const settings = fc.array(setting, { minLength: 1, maxLength: 3 }).map((each) => ['-o', each.join(',')])
const output = rarely(3, one('--output=json', '--output=human', '--output=x'))
const backing = (name: string): Words => value(name, ...there, 'nosuch', '')
const newFormat = mostly(value('-O', 'raw', 'qcow2', 'qcow2', 'nosuch'))
const target = one('new', 'new', 'new', 'over.qcow2', 'data.raw')

const line = fc.oneof(
  words('info', output, flag(4, '--backing-chain', '-U'), source()),
  words('check', output, rarely(3, value('-r', 'leaks', 'all', 'x')), flag(5, '-q'), source()),
  words('map', output, rarely(5, words('-s', size)), rarely(5, words('-l', size)), source()),
  words('compare', flag(3, '-s', '-q', '-p'), source(), source('-F')),
  words(
    ...['convert', flag(5, '-c', '-n', '-q', '-p', '-U', '-W', '-C'), newFormat, rarely(6, settings)],
    ...[rarely(6, backing('-B')), rarely(9, value('-S', '0', '4k', '1', 'x'))],
    ...[rarely(8, value('-l', 'one', 'snapshot.name=two', 'nosuch')), source(), rarely(9, source()), target],
  ),
  words(
    ...[
      'create',
      mostly(value('-f', 'raw', 'qcow2', 'qcow2', 'nosuch')),
      rarely(2, settings),
      rarely(3, backing('-b')),
    ],
    ...[rarely(3, value('-F', 'raw', 'qcow2', 'x')), flag(8, '-q', '-u'), target, mostly(size)],
  ),
  words('resize', flag(3, '--shrink', '--preallocation=metadata', '--preallocation=x', '-q'), source(), mostly(size)),
  words('rebase', flag(3, '-u', '-p'), mostly(backing('-b')), mostly(value('-F', 'raw', 'qcow2', 'x')), source()),
  words('commit', flag(3, '-d', '-q', '-p'), rarely(4, backing('-b')), source()),
  words('measure', newFormat, rarely(3, settings), output, fc.oneof(source(), words('--size', size))),
  words(
    'snapshot',
    mostly(fc.oneof(one('-l'), ...['-c', '-a', '-d'].map((name) => value(name, 'one', 'new')))),
    source(),
  ),
  words(
    ...['dd', newFormat, rarely(2, one('bs=512', 'bs=64k', 'bs=0', 'bs=x')), rarely(3, one('count=1', 'count=x'))],
    ...[
      rarely(4, one('skip=1', 'skip=9')),
      image.map((path) => [`if=${path}`]),
      target.map(([path]) => [`of=${path}`]),
    ],
  ),
)

/** What differs from one run to the next: times, and how much of the disk is taken. Progress goes at its own pace. */
function steady({ status, out, error }: Said): Said {
  const text = out
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'DATE')
    .replace(/"(date-sec|date-nsec|actual-size)": \d+/g, '"$1": 0')
    .replace(/disk size: .*/g, 'disk size: 0')
    .replace(/( {4}\([\d.]+\/100%\)\r?)+/g, 'PROGRESS')
  // qemu-img opens a raw image twice to learn that it has no snapshots, and warns twice.
  return { status, out: text, error: error.replace(/^(WARNING: [\s\S]*?restrictions\.\n)\1/, '$1') }
}

interface Left {
  readonly bytes: Buffer
  readonly folder: string
}

/** What a program has left in its folder, by name. */
function leftIn(folder: string): Map<string, Left> {
  const files = readdirSync(folder).filter((name) => statSync(`${folder}/${name}`).isFile())
  return new Map(files.sort().map((name) => [name, { bytes: readFileSync(`${folder}/${name}`), folder }]))
}

interface Description {
  readonly info: Said
  readonly sound: number
  contents: string | undefined
}

/** What a guest sees in an image, and what qemu-img says of the image. */
function describe(name: string, { folder }: Left): Description {
  const home = process.cwd()
  process.chdir(folder)
  const info = steady(theirs('info', '-U', '--output=json', name))
  const { format, 'backing-filename': behind } = info.status === 0 ? JSON.parse(info.out) : {}
  // An image behind itself shows where the two programs put what is in its header.
  if (behind !== name) theirs('convert', '-U', '-O', 'raw', name, '../contents')
  const sound = format === 'qcow2' ? theirs('check', '-q', '-U', name).status : 0
  process.chdir(home)
  const contents = existsSync('contents') ? readFileSync('contents').toString('latin1') : undefined
  rmSync('contents', { force: true })
  return { info, sound, contents }
}

test('generated command lines say and do what they do with qemu-img', { skip, timeout: 1_200_000 }, async () => {
  makeImages()
  const home = process.cwd()
  let succeeded = 0
  await fc.assert(
    fc.asyncProperty(line, async (argv) => {
      const said: Said[] = []
      const left: Map<string, Left>[] = []
      for (const [folder, run] of [
        ['ours', ours],
        ['theirs', theirs],
      ] as const) {
        rmSync(folder, { recursive: true, force: true })
        cpSync('images', folder, { recursive: true })
        process.chdir(folder)
        said.push(steady(await run(...argv)))
        process.chdir(home)
        left.push(leftIn(folder))
      }
      assert.deepEqual(said[0], said[1])
      if (said[0]!.status === 0) succeeded++
      const before = leftIn('images')
      if (said[0]!.status === 0) assert.deepEqual([...left[0]!.keys()], [...left[1]!.keys()])
      for (const [name, mine] of left[0]!) {
        // Where qemu-img has removed a file before it refused, we have left it as it was.
        if (said[0]!.status !== 0 && before.get(name)?.bytes.equals(mine.bytes) === true) continue
        const other = left[1]!.get(name)
        assert.ok(other !== undefined, `${name} is left behind`)
        if (mine.bytes.equals(other.bytes)) continue
        const [shown, wanted] = [describe(name, mine), describe(name, other)]
        // A rebase keeps what the guest sees; qemu-img loses some of it where clusters cannot be zero.
        const kept =
          argv[0] === 'rebase' && !argv.includes('-u') && name === 'old.qcow2' && argv.indexOf(name) === argv.length - 1
        if (kept) {
          assert.equal(shown.contents, describe(name, before.get(name)!).contents)
          wanted.contents = shown.contents
        }
        assert.deepEqual(shown, wanted, name)
      }
    }),
    { numRuns: runs },
  )
  assert.ok(succeeded > runs / 10, `${succeeded} succeeded`)
})
