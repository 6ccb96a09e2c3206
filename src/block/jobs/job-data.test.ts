import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { NodeGraph } from '../graph/node-graph.ts'
import { filled, JobScene, opened } from './job-scene.ts'

const size = 2 ** 20
const sector = 512

/** What is asked of a job while the guest writes. */
type Step =
  | { readonly kind: 'write'; readonly at: number; readonly sectors: number; readonly value: number }
  | { readonly kind: 'zero' | 'discard'; readonly at: number; readonly sectors: number }
  | { readonly kind: 'pause' | 'resume' | 'turn' | 'snapshot' }
  | { readonly kind: 'speed'; readonly speed: number }

const place = { at: fc.nat(size / sector - 65), sectors: fc.integer({ min: 1, max: 64 }) }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('write' as const), ...place, value: fc.integer({ min: 1, max: 255 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('zero' as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('discard' as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('speed' as const), speed: fc.constantFrom(0, 2 ** 20, 2 ** 30) }),
  },
)
const steps = fc.array(step, { maxLength: 40 })
const ending = fc.constantFrom('well' as const, 'cancel' as const, 'force' as const)

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A chain of three in a drive, and what it shows. */
async function chain(scene: JobScene) {
  const model = Buffer.alloc(size)
  const write = (values: Readonly<Record<number, number>>) => {
    for (const [at, value] of Object.entries(values)) model.fill(value, Number(at), Number(at) + 65536)
    return values
  }
  await scene.image('base', { write: write({ 0: 1, 262144: 1, 983040: 4 }) })
  await scene.image('mid', { backing: 'base', write: write({ 65536: 2, 262144: 5 }) })
  await scene.image('top', { backing: 'mid', write: write({ 131072: 3 }) })
  return { model, drive: await scene.drive('d0', 'top', { discard: 'unmap' }) }
}

async function play(scene: JobScene, { model, drive }: Awaited<ReturnType<typeof chain>>, list: readonly Step[]) {
  const job = () => scene.jobs.find('j')
  const running: Promise<void>[] = []
  for (const one of list) {
    const active = job()
    switch (one.kind) {
      case 'write': {
        const bytes = filled(one.value, one.sectors * sector)
        model.set(bytes, one.at * sector)
        // Overlapping writes have no order: one at a time.
        await Promise.all(running.splice(0))
        running.push(drive.medium!.write(one.at * sector, bytes))
        break
      }
      case 'zero':
        await Promise.all(running.splice(0))
        model.fill(0, one.at * sector, (one.at + one.sectors) * sector)
        running.push(drive.medium!.write(one.at * sector, new Uint8Array(one.sectors * sector)))
        break
      case 'discard': {
        await Promise.all(running.splice(0))
        const [offset, length] = [one.at * sector, one.sectors * sector]
        await drive.medium!.discard(offset, length)
        // What is left of the range is up to the image.
        model.set(await drive.medium!.read(offset, length), offset)
        break
      }
      case 'turn':
        await turn()
        break
      case 'pause':
      case 'resume':
        try {
          if (active !== undefined) await scene.jobs[one.kind](active)
        } catch {
          // Not at this moment.
        }
        break
      case 'speed':
        if (active !== undefined && !active.hasRun) await scene.jobs.setSpeed(active, one.speed)
        break
    }
  }
  await Promise.all(running)
}

/** Looks in each turn of the event loop how far the job has come. @returns ends that, and says what it has seen */
function watchProgress(scene: JobScene): () => readonly number[] {
  const seen: number[] = []
  let over = false
  const look = (): void => {
    const job = scene.jobs.find('j')
    if (job !== undefined) seen.push(job.progress.current)
    if (!over) setImmediate(look)
  }
  look()
  return () => {
    over = true
    return seen
  }
}

/** Ends the job as is wanted; it runs as fast as it can to there. */
async function end(scene: JobScene, how: 'well' | 'cancel' | 'force', needsCompletion: boolean) {
  const job = scene.jobs.find('j')
  if (job === undefined) return scene.gone('j')
  if (job.pausedByUser && !job.hasRun) await scene.jobs.resume(job)
  if (!job.hasRun) await scene.jobs.setSpeed(job, 0)
  if (how === 'force') {
    await scene.jobs.cancel(job, { force: true }).catch(() => undefined)
  } else if (needsCompletion) {
    await scene.until(() => job.ready || scene.jobs.find('j') === undefined)
    if (how === 'well') scene.jobs.complete(job)
    else await scene.jobs.cancel(job, { force: false })
  }
  await scene.gone('j')
}

async function shows(filename: string, model: Buffer, format = 'qcow2') {
  await using image = await opened(new NodeGraph(), filename, format)
  const bytes = Buffer.from(await image.read(0, size))
  const wrong = bytes.findIndex((byte, at) => byte !== model[at])
  assert.equal(wrong, -1, `${filename} at ${wrong}`)
}

function isSound(filename: string) {
  execFileSync('qemu-img', ['check', '-q', filename])
}

interface Kind {
  readonly name: string
  readonly start: (scene: JobScene) => Promise<void>
  readonly completes: boolean
  /** The file that must show what the guest wrote, if the job has ended well or by a good cancellation. */
  readonly copies?: string
  /** The file that must show what the image held when the job was started, if it has ended well. */
  readonly keeps?: string
  readonly format?: string
}

const kinds: readonly Kind[] = [
  { name: 'a stream', start: (s) => s.control.stream({ device: 'd0', id: 'j' }), completes: false },
  {
    name: 'a commit in the middle',
    start: (s) => s.control.commit({ device: 'd0', id: 'j', top: s.file('mid'), base: s.file('base') }),
    completes: false,
  },
  {
    name: 'a commit of the top',
    start: (s) => s.control.commit({ device: 'd0', id: 'j' }),
    completes: true,
    copies: 'base',
  },
  ...(['qcow2', 'raw'] as const).map(
    (format): Kind => ({
      name: `a backup in ${format}`,
      start: (s) =>
        s.graph.transaction([
          { type: 'backup', options: { device: 'd0', id: 'j', sync: 'full', target: s.file('copy'), format } },
        ]),
      completes: false,
      keeps: 'copy',
      format,
    }),
  ),
  {
    name: 'a backup of the top',
    start: (s) =>
      s.graph.transaction([
        { type: 'backup', options: { device: 'd0', id: 'j', sync: 'top', target: s.file('copy'), compress: true } },
      ]),
    completes: false,
    keeps: 'copy',
  },
  ...(['full background', 'full write-blocking', 'top background', 'top write-blocking'] as const).map((name): Kind => {
    const [sync, copyMode] = name.split(' ') as ['full' | 'top', 'background' | 'write-blocking']
    return {
      name: `a mirror, ${name}`,
      start: (s) =>
        s.control.mirrorToFile({
          device: 'd0',
          id: 'j',
          sync,
          target: s.file('copy'),
          format: 'qcow2',
          copyMode,
          granularity: 4096,
        }),
      completes: true,
      copies: 'copy',
    }
  }),
]

for (const kind of kinds) {
  test(`whatever the guest writes during ${kind.name}, and however that ends, is there, and progress never goes back`, {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(steps, ending, fc.nat(3), async (list, how, turns) => {
        await using scene = new JobScene()
        const guest = await chain(scene)
        await kind.start(scene)
        const progress = watchProgress(scene)
        const before = Buffer.from(guest.model)
        for (let index = 0; index < turns; index++) await turn()
        await play(scene, guest, list)
        await end(scene, how, kind.completes)
        const seen = progress()
        assert.ok(!seen.some((bytes, at) => bytes < (seen[at - 1] ?? 0)), 'progress goes back')
        const { drive, model } = guest
        const top = drive.node!
        const bytes = Buffer.from(await drive.medium!.read(0, size))
        const wrong = bytes.findIndex((byte, at) => byte !== model[at])
        assert.equal(wrong, -1, `the drive at ${wrong}`)
        const file = top.filename
        await drive.close()
        await shows(file, model)
        isSound(file)
        if (kind.copies !== undefined && how !== 'force') {
          await shows(scene.file(kind.copies), model)
          isSound(scene.file(kind.copies))
        }
        if (kind.keeps !== undefined && how !== 'force') {
          await shows(scene.file(kind.keeps), before, kind.format)
          if (kind.format !== 'raw') isSound(scene.file(kind.keeps))
        }
        assert.deepEqual(
          [...scene.drives.graph.nodes].map(({ name }) => name),
          [],
        )
      }),
      { numRuns: Number(process.env['VMON_JOB_CASES'] ?? 15) },
    )
  })
}
