import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { NodeGraph } from '../../src/block/index.ts'
import { missingFile, missingProgram } from '../oracle/peers.ts'
import { vmon } from '../oracle/programs.ts'
import { run, scratch, startServer } from './nbd-programs.ts'

const megabyte = 2 ** 20

/** An image with data, a hole, and other data. */
async function writeImage(path: string): Promise<void> {
  await writeFile(path, Buffer.alloc(3 * megabyte, 'some text'))
  await truncate(path, 9 * megabyte)
  await using file = await open(path, 'r+')
  await file.write(Buffer.alloc(megabyte, 'the end'), 0, megabyte, 8 * megabyte)
}

describe("libnbd's and nbdkit's programs", { timeout: 300_000, skip: missingProgram('nbdcopy', 'nbdkit') }, () => {
  const serve = (socket: string, ...words: readonly string[]) =>
    startServer([...vmon.command, 'nbd', '-t', '-e', '0', '-k', socket, ...words], socket)

  it('copy between two servers of ours, by several connections', async () => {
    await using files = await scratch()
    await writeImage(files.path('from'))
    await writeFile(files.path('to'), Buffer.alloc(9 * megabyte, 'old'))
    await using _from = await serve(files.path('a'), '-r', '-f', 'raw', files.path('from'))
    await using _to = await serve(files.path('b'), '-f', 'raw', '--discard=unmap', files.path('to'))
    const [from, to] = ['a', 'b'].map((name) => `nbd+unix:///?socket=${files.path(name)}`)
    for (const words of [
      [],
      ['--connections=8', '--requests=16', '--flush'],
      ['--synchronous', '--destination-is-zero'],
    ]) {
      if (words.includes('--destination-is-zero')) {
        await truncate(files.path('to'), 0)
        await truncate(files.path('to'), 9 * megabyte)
      }
      assert.deepEqual(await run(['nbdcopy', ...words, from!, to!]), { status: 0, out: '', errors: '' })
      assert.equal((await run(['cmp', files.path('from'), files.path('to')])).status, 0, words.join(' '))
    }
  })

  it('show a disk as a file that is read and written', {
    skip: missingProgram('nbdfuse', 'umount') || missingFile('/dev/fuse', 'fuse3'),
  }, async () => {
    await using files = await scratch()
    await writeImage(files.path('disk'))
    await mkdir(files.path('shown'))
    await using _server = await serve(files.path('s'), '-f', 'raw', files.path('disk'))
    const shown = files.path('shown/disk')
    await using _mounted = await mounted(shown, files.path('pid'), `nbd+unix:///?socket=${files.path('s')}`)
    assert.equal((await run(['cmp', files.path('disk'), shown])).status, 0)
    await using file = await open(shown, 'r+')
    await file.write(Buffer.from('written'), 0, 7, 5 * megabyte - 3)
    await file.sync()
    assert.equal((await readFile(files.path('disk'))).toString('latin1', 5 * megabyte - 3, 5 * megabyte + 4), 'written')
  })

  it('serve slowly: a speed is that of the server, and nothing is lost', async () => {
    await using files = await scratch()
    const words = ['nbdkit', '-f', '-U', files.path('s'), '--filter=rate', 'memory', '1M']
    await using _server = await startServer(
      [...words, 'rate=32M', 'connection-rate=32M', 'burstiness=1'],
      files.path('s'),
    )
    const graph = new NodeGraph()
    const node = await graph.open({ options: { driver: 'nbd', 'server.type': 'unix', 'server.path': files.path('s') } })
    const hold = await node.attach({ description: 'test', access: { uses: ['read', 'write'], shares: [] } })
    const text = Buffer.alloc(megabyte, 'slowly')
    await Promise.all(
      Array.from({ length: 16 }, (_, at) => node.write(at * 65536, text.subarray(at * 65536, (at + 1) * 65536))),
    )
    assert.ok(text.equals(await node.read(0, megabyte)))
    await hold.detach()
  })
})

/** What `nbdfuse` shows, until it is disposed of. */
async function mounted(path: string, pidFile: string, uri: string): Promise<AsyncDisposable> {
  const nbdfuse: ChildProcess = spawn('nbdfuse', ['--pidfile', pidFile, path, uri], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  nbdfuse.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const exited = once(nbdfuse, 'exit')
  while (!existsSync(pidFile)) {
    if (nbdfuse.exitCode !== null) throw new Error(`nbdfuse has ended: ${errors}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    [Symbol.asyncDispose]: async () => {
      nbdfuse.kill()
      await exited
    },
  }
}
