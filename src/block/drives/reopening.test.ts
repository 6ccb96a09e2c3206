import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import {
  type BlockNode,
  createImage,
  DriveSet,
  driveFromOptions,
  GraphControl,
  JobControl,
  JobSet,
  NodeGraph,
} from '../index.ts'
import type { OptionValues } from '../open/option-bag.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-reopen-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0
const sector = 512

/** An image that is full of a number. */
async function image(value: number, backing?: string): Promise<string> {
  const filename = join(folder, `image${count++}`)
  const graph = new NodeGraph()
  const named = backing === undefined ? {} : { backing: { filename: backing, format: 'qcow2' } }
  await createImage(graph, { filename, format: 'qcow2', size: 2 ** 20, ...named })
  if (value === 0) return filename
  const node = await graph.open({ filename, options: { driver: 'qcow2' } })
  const user = await node.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  await node.write(0, new Uint8Array(2 ** 20).fill(value))
  await user.detach()
  return filename
}

interface Scene extends AsyncDisposable {
  readonly drives: DriveSet
  readonly control: GraphControl
  readonly overlay: string
  node(name: string): BlockNode
}

/** The drive `d` has an overlay `q` (file `f`) over `one`, full of 1; `two` is full of 2. */
async function scene(): Promise<Scene> {
  const drives = new DriveSet()
  const control = new GraphControl(drives)
  const [one, two] = [await image(1), await image(2)]
  const overlay = await image(0, one)
  const qcow2 = (name: string, filename: string): OptionValues => ({
    driver: 'qcow2',
    'node-name': name,
    'file.driver': 'file',
    'file.filename': filename,
  })
  await control.add(qcow2('one', one))
  await control.add(qcow2('two', two))
  await control.add({ driver: 'file', 'node-name': 'f', filename: overlay })
  const options = { driver: 'qcow2', 'node-name': 'q', file: 'f', backing: 'one' }
  await drives.add({ ...driveFromOptions({ if: 'none', id: 'd' }), nodeOptions: options })
  return {
    drives,
    control,
    overlay,
    node: (name) => drives.graph.find(name)!,
    async [Symbol.asyncDispose]() {
      await control.close()
      await drives.close()
    },
  }
}

const overlayOn = (backing: string | null, more: OptionValues = {}): OptionValues => ({
  driver: 'qcow2',
  'node-name': 'q',
  file: 'f',
  backing,
  ...more,
})

async function writable(s: Scene): Promise<void> {
  await s.drives.addDevice({
    backend: 'd',
    model: 'ide-hd',
    path: 'disk',
    position: { bus: 0, unit: undefined },
  } as never)
}

const first = async (node: BlockNode): Promise<number> => (await node.read(0, sector))[0]!

test('another backing image shows where the overlay holds nothing, and none shows zeroes', async () => {
  await using s = await scene()
  const q = s.node('q')
  assert.equal(await first(q), 1)
  await s.control.reopen([overlayOn('two')])
  assert.equal(await first(q), 2)
  await s.control.reopen([overlayOn(null)])
  assert.equal(await first(q), 0)
  await s.control.remove('one')
  await assert.rejects(s.control.reopen([overlayOn('one')]), { message: "Cannot find device='' nor node-name='one'" })
})

test('what is read only has everything that was written, and is not written until it is opened for that again', {
  skip: missingProgram('qemu-img'),
}, async () => {
  await using s = await scene()
  const q = s.node('q')
  const user = await q.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  await q.write(0, new Uint8Array(sector).fill(7))
  await assert.rejects(s.control.reopen([overlayOn('one', { 'read-only': true })]), {
    message: "Read-only block node 'q' cannot support read-write users",
  })
  await user.update({ uses: ['read'], shares: [] })
  await s.control.reopen([overlayOn('one', { 'read-only': true })])
  execFileSync('qemu-img', ['check', '-U', '-q', s.overlay])
  await assert.rejects(q.write(0, new Uint8Array(sector)), { kind: 'read-only' })
  assert.equal(s.node('f').access.uses.includes('write'), false)
  await s.control.reopen([overlayOn('one')])
  await user.update({ uses: ['read', 'write'], shares: [] })
  await q.write(sector, new Uint8Array(sector).fill(8))
  assert.deepEqual([await first(q), (await q.read(sector, 1))[0]], [7, 8])
})

test('a filter slips in below an image that is written, and out again', async () => {
  await using s = await scene()
  const q = s.node('q')
  const user = await q.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  await q.write(0, new Uint8Array(sector).fill(5))
  await s.control.add({ driver: 'blkdebug', 'node-name': 'filter', image: 'f', 'inject-error.0.event': 'write_aio' })
  await s.control.reopen([overlayOn('one', { file: 'filter' })])
  assert.equal(await first(q), 5)
  await assert.rejects(q.write(0, new Uint8Array(sector).fill(6)), { message: 'Input/output error' })
  await s.control.reopen([overlayOn('one')])
  await s.control.remove('filter')
  await q.write(0, new Uint8Array(sector).fill(6))
  assert.equal(await first(q), 6)
  await user.detach()
})

test('all or none: what was changed before a step fails is changed back, even where a node had closed with it', async () => {
  await using s = await scene()
  await s.control.add({ driver: 'qcow2', 'node-name': 'r', 'file.filename': await image(0, await image(3)) })
  const r = s.node('r')
  const user = await r.attach({ description: 'a test', access: { uses: ['write'], shares: ['read'] } })
  const implicit = r.child('backing')
  await assert.rejects(
    s.control.reopen([
      overlayOn('two', { 'detect-zeroes': 'on' }),
      { driver: 'qcow2', 'node-name': 'r', file: r.child('file')!.name, backing: 'two', 'read-only': true },
    ]),
    { message: "Read-only block node 'r' cannot support read-write users" },
  )
  assert.equal(r.child('backing'), implicit)
  assert.equal(await first(r), 3)
  assert.deepEqual([s.node('q').child('backing')?.name, s.node('q').detectZeroes], ['one', 'off'])
  assert.equal(await first(s.node('q')), 1)
  await user.detach()
})

test('reference counts lag behind from one opening to the next, and are whole again when the image is closed', async () => {
  const dirty = (path: string): boolean => (readFileSync(path)[79]! & 1) === 1
  let overlay: string
  {
    await using s = await scene()
    overlay = s.overlay
    const q = s.node('q')
    const user = await q.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
    await s.control.reopen([overlayOn('one', { 'lazy-refcounts': 'on', 'overlap-check.template': 'all' })])
    await q.write(0, new Uint8Array(sector).fill(5))
    await q.flush()
    assert.equal(dirty(overlay), true)
    await s.control.reopen([overlayOn('one', { 'lazy-refcounts': 'off' })])
    await q.write(2 ** 19, new Uint8Array(sector).fill(6))
    await user.detach()
  }
  assert.equal(dirty(overlay), false)
  await using drives = new DriveSet()
  const node = await drives.graph.open({ filename: overlay, options: { driver: 'qcow2' }, readOnly: true })
  const { corruptions, leaks } = await node.driver.check!()
  assert.deepEqual([corruptions, leaks], [0, 0])
})

test('the guest does not notice: what it asks for meanwhile waits', async () => {
  await using s = await scene()
  await writable(s)
  const { medium } = s.drives.find('d')!
  const reads = Array.from({ length: 20 }, () => medium!.read(0, sector))
  const turn = s.control.reopen([overlayOn('two')])
  const late = medium!.read(0, sector)
  await turn
  for (const read of reads) assert.equal((await read)[0], 1)
  assert.equal((await late)[0], 2)
})

test('what a job relies on stays below until the job has ended', async () => {
  const drives = new DriveSet()
  const jobs = new JobSet({ exclusively: (work) => drives.exclusively(work) })
  await using control = new GraphControl(drives, { jobs })
  const bottom = await image(1)
  const middle = await image(0, bottom)
  const top = await image(0, middle)
  const chain: OptionValues = {
    ...{ driver: 'qcow2', 'node-name': 'top', 'file.driver': 'file', 'file.filename': top },
    ...{ 'backing.driver': 'qcow2', 'backing.node-name': 'middle', 'backing.file.driver': 'file' },
    ...{ 'backing.file.filename': middle, 'backing.backing.driver': 'qcow2', 'backing.backing.node-name': 'bottom' },
    ...{ 'backing.backing.file.driver': 'file', 'backing.backing.file.filename': bottom },
  }
  await control.add(chain)
  await new JobControl(drives, jobs).commit({ device: 'top', id: 'job' })
  const without = (prefix: string): OptionValues => ({
    ...Object.fromEntries(Object.entries(chain).filter(([key]) => !key.startsWith(`${prefix}.`))),
    [prefix]: null,
  })
  await assert.rejects(control.reopen([without('backing.backing')]), {
    message: "Cannot change frozen 'backing' link from 'middle' to 'bottom'",
  })
  await assert.rejects(control.reopen([without('backing')]), {
    message: "Cannot change frozen 'backing' link from 'top' to 'middle'",
  })
  await jobs.close()
  await control.reopen([without('backing')])
  // What was meant for the node that was there is not forgotten, but there is nothing that it could be said to.
  await assert.rejects(control.reopen([chain]), { message: /^Cannot change the option 'backing/ })
  await control.close()
  await drives.close()
})

test('requests of any size arrive the same, around the page cache and through it', async () => {
  await using s = await scene()
  const q = s.node('q')
  const f = s.node('f')
  const user = await q.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  let value = 10
  for (const direct of [true, false, true]) {
    const cache = { 'cache.direct': direct }
    await s.control.reopen([
      overlayOn('one', cache),
      { driver: 'file', 'node-name': 'f', filename: s.overlay, ...cache },
    ])
    assert.equal(f.cache.direct, direct)
    await q.write(42, new Uint8Array(42).fill(++value))
    assert.deepEqual([(await q.read(41, 1))[0], (await q.read(42, 1))[0], (await q.read(84, 1))[0]], [1, value, 1])
    await q.flush()
  }
  await user.detach()
})

test('what is not said of a node that is amended stays, also after another has taken its place below', async () => {
  await using s = await scene()
  const q = s.node('q')
  await s.control.reopen([overlayOn('one', { 'detect-zeroes': 'on', 'lazy-refcounts': true })])
  await s.control.amendOptions(q, { 'cache.no-flush': true })
  assert.deepEqual([q.detectZeroes, q.cache.noFlush, s.node('f').cache.noFlush], ['on', true, false])
  await s.control.reopen([overlayOn('two', { 'lazy-refcounts': true })])
  await s.control.amendOptions(q, { 'detect-zeroes': 'on' })
  assert.deepEqual([q.detectZeroes, q.cache.noFlush, await first(q)], ['on', false, 2])
  await assert.rejects(s.control.amendOptions(q, { unheard: 'of' }), { message: "Cannot change the option 'unheard'" })
  assert.equal(q.detectZeroes, 'on')
})

/** Two images of which a few sectors are 1 or 2, at other places in their files, which have names of their own. */
async function two(): Promise<
  Pick<Scene, 'control' | 'drives' | 'node'> & AsyncDisposable & { readonly files: readonly string[] }
> {
  const files = [await image(0), await image(0)]
  const drives = new DriveSet()
  const control = new GraphControl(drives)
  for (const [index, name] of ['x', 'y'].entries()) {
    await control.add({ driver: 'file', 'node-name': `${name}-file`, filename: files[index]! })
    await control.add({ driver: 'qcow2', 'node-name': name, file: `${name}-file` })
    const node = drives.graph.find(name)!
    const user = await node.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
    for (const offset of index === 0 ? [0, 2 ** 19] : [2 ** 18, 2 ** 19, 0])
      await node.write(offset, new Uint8Array(sector).fill(index + 1))
    await user.detach()
  }
  return {
    drives,
    control,
    files,
    node: (name) => drives.graph.find(name)!,
    async [Symbol.asyncDispose]() {
      await control.close()
      await drives.close()
    },
  }
}

const imageOn = (name: string, file: string, more: OptionValues = {}): OptionValues => ({
  driver: 'qcow2',
  'node-name': name,
  file,
  ...more,
})

test('files of two images change places at once, and alone they do not', {
  skip: missingProgram('qemu-img'),
}, async () => {
  await using s = await two()
  const read = async () => {
    const nodes = [s.node('x'), s.node('y')]
    const other = await Promise.all(nodes.map(async (node) => (await node.read(2 ** 19, sector))[0]))
    const found = await Promise.all(nodes.map(first))
    assert.deepEqual(
      other,
      found.map((value) => (value === 9 ? 2 : value)),
    )
    return found
  }
  await assert.rejects(s.control.reopen([imageOn('x', 'y-file')]), {
    message:
      "Permission conflict on node 'y-file': permissions 'write, resize' are both required by node 'y' " +
      "(uses node 'y-file' as 'file' child) and unshared by node 'x' (uses node 'y-file' as 'file' child).",
  })
  assert.deepEqual(await read(), [1, 2])
  await s.control.reopen([imageOn('x', 'y-file'), imageOn('y', 'x-file')])
  assert.deepEqual(await read(), [2, 1])
  assert.deepEqual([s.node('x').child('file')?.name, s.node('y').child('file')?.name], ['y-file', 'x-file'])
  const user = await s.node('x').attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  await s.node('x').write(0, new Uint8Array(sector).fill(9))
  await user.detach()
  await s.control.reopen([imageOn('x', 'x-file'), imageOn('y', 'y-file')])
  assert.deepEqual(await read(), [1, 9])
  for (const name of ['x', 'y']) await s.control.remove(name)
  for (const filename of s.files) execFileSync('qemu-img', ['check', '-q', filename])
})

test('what goes wrong with one of several nodes that change places leaves all where they were', async () => {
  await using s = await two()
  await s.control.add({ driver: 'null-co', 'node-name': 'n', size: 2 ** 20 })
  const cycle = [imageOn('x', 'y-file', { backing: 'y' }), imageOn('y', 'x-file', { backing: 'x' })]
  await assert.rejects(s.control.reopen(cycle), { message: "Making 'x' a backing child of 'y' would create a cycle" })
  await assert.rejects(s.control.reopen([imageOn('x', 'y-file', { backing: 'n' }), imageOn('y', 'y-file')]), {
    message: /^Permission conflict on node 'y-file': .* required by node 'y' .* unshared by node 'x' /,
  })
  assert.deepEqual([await first(s.node('x')), await first(s.node('y'))], [1, 2])
  assert.deepEqual(
    [...s.node('x').children.values()].map(({ name }) => name),
    ['x-file'],
  )
  await s.control.remove('n')
})

test('of several images that are written over one, that is named which has come last', async () => {
  await using s = await two()
  await s.control.add({ driver: 'null-co', 'node-name': 'n', size: 2 ** 20 })
  await s.control.reopen([imageOn('y', 'y-file', { backing: 'n' })])
  await s.control.reopen([imageOn('x', 'x-file', { backing: 'n' })])
  await assert.rejects(s.control.remove('n'), { message: "Node 'n' is busy: node is used as backing hd of 'x'" })
})
