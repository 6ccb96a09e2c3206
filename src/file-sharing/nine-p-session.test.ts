import assert from 'node:assert/strict'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MessageReader, MessageWriter } from './message.ts'
import { NinePSession } from './nine-p-session.ts'
import { openSharedFolder, type SharedFolderOptions } from './shared-folder.ts'
import { systemCalls } from './system-calls.ts'

const skip = process.platform !== 'linux' && 'only Linux has what folders are shared by'
const noFid = 0xffff_ffff

/** A conversation about a folder `inside`, beside which there is a secret. */
async function bench(options: Partial<SharedFolderOptions> = {}) {
  const outside = await mkdtemp(join(tmpdir(), 'vmon-share-'))
  const path = join(outside, 'inside')
  await mkdir(path)
  await writeFile(join(outside, 'secret'), 'secret')
  const shared = await openSharedFolder({
    ...{ path, security: 'none', readOnly: false, fileMode: 0o600, folderMode: 0o700, writeThrough: false },
    ...{ others: 'warn', ...options },
  })
  const session = new NinePSession(shared)
  /** @returns what is in the answer @throws {Error} with the number of an error */
  const ask = async (type: number, write: (body: MessageWriter) => void): Promise<MessageReader> => {
    const body = new MessageWriter()
    write(body)
    const reader = new MessageReader(await session.answer(body.message(type, 1)))
    reader.u32()
    const answered = reader.u8()
    assert.equal(reader.u16(), 1)
    if (answered === 7) throw new Error(`errno ${reader.u32()}`)
    assert.equal(answered, type + 1)
    return reader
  }
  await ask(100, (body) => body.u32(65536).text('9P2000.L'))
  await ask(104, (body) => body.u32(0).u32(noFid).text('').text('').u32(0))
  let next = 1
  const walk = async (...names: string[]): Promise<number> => {
    const fid = next++
    const found = await ask(110, (body) => {
      body.u32(0).u32(fid).u16(names.length)
      for (const name of names) body.text(name)
    })
    if (found.u16() < names.length) throw new Error('not there')
    return fid
  }
  const open = async (fid: number, flags: number): Promise<number> => {
    await ask(12, (body) => body.u32(fid).u32(flags))
    return fid
  }
  const read = async (fid: number): Promise<string> => {
    const answer = await ask(116, (body) => body.u32(fid).u64(0n).u32(4096))
    return Buffer.from(answer.bytes(answer.u32())).toString('latin1')
  }
  const create = async (name: string, mode = 0o640, flags = 2): Promise<number> => {
    const fid = await walk()
    await ask(14, (body) => body.u32(fid).text(name).u32(flags).u32(mode).u32(0))
    return fid
  }
  const write = (fid: number, text: string): Promise<MessageReader> =>
    ask(118, (body) => body.u32(fid).u64(0n).u32(text.length).bytes(Buffer.from(text, 'latin1')))
  const clunk = (fid: number): Promise<MessageReader> => ask(120, (body) => body.u32(fid))
  return {
    ...{ outside, path, session, ask, walk, open, read, create, write, clunk },
    async [Symbol.asyncDispose]() {
      await session.close()
      await rm(outside, { recursive: true })
    },
  }
}

describe('a shared folder', { skip }, () => {
  test('files are made, written, read, renamed, linked and removed', async () => {
    await using one = await bench()
    const { ask, walk, open, read, path } = one
    const fid = await one.create('a\xff')
    await one.write(fid, 'hello')
    assert.equal(await read(fid), 'hello')
    await ask(72, (body) => body.u32(0).text('folder').u32(0o755).u32(0))
    const folder = await walk('folder')
    await ask(74, (body) => body.u32(0).text('a\xff').u32(folder).text('b')) // Trenameat
    await one.write(fid, 'again') // the number goes on to be the file's
    assert.equal(await read(await open(await walk('folder', 'b'), 0)), 'again')
    const b = await walk('folder', 'b')
    await ask(70, (body) => body.u32(0).u32(b).text('hard'))
    await ask(16, (body) => body.u32(0).text('soft').text('folder/b').u32(0))
    assert.deepEqual((await readdir(path)).sort(), ['folder', 'hard', 'soft'])
    const soft = await walk('soft')
    assert.equal((await ask(22, (body) => body.u32(soft))).text(), 'folder/b')
    await assert.rejects(open(soft, 0), { message: 'errno 40' })
    await ask(76, (body) => body.u32(folder).text('b').u32(0))
    await ask(76, (body) => body.u32(0).text('folder').u32(0x200))
    assert.equal(await readFile(join(path, 'hard'), 'latin1'), 'again')
    assert.equal(one.session.inUse, true)
  })

  test('a file that is made read-only can be written by whoever has made it, and by nobody else', async () => {
    await using one = await bench()
    await chmod(one.outside, 0o755)
    await chmod(one.path, 0o777)
    const root = process.geteuid!() === 0
    if (root) process.seteuid!(65534) // whoever is root may write everything
    try {
      const fid = await one.create('object', 0o444)
      await one.write(fid, 'packed')
      assert.equal(await one.read(fid), 'packed')
      const again = await one.walk()
      const create = (flags: number) =>
        one.ask(14, (body) => body.u32(again).text('object').u32(flags).u32(0o444).u32(0))
      await assert.rejects(create(0o302), { message: 'errno 17' })
      await assert.rejects(create(0o102), { message: 'errno 13' })
      await one.ask(72, (body) => body.u32(again).text('folder').u32(0o755).u32(0)) // it is still the folder's number
      await create(0o100)
      assert.equal(await one.read(again), 'packed')
    } finally {
      if (root) process.seteuid!(0)
    }
    assert.equal((await lstat(join(one.path, 'object'))).mode & 0o777, 0o444)
    assert.deepEqual((await readdir(one.path)).sort(), ['folder', 'object'])
  })

  test('values of extended attributes are as many as files can be open', async () => {
    await using one = await bench()
    const value = (fid: number) => one.ask(32, (body) => body.u32(fid).text('user.a').u64(65536n).u32(0))
    const fids: number[] = []
    for (let count = 0; count < 1024; count++) {
      const fid = await one.walk()
      await value(fid)
      fids.push(fid)
    }
    const fid = await one.walk()
    await assert.rejects(value(fid), { message: 'errno 24' })
    await assert.rejects(one.open(fid, 0), { message: 'errno 24' })
    await assert.rejects(one.clunk(fids[0]!), { message: 'errno 22' }) // nothing of the value has come
    await one.open(fid, 0)
  })

  test('a folder is listed to its end, however little is asked for at once', async () => {
    await using one = await bench()
    const names = Array.from({ length: 50 }, (_, index) => `file-${index}`)
    for (const name of names) await writeFile(join(one.path, name), '')
    const fid = await one.open(await one.walk(), 0)
    for (const count of [60, 4096]) {
      const found: string[] = []
      for (let offset = 0n; ; ) {
        const asked = offset
        const answer = await one.ask(40, (body) => body.u32(fid).u64(asked).u32(count))
        const bytes = answer.bytes(answer.u32())
        if (bytes.length === 0) break
        const entries = new MessageReader(bytes)
        for (let at = 0; at < bytes.length; ) {
          entries.bytes(13)
          offset = entries.u64()
          entries.u8()
          const name = entries.text()
          found.push(name)
          at += 24 + name.length
        }
      }
      assert.deepEqual(found.sort(), ['.', '..', ...names].sort())
    }
  })

  test('nothing outside of the folder is reached: by names, by links, or by what others move', async () => {
    await using one = await bench()
    const { ask, walk, outside, path } = one
    await symlink(outside, join(path, 'up'))
    await symlink('../secret', join(path, 'leak'))
    await assert.rejects(walk('up', 'secret'))
    await assert.rejects(walk('..', 'secret'))
    await assert.rejects(walk('../secret'), { message: 'errno 2' })
    await assert.rejects(one.open(await walk('leak'), 0), { message: 'errno 40' })
    for (const name of ['..', '../x', '.', '', 'a/b']) {
      await assert.rejects(one.create(name))
      await assert.rejects(ask(72, (body) => body.u32(0).text(name).u32(0o755).u32(0)))
      await assert.rejects(ask(76, (body) => body.u32(0).text(name).u32(0x200)))
      await assert.rejects(ask(16, (body) => body.u32(0).text(name).text('x').u32(0)))
    }
    const up = await walk('up')
    await assert.rejects(ask(74, (body) => body.u32(up).text('secret').u32(0).text('mine')))
    await assert.rejects(ask(70, (body) => body.u32(up).u32(0).text('mine')))
    // A folder that the guest names becomes a link meanwhile.
    await mkdir(join(path, 'folder'))
    const folder = await walk('folder')
    await rename(join(path, 'folder'), join(path, 'gone'))
    await symlink(outside, join(path, 'folder'))
    await assert.rejects(ask(14, (body) => body.u32(folder).text('made').u32(2).u32(0o644).u32(0)))
    await assert.rejects(ask(76, (body) => body.u32(folder).text('secret').u32(0)))
    assert.deepEqual((await readdir(outside)).sort(), ['inside', 'secret'])
    assert.equal(await readFile(join(outside, 'secret'), 'latin1'), 'secret')
  })

  test('a folder that is only to be read stays as it is', async () => {
    await using one = await bench({ readOnly: true })
    await writeFile(join(one.path, 'a'), 'text')
    assert.equal(await one.read(await one.open(await one.walk('a'), 0)), 'text')
    await assert.rejects(one.open(await one.walk('a'), 1), { message: 'errno 30' })
    await assert.rejects(one.create('b'), { message: 'errno 30' })
    await assert.rejects(
      one.ask(76, (body) => body.u32(0).text('a').u32(0)),
      { message: 'errno 30' },
    )
  })

  const noXattrs = systemCalls() === undefined && 'the C library cannot be called'
  test('with mapped-xattr, the guest alone sees owners, modes, links and devices', { skip: noXattrs }, async (t) => {
    await using one = await bench({ security: 'mapped-xattr' })
    const { ask, walk, path } = one
    try {
      await ask(16, (body) => body.u32(0).text('link').text('/etc/passwd').u32(5))
    } catch (error) {
      if (error instanceof Error && error.message === 'errno 95')
        return t.skip('the file system has no such attributes')
      throw error
    }
    assert.ok((await lstat(join(path, 'link'))).isFile())
    const link = await walk('link')
    assert.equal((await ask(22, (body) => body.u32(link))).text(), '/etc/passwd')
    await ask(18, (body) => body.u32(0).text('device').u32(0o20644).u32(1).u32(3).u32(7))
    const device = await walk('device')
    const seen = await ask(24, (body) => body.u32(device).u64(0x7ffn))
    seen.bytes(8 + 13)
    assert.deepEqual([seen.u32(), seen.u32(), seen.u32(), seen.u64(), seen.u64()], [0o20644, 0, 7, 1n, 0x103n])
    const mode = (await lstat(join(path, 'device'))).mode
    assert.equal(mode & 0o777, 0o600)
    const names = 900
    await ask(30, (body) => body.u32(device).u32(names).text(''))
    assert.equal(await one.read(names), '')
  })

  test('whatever a message holds, it is answered, and nothing outside changes', async () => {
    await using one = await bench()
    const types = [
      8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 50, 52, 54, 70, 72, 74, 76, 102, 104, 108, 110, 116, 118,
    ]
    const word = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 0xffff_ffff }))
    const name = fc.constantFrom('a', 'b', '..', '.', '', '/', '../secret', 'a\0b', 'x'.repeat(300))
    const part = fc.oneof(
      word.map((value) => (body: MessageWriter) => void body.u32(value)),
      name.map((text) => (body: MessageWriter) => void body.text(text)),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => (body: MessageWriter) => void body.bytes(bytes)),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...types, 120, 122), fc.array(part, { maxLength: 8 }), async (type, parts) => {
        const body = new MessageWriter()
        for (const write of parts) write(body)
        const answer = await one.session.answer(body.message(type, 9))
        assert.equal(new DataView(answer.buffer).getUint32(0, true), answer.length)
        assert.ok(answer[4] === 7 || answer[4] === type + 1)
      }),
      { numRuns: 400 },
    )
    for (const bytes of [new Uint8Array(), new Uint8Array(3), new Uint8Array(7)])
      assert.equal((await one.session.answer(bytes))[4], 7)
    assert.deepEqual((await readdir(one.outside)).sort(), ['inside', 'secret'])
    await one.session.reset()
    assert.equal(one.session.inUse, false)
  })
})
