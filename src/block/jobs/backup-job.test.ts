import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BitmapMode } from './backup-job.ts'
import { filled, JobScene } from './job-scene.ts'

const size = 2 ** 20
const cluster = 65536

/** A drive with an image that the guest has written, with a bitmap, and a target that the backups go to. */
async function scene(target: Readonly<Record<string, string>> = {}) {
  const made = new JobScene()
  await made.image('disk', { size, write: { 0: 1, 131072: 2, 983040: 3 } })
  await made.image('target', { size })
  const drive = await made.drive('d0', 'disk')
  await made.graph.transaction([{ type: 'block-dirty-bitmap-add', target: { node: 'd0', name: 'b0' } }])
  await made.graph.add({
    driver: 'qcow2',
    'node-name': 'target',
    'file.driver': 'file',
    'file.filename': made.file('target'),
    ...target,
  })
  const backUp = (options: object): Promise<void> =>
    made.graph.transaction([
      { type: 'backup', options: { device: 'd0', targetNode: 'target', sync: 'full', id: 'j', ...options } },
    ])
  const dirty = (): number => drive.node!.bitmaps.named('b0').dirtyBytes
  const events = (name: string) => made.events.filter((each) => each.name === name)
  return Object.assign(made, { backUp, guest: drive, dirty, of: events })
}

/** Lets the first write of the target's data fail, or more of them. */
const failing = (errno: number, once = 'on') => ({
  'file.driver': 'blkdebug',
  'file.image.driver': 'file',
  'file.inject-error.0.event': 'write_aio',
  'file.inject-error.0.errno': String(errno),
  'file.inject-error.0.once': once,
})

function withFilter(made: JobScene, rules: Readonly<Record<string, string>>) {
  return { 'file.filename': undefined as never, 'file.image.filename': made.file('target'), ...rules }
}

test('incremental backups carry over what was written since the last, whatever is written meanwhile', {
  timeout: 300_000,
}, async () => {
  const writes = fc.array(fc.tuple(fc.nat(15), fc.integer({ min: 1, max: 255 })), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { minLength: 1, maxLength: 4 }), async (rounds) => {
      await using made = await scene()
      const medium = made.guest.medium!
      await made.backUp({})
      await made.gone('j')
      for (const round of rounds) {
        for (const [at, value] of round) await medium.write(at * cluster, filled(value))
        const before = Buffer.from(await medium.read(0, size))
        await made.backUp({ sync: 'incremental', bitmap: 'b0' })
        for (const [at, value] of round) await medium.write(((at + 1) % 16) * cluster, filled(255 - value))
        await made.gone('j')
        const target = made.drives.graph.find('target')!
        const reader = await target.attach({
          description: 'a test',
          access: { uses: ['read'], shares: ['read', 'write'] },
        })
        const shown = Buffer.from(await target.read(0, size))
        await reader.detach()
        const wrong = shown.findIndex((byte, at) => byte !== before[at])
        assert.equal(wrong, -1, `the copy at ${wrong}`)
      }
      await made.guest.close()
      await made.graph.remove('target')
      execFileSync('qemu-img', ['check', '-q', made.file('target')])
    }),
    { numRuns: Number(process.env['VMON_JOB_CASES'] ?? 10) },
  )
})

const outcomes: readonly { mode: BitmapMode; well: number; badly: number }[] = [
  { mode: 'on-success', well: 0, badly: 3 },
  { mode: 'never', well: 3, badly: 3 },
  { mode: 'always', well: 0, badly: 3 },
]

for (const { mode, well, badly } of outcomes) {
  test(`a bitmap is afterwards what its mode ${mode} says`, async () => {
    for (const ends of ['well', 'badly'] as const) {
      await using made = await scene()
      for (const at of [1, 5, 9]) await made.guest.medium!.write(at * cluster, filled(7))
      await made.backUp({ sync: 'bitmap', bitmap: 'b0', bitmapMode: mode, speed: ends === 'well' ? 0 : 1 })
      if (ends === 'badly') await made.jobs.cancel(made.jobs.named('j'), { force: true })
      await made.gone('j')
      const dirty = made.dirty() / cluster
      if (ends === 'well') assert.equal(dirty, well)
      else assert.ok(mode === 'always' ? dirty < badly : dirty === badly, `${dirty} clusters`)
    }
  })
}

test('without space on the target a backup reports, stands still, or tries again, as it was told', async () => {
  const enospc = 28
  for (const policy of ['report', 'enospc', 'stop', 'ignore'] as const) {
    await using made = await scene()
    await made.graph.remove('target')
    await made.graph.add({
      driver: 'qcow2',
      'node-name': 'target',
      ...without(withFilter(made, failing(enospc))),
    })
    await made.backUp({ onTargetError: policy })
    if (policy === 'enospc' || policy === 'stop') {
      await made.until(() => made.of('BLOCK_JOB_ERROR').length > 0 && made.notices.at(-1) === 'paused')
      assert.equal(made.jobs.blockInfo[0]!['io-status'], 'nospace')
      await made.jobs.resume(made.jobs.named('j'))
    }
    await made.gone('j')
    const [error] = made.of('BLOCK_JOB_ERROR')
    const action = policy === 'enospc' ? 'stop' : policy
    assert.deepEqual(error!.data, { device: 'j', operation: 'write', action })
    const [end] = made.of('BLOCK_JOB_COMPLETED')
    assert.equal(end!.data['error'], policy === 'report' ? 'No space left on device' : undefined)
    await made.guest.close()
    await made.graph.remove('target')
    const compared =
      policy === 'report' ? '' : execFileSync('qemu-img', ['compare', made.file('disk'), made.file('target')])
    assert.equal(String(compared), policy === 'report' ? '' : 'Images are identical.\n')
  }
})

test('of grouped backups all end well, or none does, and their bitmaps say so', async () => {
  for (const ends of ['well', 'badly'] as const) {
    await using made = await scene()
    await made.guest.medium!.write(0, filled(9))
    await made.image('disk2', { size })
    const second = await made.drive('d1', 'disk2')
    await made.graph.transaction(
      [
        {
          type: 'backup',
          options: { device: 'd0', id: 'j', targetNode: 'target', sync: 'incremental', bitmap: 'b0' },
        },
        {
          type: 'backup',
          options: {
            device: 'd1',
            id: 'k',
            sync: 'full',
            target: made.file('copy'),
            speed: ends === 'well' ? 0 : 1,
          },
        },
      ],
      { grouped: true },
    )
    if (ends === 'badly') await made.jobs.cancel(made.jobs.named('k'), { force: true })
    await made.gone('j')
    await made.gone('k')
    assert.equal(made.dirty(), ends === 'well' ? 0 : cluster)
    assert.equal(made.of('BLOCK_JOB_COMPLETED').length, ends === 'well' ? 2 : 0)
    assert.equal(made.of('BLOCK_JOB_CANCELLED').length, ends === 'well' ? 0 : 2)
    const ended = made.of(ends === 'well' ? 'BLOCK_JOB_COMPLETED' : 'BLOCK_JOB_CANCELLED')
    // The newest first, as with QEMU.
    if (ends === 'well')
      assert.deepEqual(
        ended.map(({ data }) => data['device']),
        ['k', 'j'],
      )
    await second.close()
  }
})

/** Without what is undefined. */
function without(options: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}
