/** Dirty bitmaps go with the machine (capability dirty-bitmaps), by their own names or by block-bitmap-mapping. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type MachineOptions, startMachine } from '../../src/index.ts'
import { missingProgram } from '../oracle/peers.ts'
import { ended, folder, runState } from './migrating-machines.ts'

const MiB = 1 << 20
const drive = (file: string, id = 'disk') => ({ file, format: 'qcow2', if: 'ide', id })
const nullDrive = { file: 'null-co://', format: 'raw', if: 'none', id: 'disk' }

async function machine(t: TestContext, options: MachineOptions) {
  const warnings: string[] = []
  const warn = (text: string): void => void warnings.push(text)
  const vm = await startMachine({ accel: 'none', memory: 2, ...options }, { warn, print: () => undefined })
  t.after(() => vm.close())
  const { qmp } = vm
  const capabilities = ['dirty-bitmaps', 'events'].map((capability) => ({ capability, state: true }))
  await qmp.execute('migrate-set-capabilities', { capabilities } as never)
  return {
    vm,
    qmp,
    warnings,
    add: (name: string, more: object = {}) => qmp.execute('block-dirty-bitmap-add', { node: 'disk', name, ...more }),
    io: (line: string) => qmp.execute('human-monitor-command', { 'command-line': `qemu-io disk "${line}"` }),
    hash: async (name: string, node = 'disk') =>
      (await qmp.execute('x-debug-block-dirty-bitmap-sha256', { node, name })).sha256,
    async bitmaps() {
      const [block] = await qmp.execute('query-block')
      return block?.inserted?.['dirty-bitmaps'] ?? []
    },
    map: (mapping: readonly object[]) =>
      qmp.execute('migrate-set-parameters', { 'block-bitmap-mapping': mapping } as never),
  }
}

/** Two machines on disks of nothing, the second of which waits for the first. */
async function pair(t: TestContext) {
  const uri = `unix:${join(await folder(t), 'socket')}`
  const from = await machine(t, { drives: [nullDrive] })
  const to = await machine(t, { drives: [nullDrive], incoming: uri })
  const migrate = async () => {
    await from.qmp.execute('migrate', { uri })
    return [await ended(from.vm), await ended(to.vm)]
  }
  return { from, to, uri, migrate }
}

const known = { name: 'b', granularity: 65536, count: 2 * MiB, busy: false, recording: true, persistent: false }

describe('dirty bitmaps', () => {
  it('go with all that they have recorded, and whether they record', async (t) => {
    const { from, to, migrate } = await pair(t)
    await from.add('b')
    for (const at of [0, 700]) await from.io(`write ${at}M 1M`)
    await from.add('off', { granularity: 512, disabled: true })
    assert.deepEqual(await migrate(), ['completed', 'completed'])
    for (const { bitmaps } of [from, to])
      assert.deepEqual(
        (await bitmaps()).find(({ name }) => name === 'b'),
        known,
      )
    const off = { ...known, name: 'off', granularity: 512, count: 0, recording: false }
    assert.deepEqual(
      (await to.bitmaps()).find(({ name }) => name === 'off'),
      off,
    )
    assert.equal(await to.hash('b'), await from.hash('b'))
    await to.io('write 5M 64k')
    assert.equal((await to.bitmaps()).find(({ name }) => name === 'b')?.count, 2 * MiB + 65536)
    assert.deepEqual([from.warnings, to.warnings], [[], []])
  })

  it('are in use until the migration ends; cancelled, all is as it was', async (t) => {
    const { from, uri } = await pair(t)
    await from.add('b')
    await from.qmp.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'pause-before-switchover', state: true }],
    })
    await from.qmp.execute('migrate', { uri })
    while ((await from.qmp.execute('query-migrate')).status !== 'pre-switchover') await new Promise(setImmediate)
    assert.equal((await from.bitmaps())[0]?.busy, true)
    await assert.rejects(from.qmp.execute('block-dirty-bitmap-remove', { node: 'disk', name: 'b' }), {
      message: "Bitmap 'b' is currently in use by another operation and cannot be used",
    })
    await assert.rejects(from.qmp.execute('migrate-start-postcopy'), /Enable postcopy/)
    await from.qmp.execute('migrate_cancel')
    assert.equal(await ended(from.vm), 'cancelled')
    await from.io('write 0 2M')
    assert.deepEqual(await from.bitmaps(), [known])
    await from.qmp.execute('block-dirty-bitmap-remove', { node: 'disk', name: 'b' })
  })

  it('go by the names that a mapping gives them, and may become persistent', async (t) => {
    const { from, to, migrate } = await pair(t)
    for (const name of ['b', 'stays']) await from.add(name)
    await from.io('write 0 2M')
    const [{ inserted } = {}] = await from.qmp.execute('query-block')
    const [target] = await to.qmp.execute('query-block')
    const here = [{ 'node-name': inserted?.['node-name'], alias: 'n', bitmaps: [{ name: 'b', alias: 'x' }] }]
    await from.map(here)
    assert.deepEqual((await from.qmp.execute('query-migrate-parameters'))['block-bitmap-mapping'], here)
    const transform = { persistent: true }
    const bitmaps = [{ name: 'c', alias: 'x', transform }]
    await to.map([{ 'node-name': target?.inserted?.['node-name'], alias: 'n', bitmaps }])
    assert.deepEqual(await migrate(), ['completed', 'completed'])
    assert.deepEqual(await to.bitmaps(), [{ ...known, name: 'c', persistent: true }])
    assert.equal(await to.hash('c'), await from.hash('b'))
  })

  it('stay away where one has no place, and the machine comes all the same', async (t) => {
    for (const [mapping, said] of [
      [() => [], /^Error: Unknown node alias 'disk'$/],
      [
        (node: string) => [{ 'node-name': node, alias: 'disk', bitmaps: [] }],
        /^Error: Unknown bitmap alias 'b' on node '#block\d+' \(alias 'disk'\)$/,
      ],
      [() => [{ 'node-name': 'gone', alias: 'disk', bitmaps: [] }], /^Cannot find device='' nor node-name='gone'$/],
    ] as const) {
      const { from, to, migrate } = await pair(t)
      await from.add('b')
      const [target] = await to.qmp.execute('query-block')
      await to.map(mapping(target?.inserted?.['node-name'] ?? ''))
      assert.deepEqual(await migrate(), ['completed', 'completed'])
      assert.equal(await runState(to.vm), 'running')
      assert.deepEqual([await to.bitmaps(), to.warnings.length], [[], 1])
      assert.match(to.warnings[0] ?? '', said)
    }
  })

  it('that cannot go let the migration fail, and are as they were', async (t) => {
    const { from, uri } = await pair(t)
    const long = 'a'.repeat(256)
    await from.add('b')
    await from.add(long)
    await from.qmp.execute('migrate', { uri })
    assert.equal(await ended(from.vm), 'failed')
    assert.deepEqual(from.warnings, [`Cannot migrate bitmap '${long}' on node 'disk': Name is longer than 255 bytes`])
    assert.ok((await from.bitmaps()).every(({ busy }) => !busy))
    assert.equal(await runState(from.vm), 'running')
  })

  it('are refused where there is one of that name, and the machine goes on where it was', async (t) => {
    const { from, to, uri } = await pair(t)
    await from.add('b')
    await to.add('b')
    await from.qmp.execute('migrate', { uri })
    assert.equal(await ended(from.vm), 'failed')
    const said = "Bitmap with the same name ('b') already exists on destination"
    while (to.warnings.length === 0) await new Promise(setImmediate)
    assert.deepEqual(to.warnings, [`load of migration failed: ${said}`])
    assert.deepEqual(await from.bitmaps(), [{ ...known, count: 0 }])
  })
})

describe('persistent bitmaps', { skip: missingProgram('qemu-img') }, () => {
  const made = async (t: TestContext, name = 'disk.qcow2'): Promise<string> => {
    const path = join(await folder(t), name)
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1M'])
    return path
  }

  it('go over a shared image, which the target keeps them in, whether it had them or not', async (t) => {
    for (const loaded of [false, true]) {
      const image = await made(t)
      const uri = `unix:${image}.socket`
      let from = await machine(t, { drives: [drive(image)] })
      await from.add('b', { persistent: true })
      await from.io('write 0 64k')
      if (loaded) {
        await from.vm.close()
        from = await machine(t, { drives: [drive(image)] })
      }
      const hash = await from.hash('b')
      const to = await machine(t, { drives: [drive(image)], incoming: uri })
      await from.qmp.execute('migrate', { uri })
      assert.deepEqual([await ended(from.vm), await ended(to.vm)], ['completed', 'completed'])
      assert.equal(await to.hash('b'), hash)
      await from.vm.close()
      await to.io('write 512k 64k')
      const last = await to.hash('b')
      await to.vm.close()
      assert.match(`${execFileSync('qemu-img', ['check', image])}`, /No errors/)
      const again = await machine(t, { drives: [drive(image)] })
      assert.equal(await again.hash('b'), last)
      await again.vm.close()
    }
  })

  it('are kept by the source when it goes on after all', async (t) => {
    const image = await made(t)
    const from = await machine(t, { drives: [drive(image)] })
    await from.add('b', { persistent: true })
    await from.io('write 0 64k')
    const hash = await from.hash('b')
    await from.qmp.execute('migrate', { uri: `file:${image}.stream` })
    assert.equal(await ended(from.vm), 'completed')
    assert.equal(await from.hash('b'), hash)
    await from.qmp.execute('cont')
    assert.equal(await from.hash('b'), hash)
    await from.vm.close()
    const again = await machine(t, { drives: [drive(image)] })
    assert.equal(await again.hash('b'), hash)
  })

  it("that do not go are the image's alone while the other side may have it, and are there again after that", async (t) => {
    const image = await made(t)
    const from = await machine(t, { drives: [drive(image)] })
    const capabilities = [{ capability: 'dirty-bitmaps', state: false } as const]
    await from.qmp.execute('migrate-set-capabilities', { capabilities })
    for (const persistent of [true, false]) await from.add(persistent ? 'kept' : 'lost', { persistent })
    await from.io('write 0 64k')
    const before = await from.bitmaps()
    const hash = await from.hash('kept')
    await from.qmp.execute('migrate', { uri: `file:${image}.stream` })
    assert.equal(await ended(from.vm), 'completed')
    assert.deepEqual(
      (await from.bitmaps()).map(({ name }) => name),
      ['lost'],
    )
    await from.qmp.execute('cont')
    assert.deepEqual(await from.bitmaps(), before)
    assert.equal(await from.hash('kept'), hash)
    await from.vm.close()
    assert.match(`${execFileSync('qemu-img', ['check', image])}`, /No errors/)
  })
})
