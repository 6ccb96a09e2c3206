import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filled, JobScene } from '../jobs/job-scene.ts'
import { type LeavingImage, leavingImages } from './leaving-image.ts'

const block = 65536
const size = 16 * block

const inUse = (by: string) => ({ kind: 'busy', message: `Node 'disk' is busy: block device is in use by ${by}` })

/** A drive over a base, beside a node for copies. */
async function scene() {
  const made = new JobScene()
  await made.image('base', { size, write: { 0: 1 } })
  await made.image('top', { size, backing: 'base', write: { [block]: 2 } })
  await made.image('copy', { size })
  const drive = await made.drive('disk', 'top')
  await made.graph.add({ driver: 'qcow2', 'node-name': 'copy', 'file.filename': made.file('copy') })
  return { made, drive }
}

/** Everything that is to be sent now: where which byte is. */
async function sent(image: LeavingImage): Promise<Record<number, number>> {
  const found: Record<number, number> = {}
  for (let part = await image.next(block); part !== undefined; part = await image.next(block)) {
    if (part.bytes !== undefined) found[part.offset] = part.bytes[0]!
  }
  return found
}

const jobs: Readonly<Record<string, (scene: JobScene) => Promise<void>>> = {
  mirror: ({ control }) => control.mirrorToNode({ device: 'disk', id: 'j', sync: 'full', target: 'copy' }),
  commit: ({ control }) => control.commit({ device: 'disk', id: 'j' }),
}

for (const [kind, start] of Object.entries(jobs)) {
  test(`a disk is not sent while a ${kind} may put another image in its place, but afterwards`, async () => {
    const { made, drive } = await scene()
    await using scope = made
    await start(made)
    await made.until(() => made.jobs.find('j')!.ready)
    await assert.rejects(leavingImages(made.drives, { incremental: false }), inUse(`block job: ${kind}`))
    made.jobs.complete(made.jobs.find('j')!)
    await made.gone('j')
    const [image] = await leavingImages(made.drives, { incremental: false })
    await using _ = image!
    assert.equal((await sent(image!))[block], 2)
    await drive.medium!.write(2 * block, filled(3))
    assert.deepEqual(await sent(image!), { [2 * block]: 3 })
    await assert.rejects(start(scope), inUse('migration'))
  })
}

test('what is written while and after a backup ends is sent', async () => {
  const { made, drive } = await scene()
  await using _ = made
  await made.graph.transaction([
    { type: 'backup', options: { device: 'disk', id: 'j', sync: 'full', targetNode: 'copy', speed: 1 } },
  ])
  const [image] = await leavingImages(made.drives, { incremental: true })
  await using _image = image!
  assert.deepEqual(await sent(image!), { [block]: 2 })
  await drive.medium!.write(2 * block, filled(3))
  await made.jobs.setSpeed(made.jobs.find('j')!, 0)
  await made.gone('j')
  await drive.medium!.write(3 * block, filled(4))
  assert.deepEqual(await sent(image!), { [2 * block]: 3, [3 * block]: 4 })
})

test('a disk that gets another image in spite of all is not sent any further', async () => {
  const { made, drive } = await scene()
  await using _ = made
  const [image] = await leavingImages(made.drives, { incremental: false })
  await using _image = image!
  await image!.next(block)
  await drive.withoutRequests(() => drive.switchTo(made.drives.graph.find('copy')!))
  await assert.rejects(image!.next(block), { kind: 'busy', message: /has got another image while it was sent/ })
})

test('a drive is not deleted while a job or a migration has its image', async () => {
  const { made, drive } = await scene()
  await using _ = made
  await jobs['mirror']!(made)
  await assert.rejects(made.drives.delete('disk'), inUse('block job: mirror'))
  await made.jobs.cancel(made.jobs.find('j')!, { force: true })
  await made.gone('j')
  const [image] = await leavingImages(made.drives, { incremental: false })
  await assert.rejects(made.drives.delete('disk'), inUse('migration'))
  await image![Symbol.asyncDispose]()
  await made.drives.delete('disk')
  assert.equal(drive.node, undefined)
})
