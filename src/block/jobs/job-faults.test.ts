import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import type { BlockNode } from '../graph/node.ts'
import { NodeGraph } from '../graph/node-graph.ts'
import { JobScene, opened } from './job-scene.ts'

const size = 2 ** 20
const policies = ['report', 'ignore', 'enospc', 'stop'] as const
type Policy = (typeof policies)[number]
const images = ['base', 'top', 'target'] as const
type Image = (typeof images)[number]
/** More by the environment: `VMON_JOB_CASES=1000`. */
const numRuns = Number(process.env['VMON_JOB_CASES'] ?? 8)

/** One request that fails: which, of those that an image makes to its file while the job is there. */
interface Fault {
  readonly image: Image
  readonly event: 'read_aio' | 'write_aio' | 'flush_to_disk' | 'l2_load' | 'l2_update' | 'cluster_alloc' | 'cow_write'
  readonly number: number
  readonly error: 'EIO' | 'ENOSPC'
}

const fault: fc.Arbitrary<Fault> = fc.record({
  image: fc.constantFrom(...images),
  event: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('read_aio' as const, 'write_aio' as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('flush_to_disk', 'l2_load', 'l2_update', 'cluster_alloc', 'cow_write'),
    },
  ),
  number: fc.integer({ min: 1, max: 12 }),
  error: fc.constantFrom('EIO', 'ENOSPC'),
})

const kinds: Readonly<Record<string, (scene: JobScene, policy: Policy) => Promise<void>>> = {
  stream: (s, onError) => s.control.stream({ device: 'top', id: 'j', onError }),
  commit: (s, onError) => s.control.commit({ device: 'top', id: 'j', onError }),
  mirror: (s, onSourceError) =>
    s.control.mirrorToNode({
      ...{ device: 'top', id: 'j', sync: 'full', target: 'target', granularity: 65536 },
      ...{ onSourceError, onTargetError: onSourceError },
    }),
  backup: (s, onSourceError) =>
    s.graph.transaction([
      {
        type: 'backup',
        options: {
          ...{ device: 'top', id: 'j', sync: 'full', targetNode: 'target' },
          ...{ onSourceError, onTargetError: onSourceError },
        },
      },
    ]),
}

/** An image over rules that let a request fail. */
function withFault(scene: JobScene, image: Image, { event, number, error, ...fault }: Fault, backing?: string) {
  const rules: Record<string, string | number> = {}
  if (fault.image === image) {
    for (let state = 1; state < number; state++) {
      const name = `file.set-state.${state - 1}`
      Object.assign(rules, { [`${name}.event`]: event, [`${name}.state`]: state, [`${name}.new_state`]: state + 1 })
    }
    const name = 'file.inject-error.0'
    const errno = constants.errno[error]
    Object.assign(rules, { [`${name}.event`]: event, [`${name}.state`]: number, [`${name}.errno`]: errno })
    rules[`${name}.once`] = 'on'
  }
  return {
    ...{ driver: 'qcow2', 'node-name': image, 'file.driver': 'blkdebug' },
    ...{ 'file.image.driver': 'file', 'file.image.filename': scene.file(image) },
    ...rules,
    ...(backing !== undefined && { backing }),
  }
}

/** Base and top in a drive, beside a target; and what the drive shows. */
async function scene(fault: Fault): Promise<{ readonly made: JobScene; readonly model: Buffer }> {
  const made = new JobScene()
  const model = Buffer.alloc(size)
  const write = (values: Readonly<Record<number, number>>) => {
    for (const [at, value] of Object.entries(values)) model.fill(value, Number(at), Number(at) + 65536)
    return values
  }
  await made.image('base', { write: write({ 0: 1, 131072: 2, 196608: 3, 655360: 4 }) })
  await made.image('top', { backing: 'base', write: write({ 65536: 5, 196608: 6, 851968: 7 }) })
  await made.image('target', {})
  await made.graph.add(withFault(made, 'base', fault))
  await made.graph.add(withFault(made, 'top', fault, 'base'))
  await made.graph.add(withFault(made, 'target', fault))
  return { made, model }
}

/** The fault may come now: it comes once. */
async function readAll(node: BlockNode): Promise<Buffer> {
  return Buffer.from(await node.read(0, size).catch(() => node.read(0, size)))
}

const onlyOnce = async (work: () => Promise<void>): Promise<void> => work().catch(work)

for (const [kind, start] of Object.entries(kinds)) {
  test(`whichever request fails during a ${kind}, the guest's data is there, and the policy holds`, {
    skip: missingProgram('qemu-img'),
    timeout: 300_000 + numRuns * 2000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fault, fc.constantFrom(...policies), async (fault, policy) => {
        const { made, model } = await scene(fault).catch(() => ({ made: undefined, model: undefined }))
        // Opening an image may fail already: then there is nothing to see.
        if (made === undefined) return
        const { drives, jobs } = made
        const place = { bus: undefined, unit: undefined }
        const drive = await drives.addDevice({
          ...{ model: 'ide-hd', path: '/machine/d0', backend: 'top', position: place },
        } as never)
        const started = await start(made, policy).then(
          () => true,
          () => false,
        )
        const judged = () => made.events.filter(({ name }) => name === 'BLOCK_JOB_ERROR')
        for (let job = jobs.find('j'); started && job !== undefined; job = jobs.find('j')) {
          const { id } = job
          await made.until(() => job!.ready || made.notices.at(-1) === 'paused' || jobs.find(id) === undefined)
          if (jobs.find(id) === undefined) break
          if (job.ready && !job.paused) {
            jobs.complete(job)
            await made.until(() => job!.hasRun || job!.paused || jobs.find(id) === undefined)
            if (job.hasRun) await made.gone(id)
            if (jobs.find(id) === undefined) break
          }
          assert.equal(jobs.blockInfo[0]!['io-status'], fault.error === 'ENOSPC' ? 'nospace' : 'failed')
          await jobs.resume(job)
        }
        await drives.exclusively(async () => undefined)
        for (const { data } of judged()) {
          const stops = policy === 'stop' || (policy === 'enospc' && fault.error === 'ENOSPC')
          assert.equal(data['action'], stops ? 'stop' : policy === 'enospc' ? 'report' : policy)
        }
        const end = made.events.find(({ name }) => name === 'BLOCK_JOB_COMPLETED')
        const failure = end?.data['error']
        if (failure !== undefined) {
          const text = fault.error === 'EIO' ? 'Input/output error' : 'No space left on device'
          assert.ok(String(failure).endsWith(text), String(failure))
        }
        assert.deepEqual(await readAll(drive.node!), model)
        if (
          end !== undefined &&
          failure === undefined &&
          policy !== 'ignore' &&
          kind !== 'stream' &&
          kind !== 'commit'
        ) {
          assert.deepEqual(await readAll(drives.graph.find('target')!), model)
        }
        const shown = drive.node!.name
        await onlyOnce(() => drives.removeDevice('/machine/d0'))
        for (const name of ['top', 'target', 'base']) {
          if (drives.graph.find(name) !== undefined)
            await onlyOnce(() => made.graph.remove(name)).catch(() => undefined)
        }
        await made.jobs.close()
        await onlyOnce(() => drives.close())
        await using image = await opened(new NodeGraph(), made.file(shown))
        assert.deepEqual(Buffer.from(await image.read(0, size)), model)
        for (const name of images) {
          const { status, stdout } = spawnSync('qemu-img', ['check', '-U', '-f', 'qcow2', made.file(name)])
          assert.ok(status === 0 || status === 3, `${name}: ${stdout}`) // 3: leaks alone
        }
        await made[Symbol.asyncDispose]()
      }),
      { numRuns },
    )
  })
}
