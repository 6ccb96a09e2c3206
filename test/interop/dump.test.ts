/** Core files of guest memory: what QEMU says of them, and what readelf and gdb read in them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inflateSync } from 'node:zlib'
import { startMachine } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vmon-dump-'))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** Offset, virtual and physical address and size of each range, as readelf tells them. */
function loads(file: string): number[][] {
  const lines = execFileSync('readelf', ['-lW', file], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => /^ +LOAD /.test(line)).map((line) => line.trim().split(/ +/).slice(1, 5).map(Number))
}

describe('a dump of guest memory', { skip: missingProgram('readelf') }, () => {
  it('has the bytes of RAM and of the BIOS, and the registers', async (t) => {
    const file = join(await folder(t), 'core')
    await using vm = await startMachine({ memory: 16, paused: true })
    const { board } = vm.machine
    await board.writePhysical(0x500000, Buffer.from('here it is'))
    await vm.qmp.execute('dump-guest-memory', { paging: false, protocol: `file:${file}` })
    const bios = board.biosBytes
    const ranges = loads(file)
    assert.deepEqual(
      ranges.map(([, virtual, physical, size]) => [virtual, physical, size]),
      [
        [0, 0, 0xa0000],
        [0xc0000, 0xc0000, (16 << 20) - 0xc0000],
        [2 ** 32 - bios, 2 ** 32 - bios, bios],
      ],
    )
    const core = await readFile(file)
    const at = ranges[1]![0]! + 0x500000 - 0xc0000
    assert.equal(core.toString('latin1', at, at + 10), 'here it is')
    const notes = execFileSync('readelf', ['-nW', file], { encoding: 'utf8' })
    assert.match(notes, /CORE +0x00000090\s+NT_PRSTATUS/)
    assert.match(notes, /QEMU +0x000001b8/)
    assert.match(execFileSync('readelf', ['-hS', file], { encoding: 'utf8' }), /CORE \(Core file\)[\s\S]*\.shstrtab/)
    const result = await vm.qmp.execute('query-dump')
    const total = (16 << 20) - 0x20000 + bios
    assert.deepEqual({ ...result }, { status: 'completed', completed: total, total })
  })

  it('of a range is what pmemsave saves', async (t) => {
    const directory = await folder(t)
    const [core, raw] = [join(directory, 'core'), join(directory, 'raw')]
    await using vm = await startMachine({ memory: 16, paused: true })
    await vm.qmp.execute('dump-guest-memory', { paging: false, protocol: `file:${core}`, begin: 0xffff5, length: 4099 })
    await vm.qmp.execute('pmemsave', { val: 0xffff5, size: 4099, filename: raw })
    const [[offset, , physical, size]] = loads(core) as [number[]]
    assert.deepEqual([physical, size], [0xffff5, 4099])
    assert.deepEqual((await readFile(core)).subarray(offset, offset! + size!), await readFile(raw))
  })

  it('that is compressed is put in order by makedumpfile, and has the same bytes', {
    skip: missingProgram('makedumpfile'),
  }, async (t) => {
    const directory = await folder(t)
    const [flat, ordered] = [join(directory, 'flat'), join(directory, 'ordered')]
    await using vm = await startMachine({ memory: 16, paused: true })
    const { board } = vm.machine
    const random = Buffer.from(Uint8Array.from({ length: 4096 }, (_, index) => (index * index * 2654435761) >>> 13))
    const placed: readonly (readonly [address: number, page: Buffer])[] = [
      [0x500000, Buffer.alloc(4096, 'compressible')],
      [0x501000, random],
      [0x502000, Buffer.alloc(4096)],
    ]
    for (const [address, page] of placed) await board.writePhysical(address, page)
    await vm.qmp.execute('dump-guest-memory', { paging: false, protocol: `file:${flat}`, format: 'kdump-zlib' })
    execFileSync('makedumpfile', ['-R', ordered], { input: await readFile(flat), stdio: ['pipe', 'ignore', 'ignore'] })
    const dump = await readFile(ordered)
    const [block, secondHeader, bitmaps] = [428, 432, 436].map((at) => dump.readUInt32LE(at)) as [
      number,
      number,
      number,
    ]
    assert.equal(dump.toString('latin1', 0, 8), 'KDUMP   ')
    const bitmapAt = block * (1 + secondHeader)
    const there = (page: number): boolean => (dump[bitmapAt + (page >> 3)]! & (1 << (page & 7))) !== 0
    assert.deepEqual([0x9f, 0xa0, 0xbf, 0xc0, 0xfff, 0x1000, 0xfffff].map(there), [
      true,
      false,
      false,
      true,
      true,
      false,
      true,
    ])
    for (const [address, page] of placed) {
      let before = 0
      for (let each = 0; each < address / block; each++) if (there(each)) before++
      const at = bitmapAt + bitmaps * block + before * 24
      const [offset, size, flags] = [
        Number(dump.readBigUInt64LE(at)),
        dump.readUInt32LE(at + 8),
        dump.readUInt32LE(at + 12),
      ]
      const bytes = dump.subarray(offset, offset + size)
      assert.deepEqual(flags === 0 ? bytes : inflateSync(bytes), page)
    }
    const notes = Number(dump.readBigUInt64LE(block + 48))
    assert.equal(dump.toString('latin1', notes + 12, notes + 16), 'CORE')
    assert.ok(dump.length < 4 << 20, 'zeros take no room')
    const raw = join(directory, 'raw')
    await vm.qmp.execute('human-monitor-command', { 'command-line': `dump-guest-memory -z ${raw}` })
    assert.deepEqual(await readFile(raw), await readFile(flat))
  })

  it('is read by gdb, which finds registers and memory', { skip: missingProgram('gdb') }, async (t) => {
    const file = join(await folder(t), 'core')
    await using vm = await startMachine({ memory: 16, paused: true })
    await vm.machine.board.writePhysical(0x8000, Buffer.from('gdb finds this\0'))
    await vm.qmp.execute('dump-guest-memory', { paging: false, protocol: `file:${file}`, detach: true })
    while ((await vm.qmp.execute('query-dump')).status === 'active');
    const commands = ['info registers eip cs edx', 'x/s 0x8000'].flatMap((line) => ['-ex', line])
    const text = execFileSync('gdb', ['-nx', '-batch', '-ex', 'set architecture i386', '-core', file, ...commands], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    assert.match(text, /gdb finds this/)
    assert.match(text, /eip +0xfff0/)
  })

  it('that fails says why, and the guest goes on', async (t) => {
    const directory = await folder(t)
    await using vm = await startMachine({ accel: 'none', memory: 16 })
    const dump = (protocol: string) => vm.qmp.execute('dump-guest-memory', { paging: false, protocol })
    await assert.rejects(dump('file:/dev/full'), { message: /failed to save memory: No space left on device/ })
    assert.equal((await vm.qmp.execute('query-dump')).status, 'failed')
    assert.equal((await vm.qmp.execute('query-status')).status, 'running')
    await dump(`file:${directory}/core`)
    assert.equal((await vm.qmp.execute('query-dump')).status, 'completed')
  })
})
