/** The contents of disks go with the machine, while they are written. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingProgram } from '../oracle/peers.ts'
import { ended, folder, migrates, runState, started } from './migrating-machines.ts'

const skip = missingProgram('qemu-img')

/** Makes an image. */
function create(path: string, size: string, { format = 'qcow2', backing }: { format?: string; backing?: string } = {}) {
  const behind = backing === undefined ? [] : ['-b', backing, '-F', 'qcow2']
  execFileSync('qemu-img', ['create', '-q', '-f', format, ...behind, path, size])
  return { file: path, format, if: 'ide', id: 'disk' }
}

describe('the contents of disks', { skip }, () => {
  it('go with the machine, with what is written meanwhile', async (t) => {
    const directory = await folder(t)
    const [here, there] = [join(directory, 'here.qcow2'), join(directory, 'there.raw')]
    const uri = `unix:${join(directory, 'socket')}`
    const from = await started(t, { drives: [create(here, '64M')] })
    const to = await started(t, { drives: [create(there, '64M', { format: 'raw' })], incoming: uri })
    await to.qmp.execute('query-block')
    for (let at = 0; at < 30; at++) await from.io(`write -P ${at + 1} ${at * 2}M 1M`)
    // Slow, until enough has been written meanwhile.
    await from.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 2 << 20 })
    await from.qmp.execute('migrate', { uri, blk: true })
    let writes = 0
    let seen = { transferred: 0, remaining: 0, total: 0 }
    for (let at = 0; ; at++) {
      const { status, disk } = await from.qmp.execute('query-migrate')
      if (status === 'completed' || status === 'failed') break
      seen = disk ?? seen
      if (seen.total === 0 || status === 'device') continue
      if (seen.remaining > 0) {
        assert.match(await from.io(`write -P ${100 + (at % 100)} ${(at * 5) % 60}M 64k`), /^wrote 65536/)
        if (writes === 0)
          await assert.rejects(from.qmp.execute('block_resize', { device: 'disk', size: 1 << 20 }), /in use/)
        writes++
      }
      if (writes === 20) await from.qmp.execute('migrate-set-parameters', { 'max-bandwidth': 0 })
    }
    assert.ok(writes >= 20, `${writes}`)
    assert.ok(seen.total === 64 << 20 && seen.transferred + seen.remaining === seen.total, JSON.stringify(seen))
    assert.equal(await ended(from), 'completed')
    assert.equal(await ended(to), 'completed')
    assert.equal((await from.qmp.execute('query-migrate')).disk, undefined)
    const { capabilities } = await migrates(from)
    assert.ok(!capabilities.includes('block'), 'it was for this one')
    assert.equal(await runState(to), 'running')
    await Promise.all([from.close(), to.close()])
    assert.match(`${execFileSync('qemu-img', ['compare', here, there])}`, /identical/)
    assert.match(`${execFileSync('qemu-img', ['check', here])}`, /No errors/)
  })

  it('go without what the images behind them hold, if so asked for', async (t) => {
    const directory = await folder(t)
    const base = join(directory, 'base.qcow2')
    create(base, '16M')
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 8M', base])
    const [here, there] = [join(directory, 'here.qcow2'), join(directory, 'there.qcow2')]
    const uri = `unix:${join(directory, 'socket')}`
    const from = await started(t, { drives: [create(here, '16M', { backing: base })] })
    const to = await started(t, { drives: [create(there, '16M', { backing: base })], incoming: uri })
    await from.io('write -P 9 1M 64k')
    await from.io('write -z 2M 64k')
    await from.qmp.execute('migrate-set-parameters', { 'block-incremental': true })
    await from.qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'block', state: true }] })
    await assert.rejects(from.qmp.execute('migrate', { uri, inc: true }), {
      message: 'Command options are incompatible with current migration capabilities',
    })
    await from.qmp.execute('migrate', { uri })
    assert.deepEqual([await ended(from), await ended(to)], ['completed', 'completed'])
    await Promise.all([from.close(), to.close()])
    assert.match(`${execFileSync('qemu-img', ['compare', here, there])}`, /identical/)
    const map = JSON.parse(`${execFileSync('qemu-img', ['map', '--output=json', there])}`)
    const own = map.filter(({ depth, zero }: { depth: number; zero: boolean }) => depth === 0 && !zero)
    assert.deepEqual([own.length, own[0].start, own[0].length], [1, 1 << 20, 65536])
  })

  it('are refused where they do not fit, and the machine goes on where it was', async (t) => {
    const directory = await folder(t)
    const uri = `unix:${join(directory, 'socket')}`
    const drive = create(join(directory, 'here.qcow2'), '8M')
    const from = await started(t, { drives: [drive] })
    const reasons: (string | undefined)[] = []
    for (const drives of [
      [],
      [{ ...create(join(directory, 'other.qcow2'), '8M'), id: 'other' }],
      [create(join(directory, 'short.qcow2'), '4M')],
      [drive],
    ]) {
      const to = await started(t, { drives, incoming: uri }).catch(() => undefined)
      if (to === undefined) continue
      await from.qmp.execute('migrate', { uri, blk: true })
      assert.equal(await ended(from), 'failed')
      reasons.push((await from.qmp.execute('query-migrate'))['error-desc'])
      assert.equal((await to.machine.ended).status, 1)
      assert.equal(await runState(from), 'running')
      assert.match(await from.io('write -P 5 0 64k'), /^wrote 65536/)
    }
    const unknown = 'Error unknown block device disk'
    assert.deepEqual(reasons.slice(0, 3), [
      unknown,
      unknown,
      'Block device disk has 4194304 bytes here, and 8388608 at the source',
    ])
    assert.match(reasons[3] ?? '', /lock/)
  })

  it('that were on their way when the migration was cancelled are as before, and can go again', async (t) => {
    const directory = await folder(t)
    const uri = `unix:${join(directory, 'socket')}`
    const [here, there] = [join(directory, 'here.qcow2'), join(directory, 'there.qcow2')]
    const from = await started(t, { drives: [create(here, '16M')] })
    await from.io('write -P 3 0 16M')
    const other = create(there, '16M')
    for (const cancels of [true, false]) {
      const to = await started(t, { drives: [other], incoming: uri })
      await from.qmp.execute('migrate-set-parameters', { 'max-bandwidth': cancels ? 1 << 20 : 0 })
      await from.qmp.execute('migrate', { uri, blk: true })
      if (cancels) {
        while (((await from.qmp.execute('query-migrate')).disk?.transferred ?? 0) === 0);
        await from.qmp.execute('migrate_cancel')
      }
      assert.equal(await ended(from), cancels ? 'cancelled' : 'completed')
      if (cancels) {
        assert.equal((await to.machine.ended).status, 1)
        assert.match(await from.io('write -P 5 1M 64k'), /^wrote 65536/)
        await from.qmp.execute('block_resize', { device: 'disk', size: 16 << 20 })
      } else await to.close()
    }
    await from.close()
    assert.match(`${execFileSync('qemu-img', ['compare', here, there])}`, /identical/)
  })
})
