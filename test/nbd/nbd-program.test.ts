import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { vmon } from '../oracle/programs.ts'
import { run, runVmon, scratch, startServer } from './nbd-programs.ts'

const megabyte = 2 ** 20

describe('vmon nbd', { timeout: 300_000, skip: missingProgram('qemu-img', 'qemu-nbd', 'nbdinfo') }, () => {
  it('lets one client use an image, and ends with it', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    const words = ['nbd', '-f', 'raw', '-x', 'one', '-D', 'a disk', '-A', '-k', files.path('s'), files.path('disk')]
    await using server = await startServer([...vmon.command, ...words], files.path('s'))
    const uri = `nbd+unix:///one?socket=${files.path('s')}`
    const told = await run(['nbdinfo', '--json', uri])
    const [found] = JSON.parse(told.out).exports
    assert.deepEqual(
      [found['export-name'], found.description, found['is_read_only'], found['can_multi_conn']],
      ['one', 'a disk', false, false],
    )
    assert.equal(await server.exited, 0)
    assert.equal(server.errors(), '')
    assert.ok(!existsSync(files.path('s')))
  })

  it('stays for many, shows a part, and writes', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    await truncate(files.path('disk'), 3 * megabyte)
    const words = [
      '-f',
      'raw',
      '-t',
      '-e',
      '0',
      '--offset=1048576',
      '--pid-file',
      files.path('pid'),
      '-k',
      files.path('s'),
    ]
    await using server = await startServer([...vmon.command, 'nbd', ...words, files.path('disk')], files.path('s'))
    const uri = `nbd+unix:///?socket=${files.path('s')}`
    for (let client = 0; client < 3; client++) {
      assert.match((await run(['qemu-img', 'info', uri])).out, /virtual size: 2 MiB/)
    }
    assert.equal((await run(['qemu-io', '-f', 'raw', '-c', 'write -P 5 0 4k', uri])).status, 0)
    assert.equal((await readFile(files.path('disk')))[megabyte], 5)
    assert.equal(Number(await readFile(files.path('pid'), 'utf8')), server.process.pid)
    server.process.kill('SIGTERM')
    assert.equal(await server.exited, 0)
    assert.ok(!existsSync(files.path('pid')))
  })

  it('is refused as qemu-nbd is', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte))
    const disk = files.path('disk')
    const socket = ['-k', files.path('s')]
    for (const words of [
      [],
      ['a', 'b'],
      ['-k', 's', disk],
      ['-e', 'x', disk],
      ['-e', '-1', disk],
      ['--cache=some', disk],
      ['-n', '--cache=none', disk],
      ['--discard=maybe', disk],
      ['--detect-zeroes=unmap', disk],
      ['--aio=some', disk],
      ['-o', 'x', disk],
      ['-x', 'x'.repeat(4097), disk],
      [...socket, '-f', 'raw', files.path('none')],
      [...socket, '-f', 'strange', disk],
      [...socket, '-f', 'raw', '-o', '2M', disk],
      [...socket, '-f', 'raw', '-o', '2097152', disk],
      ['-f', 'raw', '-k', '/nowhere/s', disk],
    ]) {
      const [ours, theirs] = await Promise.all([runVmon(['nbd', ...words]), run(['qemu-nbd', ...words])])
      assert.deepEqual({ ...ours, errors: ours.errors.replaceAll('vmon nbd', 'qemu-nbd') }, theirs, words.join(' '))
    }
  })

  it('shows what a dirty bitmap has noted, of the image or of one behind it, as qemu-nbd does', async () => {
    await using files = await scratch()
    const [base, top, socket] = ['base', 'top', 's'].map(files.path) as [string, string, string]
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', base, '1M'])
    await run(['qemu-img', 'bitmap', '--add', '-g', '64k', base, 'noted'])
    await run(['qemu-io', '-f', 'qcow2', '-c', 'write 64k 128k', '-c', 'write 1023k 1k', base])
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', top])
    const context = 'qemu:dirty-bitmap:noted'
    for (const words of [[base], ['-r', base], ['-A', top]]) {
      const told = []
      for (const program of [[...vmon.command, 'nbd'], ['qemu-nbd']]) {
        await using _server = await startServer(
          [...program, '-f', 'qcow2', '-B', 'noted', '-t', '-k', socket, ...words],
          socket,
        )
        const nbd = `driver=nbd,server.type=unix,server.path=${socket},x-dirty-bitmap=${context}`
        told.push([
          (await run(['nbdinfo', `--map=${context}`, `nbd+unix:///?socket=${socket}`])).out,
          (await run(['qemu-img', 'map', '--output=json', '--image-opts', nbd])).out,
          (await runVmon(['img', 'map', '--output=json', '--image-opts', nbd])).out,
        ])
      }
      const [[map = '', theirMap, ourMap] = [], qemu] = told
      assert.deepEqual(map.match(/\d+ +\d+ +\d {2}\w+/g)?.length, 4, map)
      assert.equal(ourMap, theirMap)
      assert.deepEqual(told[0], qemu)
    }
    const wrong = await runVmon(['nbd', '-f', 'qcow2', '-B', 'none', '-k', socket, top])
    assert.deepEqual(wrong, { status: 1, out: '', errors: "vmon nbd: Bitmap 'none' is not found\n" })
    assert.match((await run(['qemu-img', 'check', base])).out, /No errors were found/)
  })

  it('lists the exports of another server as qemu-nbd does', async () => {
    await using files = await scratch()
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', files.path('disk'), '1M'])
    for (const name of ['noted', 'more']) await run(['qemu-img', 'bitmap', '--add', files.path('disk'), name])
    for (const program of [['qemu-nbd'], [...vmon.command, 'nbd']]) {
      const words = [
        '-x',
        'one',
        '-D',
        'a disk',
        '-A',
        '-B',
        'noted',
        '-B',
        'more',
        '-t',
        '-f',
        'qcow2',
        '-k',
        files.path('s'),
      ]
      await using _server = await startServer([...program, ...words, files.path('disk')], files.path('s'))
      const [ours, theirs] = await Promise.all([
        runVmon(['nbd', '--list', '-k', files.path('s')]),
        run(['qemu-nbd', '--list', '-k', files.path('s')]),
      ])
      assert.deepEqual(ours, theirs)
      assert.match(ours.out, /export: 'one'\n {2}description: a disk\n/)
    }
    for (const words of [['x'], ['-r', '-A'], ['--fork'], ['--tls-authz=a', '--tls-creds=b'], ['-k', '/nowhere']]) {
      const [ours, theirs] = await Promise.all([
        runVmon(['nbd', '--list', ...words]),
        run(['qemu-nbd', '--list', ...words]),
      ])
      assert.deepEqual({ ...ours, errors: ours.errors.replaceAll('vmon nbd', 'qemu-nbd') }, theirs, words.join(' '))
    }
  })

  it('listens where the program that starts it does: on the socket of LISTEN_FDS', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    const server = [...vmon.command, 'nbd', '-f', 'raw', files.path('disk')]
    const told = await run(['nbdinfo', '--size', '--', '[', ...server, ']'])
    assert.deepEqual(told, { status: 0, out: `${megabyte}\n`, errors: '' })
    const twice = await run(['nbdinfo', '--size', '--', '[', ...server, '-p', '1', ']'])
    assert.match(twice.errors, /^vmon nbd: TCP port number can't be set when using socket activation\n/)
  })

  it('lets writes go with it', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(megabyte, 'data'))
    const words = ['nbd', '--snapshot', '-f', 'raw', '-t', '-k', files.path('s'), files.path('disk')]
    const uri = `nbd+unix:///?socket=${files.path('s')}`
    {
      await using _server = await startServer([...vmon.command, ...words], files.path('s'))
      const does = ['-c', 'write -P 7 4k 4k', '-c', 'flush', '-c', 'read -P 7 4k 4k', '-c', 'read -P 100 0 1']
      assert.equal((await run(['qemu-io', '-f', 'raw', ...does, uri])).status, 0)
    }
    assert.deepEqual(await readFile(files.path('disk')), Buffer.alloc(megabyte, 'data'))
  })

  it('serves another vmon', async () => {
    await using files = await scratch()
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', files.path('disk'), '4M'])
    await run(['qemu-io', '-c', 'write -P 7 1M 64k', files.path('disk')])
    const words = ['nbd', '-f', 'qcow2', '-r', '-t', '-k', files.path('s'), files.path('disk')]
    await using _server = await startServer([...vmon.command, ...words], files.path('s'))
    const uri = `nbd+unix:///?socket=${files.path('s')}`
    const copied = await runVmon(['img', 'convert', '-f', 'raw', '-O', 'qcow2', uri, files.path('copy')])
    assert.deepEqual(copied, { status: 0, out: '', errors: '' })
    assert.equal((await run(['qemu-img', 'compare', files.path('disk'), files.path('copy')])).status, 0)
  })
})
