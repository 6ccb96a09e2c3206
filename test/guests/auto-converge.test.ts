/** A guest that changes its memory faster than it can go is slowed down until it can. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { assemble } from '../../guests/assembler.ts'
import { startMachine } from '../../src/index.ts'

const loadAddress = 0x100000
const multibootMagic = 0x1badb002
const withAddresses = 0x0001_0000
const changed = { start: 0x200000, end: 0x300000 }

/** A kernel that counts in one page of a megabyte after the other, some thousand in a second at the most. */
function countingKernel(): Uint8Array {
  return assemble(loadAddress, (asm) => {
    asm.dd(multibootMagic, withAddresses, -(multibootMagic + withAddresses) >>> 0)
    asm.dd(loadAddress, loadAddress, 0, 0, asm.at('start'))
    asm.bits32()
    asm.label('start')
    asm.mov('ebx', 0)
    asm.label('again')
    asm.mov('esi', changed.start)
    asm.label('page')
    asm.op('add', 'ebx', 1)
    asm.db(0x89, 0x1e) // mov [esi], ebx
    asm.op('add', 'esi', 4096)
    asm.mov('ecx', 100_000)
    asm.label('wait')
    asm.op('sub', 'ecx', 1)
    asm.j('nz', 'wait')
    asm.op('cmp', 'esi', changed.end)
    asm.j('nz', 'page')
    asm.jmp('again')
  })
}

describe('auto-converge', { timeout: 300_000 }, () => {
  it('brings a guest home that would never come', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'vmon-converge-'))
    t.after(() => rm(folder, { recursive: true }))
    const kernel = join(folder, 'kernel')
    await writeFile(kernel, countingKernel())
    const uri = `unix:${join(folder, 'way')}`
    const options = { kernel, memory: 16, noDefaults: true }
    await using there = await startMachine({ ...options, incoming: uri })
    await using here = await startMachine(options)
    const count = async (vm: typeof here): Promise<number> =>
      Buffer.from(await vm.memory.read(changed.start, 4)).readUInt32LE()
    while ((await count(here)) === 0);
    await here.qmp.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'auto-converge', state: true }],
    })
    await here.qmp.execute('migrate-set-parameters', {
      'max-bandwidth': 512 << 10,
      'cpu-throttle-initial': 99,
    })
    await here.qmp.execute('migrate', { uri })
    let slowest = 0
    for (;;) {
      const info = await here.qmp.execute('query-migrate')
      slowest = Math.max(slowest, info['cpu-throttle-percentage'] ?? 0)
      if (info.status === 'completed') break
      assert.ok(info.status === 'setup' || info.status === 'active', info['error-desc'] ?? info.status)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(slowest, 99)
    assert.equal((await here.qmp.execute('query-migrate'))['cpu-throttle-percentage'], undefined)
    const before = await count(there)
    assert.ok(before >= (await count(here)))
    while ((await count(there)) === before); // it counts on
  })
})
