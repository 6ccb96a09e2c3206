import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { folder, options, write } from './forked-machines.ts'
import { startMachine } from './start-machine.ts'

/** Makes the folder where what nobody keeps goes during a test. @param name - how it is called */
async function keepPassing(t: TestContext, path: string, name: string): Promise<void> {
  const before = process.env['TMPDIR']
  await mkdir(path)
  process.env['TMPDIR'] = name
  t.after(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
}

describe('the images of a fork', () => {
  it('goes on from the same images, and no two write one', async (t) => {
    const directory = await folder(t)
    const [disk, other] = [join(directory, 'disk.img'), join(directory, 'other.img')]
    for (const path of [disk, other]) {
      await writeFile(path, 'what was there')
      await truncate(path, 1 << 20)
    }
    const said: string[] = []
    const print = (text: string): void => void said.push(text)
    await using first = await startMachine({ ...options, hda: disk, cdrom: other }, { print })
    await assert.rejects(first.fork(), { message: /no folder was given/ })
    const forks = await Promise.all([1, 2, 3].map(() => first.fork({ folder: directory })))
    const backed = new Set(forks.flatMap(({ images }) => images.map(({ backing }) => backing)))
    assert.deepEqual([...backed], [disk], 'one moment')
    const io = async (index: number, line: string): Promise<string> => {
      said.length = 0
      const { qmp } = [first, ...forks][index]!
      await qmp.execute('human-monitor-command', { 'command-line': `qemu-io ide0-hd0 "${line}"` })
      return said.join('')
    }
    for (const index of [0, 1, 2, 3]) await io(index, `write -P ${index + 1} 4k 4k`)
    for (const index of [0, 1, 2, 3]) {
      for (const line of [`read -P ${index + 1} 4k 4k`, 'read -P 119 0 1']) {
        const text = await io(index, line) // 119 is the 'w' that was there
        assert.match(text, /^read \d+\/\d+ bytes/)
      }
    }
    await Promise.all(forks.map((fork) => fork.close()))
    assert.ok(
      (await readFile(disk)).subarray(14).every((byte) => byte === 0),
      'nobody has written it since',
    )
  })

  it('has images that are named by their files alone, however many went before', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, new Uint8Array(1 << 20))
    await using first = await startMachine({ ...options, hda: relative(process.cwd(), disk) })
    const names = new Set<string>()
    for (let count = 0; count < 10; count++) {
      await using fork = await first.fork({ folder: join(directory, 'forks') })
      for (const { backing } of fork.images) names.add(backing)
    }
    for (const name of names) assert.ok(name === disk || name.startsWith(join(directory, 'forks')), name)
    assert.equal(names.size, 10)
  })

  it('of a drive whose changes nobody keeps has them as long as it is there, and leaves no files', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, Buffer.alloc(1 << 20, 7))
    const said: string[] = []
    const drive = { file: disk, format: 'raw', if: 'ide', index: '0', snapshot: 'on' }
    const first = await startMachine({ ...options, drives: [drive] }, { print: (text) => void said.push(text) })
    await write(first, 9)
    const folders = { folder: join(directory, 'forks') }
    const second = await first.fork(folders)
    await write(second, 11)
    const backing = second.images[0]!.backing
    await first.close()
    await using third = await second.fork(folders)
    await second.close()
    for (const line of ['read -P 11 4k 512', 'read -P 7 8k 512'])
      await third.qmp.execute('human-monitor-command', { 'command-line': `qemu-io ide0-hd0 "${line}"` })
    assert.equal(said.join('').match(/read 512\/512/g)?.length, 2)
    assert.doesNotMatch(said.join(''), /verification failed/)
    await third.close()
    assert.deepEqual(await readdir(directory), ['disk.img', 'forks'])
    assert.deepEqual(await readdir(folders.folder), [])
    const [, below] = /"filename":"([^"]*vl\.[^"]*)"/.exec(backing) ?? []
    await assert.rejects(readFile(below!), { code: 'ENOENT' })
    assert.ok((await readFile(disk)).every((byte) => byte === 7))
  })

  it('of a drive whose changes nobody keeps has them wherever the folder for those is', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, Buffer.alloc(1 << 20, 7))
    const passing = join(directory, 'passing')
    await keepPassing(t, passing, relative(process.cwd(), passing))
    const said: string[] = []
    const drive = { file: disk, format: 'raw', if: 'ide', index: '0', snapshot: 'on' }
    const first = await startMachine({ ...options, drives: [drive] }, { print: (text) => void said.push(text) })
    await write(first, 9)
    const second = await first.fork({ folder: directory })
    await first.close()
    await using third = await second.fork({ folder: directory })
    await second.close()
    await third.qmp.execute('human-monitor-command', { 'command-line': 'qemu-io ide0-hd0 "read -P 9 4k 512"' })
    assert.match(said.join(''), /read 512\/512/)
    assert.doesNotMatch(said.join(''), /verification failed/)
    assert.equal((await readdir(passing)).length, 1)
    await third.close()
    assert.deepEqual(await readdir(passing), [])
  })

  it('of a drive whose changes nobody keeps leaves no files if it fails', async (t) => {
    const directory = await folder(t)
    const [disk, other] = [join(directory, 'disk.img'), join(directory, 'other.img')]
    for (const path of [disk, other]) await writeFile(path, Buffer.alloc(1 << 20))
    const passing = join(directory, 'passing')
    await keepPassing(t, passing, passing)
    const failing = {
      ...{ driver: 'raw', 'file.driver': 'blkdebug', 'file.image.driver': 'file', 'file.image.filename': other },
      'file.inject-error.0.event': 'flush_to_disk',
    }
    const first = await startMachine({
      ...options,
      drives: [
        { file: disk, format: 'raw', if: 'ide', index: '0', snapshot: 'on' },
        { ...failing, if: 'ide', index: '1' },
      ],
    })
    const names = await readdir(passing)
    assert.equal(names.length, 1)
    await assert.rejects(first.fork({ folder: join(directory, 'forks') }))
    assert.deepEqual(await readdir(passing), names)
    await first.close()
    assert.deepEqual(await readdir(passing), [])
    assert.deepEqual(await readdir(directory), ['disk.img', 'other.img', 'passing'])
  })

  it('has the nodes that devices use by their names', async (t) => {
    const directory = await folder(t)
    const disk = join(directory, 'disk.img')
    await writeFile(disk, '')
    await truncate(disk, 1 << 20)
    await using first = await startMachine({
      ...options,
      blockdevs: [
        { driver: 'file', filename: disk, 'node-name': 'storage' },
        { driver: 'raw', file: 'storage', 'node-name': 'disk' },
      ],
      devices: ['virtio-blk-pci,drive=disk,id=v'],
    })
    await using second = await first.fork({ folder: directory })
    await using third = await first.fork({ folder: directory })
    for (const { qmp } of [second, third]) {
      const [found] = (await qmp.execute('query-block')).filter(({ qdev }) => qdev?.includes('/v/'))
      assert.equal(found?.inserted?.['node-name'], 'disk')
      assert.equal(found?.inserted?.drv, 'qcow2')
    }
    assert.equal(third.images[0]?.backing, second.images[0]?.own)
  })

  it("has a chain that is given node by node, below one image of its own, which is opened as the machine's is", async (t) => {
    const directory = await folder(t)
    const [base, top] = [join(directory, 'base.img'), join(directory, 'top.qcow2')]
    await writeFile(base, Buffer.alloc(1 << 20, 7))
    await using maker = await startMachine(options)
    const jobs = [
      ['create', { driver: 'file', filename: top, size: 0 }],
      ['format', { driver: 'qcow2', file: 'made', size: 1 << 20 }],
    ] as const
    for (const [job, words] of jobs) {
      if (job === 'format')
        await maker.qmp.execute('blockdev-add', { driver: 'file', filename: top, 'node-name': 'made' })
      await maker.qmp.execute('blockdev-create', { 'job-id': job, options: words } as never)
      while ((await maker.qmp.execute('query-jobs')).some(({ id, status }) => id === job && status !== 'concluded'));
    }
    await maker.close()
    await using first = await startMachine({
      ...options,
      blockdevs: [
        { driver: 'file', filename: base, 'node-name': 'base-storage', 'read-only': true },
        { driver: 'raw', file: 'base-storage', 'node-name': 'base', 'read-only': true },
        { driver: 'file', filename: top, 'node-name': 'storage', discard: 'unmap', cache: { 'no-flush': true } },
        {
          ...{ driver: 'qcow2', file: 'storage', backing: 'base', 'node-name': 'disk', discard: 'unmap' },
          ...{ cache: { 'no-flush': true }, 'detect-zeroes': 'unmap' },
        },
      ] as never,
      devices: ['virtio-blk-pci,drive=disk,id=v'],
    })
    await using second = await first.fork({ folder: directory })
    await using third = await second.fork({ folder: directory })
    for (const { qmp } of [second, third]) {
      const [found] = (await qmp.execute('query-block')).filter(({ qdev }) => qdev?.includes('/v/'))
      const { cache, detect_zeroes: detect, file } = found!.inserted!
      assert.deepEqual([cache, detect], [{ direct: false, 'no-flush': true, writeback: true }, 'unmap'])
      assert.equal(file, third.images[0]?.[qmp === second.qmp ? 'own' : 'fork'])
      const said = await qmp.execute('human-monitor-command', {
        'command-line': 'qemu-io -d v/virtio-backend "read -P 7 0 64k"',
      })
      assert.doesNotMatch(said, /failed|verification/)
    }
  })
})
