import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { blockInfo } from '../drives/block-info.ts'
import { NodeGraph } from '../graph/node-graph.ts'
import { filled, JobScene, opened } from './job-scene.ts'

const cluster = 65536
const success = ['created', 'running', 'waiting', 'pending', 'BLOCK_JOB_COMPLETED', 'concluded', 'null']

/** Three images, one over the other, in a drive. */
async function chain(scene: JobScene) {
  await scene.image('base', { write: { 0: 1, [4 * cluster]: 1 } })
  await scene.image('mid', { backing: 'base', write: { [cluster]: 2 } })
  await scene.image('top', { backing: 'mid', write: { [2 * cluster]: 3 } })
  return scene.drive('d0', 'top')
}

async function shows(filename: string, expected: Readonly<Record<number, number>>): Promise<void> {
  await using image = await opened(new NodeGraph(), filename)
  for (const [at, value] of Object.entries(expected)) {
    assert.deepEqual(Buffer.from(await image.read(Number(at), cluster)), Buffer.from(filled(value)), `at ${at}`)
  }
}

test('a stream copies everything up, lets go of the images behind, and tells so in its order', async () => {
  await using scene = new JobScene()
  const drive = await chain(scene)
  await scene.control.stream({ device: 'd0' })
  await scene.gone('d0')
  assert.deepEqual(scene.notices, success)
  assert.deepEqual(scene.events.find(({ name }) => name === 'BLOCK_JOB_COMPLETED')?.data, {
    type: 'stream',
    device: 'd0',
    len: 2 ** 20,
    offset: 2 ** 20,
    speed: 0,
  })
  assert.equal(drive.node?.behind, undefined)
  assert.deepEqual(
    [...scene.drives.graph.nodes].map((node) => node.driver.name),
    ['file', 'qcow2'],
  )
  await drive.close()
  await shows(scene.file('top'), { 0: 1, [cluster]: 2, [2 * cluster]: 3, [3 * cluster]: 0, [4 * cluster]: 1 })
  execFileSync('qemu-img', ['check', '-q', scene.file('top')])
})

test('with a base, what it holds is not copied, and the image is over it', async () => {
  await using scene = new JobScene()
  const drive = await chain(scene)
  await scene.control.stream({ device: 'd0', base: scene.file('base'), id: 'j0' })
  await scene.gone('j0')
  assert.equal(drive.node?.behind?.filename, scene.file('base'))
  const map = await drive.node!.status(0, 2 ** 20)
  assert.equal(map.allocated, false)
  await drive.close()
  await shows(scene.file('top'), { 0: 1, [cluster]: 2, [2 * cluster]: 3, [4 * cluster]: 1 })
})

test('an image in the middle of a chain is made independent while the drive goes on', async () => {
  await using scene = new JobScene()
  await scene.image('base', { write: { 0: 1 } })
  await scene.image('mid', { backing: 'base', write: { [cluster]: 2 } })
  await scene.image('top', { backing: 'mid', write: { [2 * cluster]: 3 } })
  const drive = await scene.drive('d0', 'top', { 'backing.node-name': 'middle' })
  await scene.control.stream({ device: 'middle', id: 'j0' })
  await scene.gone('j0')
  assert.equal(drive.node?.behind?.name, 'middle')
  assert.equal(drive.node?.behind?.readOnly, true)
  assert.equal(drive.node?.behind?.behind, undefined)
  await drive.close()
  await shows(scene.file('mid'), { 0: 1, [cluster]: 2 })
})

test('while it runs, others are kept from the images in the words of QEMU', async () => {
  await using scene = new JobScene()
  await chain(scene)
  await scene.control.stream({ device: 'd0', speed: 1 })
  const busy = { message: "Node 'd0' is busy: block device is in use by block job: stream" }
  await assert.rejects(scene.control.stream({ device: 'd0', id: 'other' }), busy)
  await assert.rejects(scene.graph.snapshot({ device: 'd0', filename: scene.file('over') }), busy)
  await assert.rejects(
    scene.graph.nameBacking({ device: 'd0', imageNode: 'x', filename: '' }),
    /Need a root block node/,
  )
  const [info] = await blockInfo(scene.drives)
  assert.equal(info?.inserted?.drv, 'qcow2')
  const nodes = [...scene.drives.graph.nodes].map((node) => node.driver.name)
  assert.ok(nodes.includes('copy-on-read'))
  // The snapshot was a transaction: everything stands still for that.
  assert.deepEqual(scene.notices, ['created', 'running', 'paused', 'running'])
})

test('a stream that is cancelled leaves the chain as it was', async () => {
  await using scene = new JobScene()
  const drive = await chain(scene)
  await scene.control.stream({ device: 'd0', speed: 1 })
  await scene.jobs.cancel(scene.jobs.named('d0'), { force: false })
  await scene.gone('d0')
  assert.deepEqual(scene.notices, ['created', 'running', 'aborting', 'BLOCK_JOB_CANCELLED', 'concluded', 'null'])
  assert.equal(drive.node?.behind?.behind?.filename, scene.file('base'))
})

test('what the guest writes meanwhile stays, wherever the stream is', async () => {
  await using scene = new JobScene()
  const drive = await chain(scene)
  await scene.control.stream({ device: 'd0' })
  const writes = [0, 1, 5].map((at) => drive.medium!.write(at * cluster, filled(9)))
  await Promise.all(writes)
  await scene.gone('d0')
  await drive.close()
  await shows(scene.file('top'), { 0: 9, [cluster]: 9, [2 * cluster]: 3, [4 * cluster]: 1, [5 * cluster]: 9 })
})

test('a job that is to be finalized and dismissed by hand waits for both', async () => {
  await using scene = new JobScene()
  const drive = await chain(scene)
  await scene.control.stream({ device: 'd0', autoFinalize: false, autoDismiss: false })
  await scene.until(() => scene.notices.includes('BLOCK_JOB_PENDING'))
  assert.notEqual(drive.node?.behind, undefined)
  const job = scene.jobs.named('d0')
  assert.throws(() => job.pause(), { message: "Job 'd0' in state 'pending' cannot accept command verb 'pause'" })
  await scene.jobs.finalize(job)
  assert.equal(drive.node?.behind, undefined)
  assert.equal(scene.jobs.info[0]?.status, 'concluded')
  await scene.jobs.dismiss(job)
  assert.deepEqual(scene.notices, [...success.slice(0, 4), 'BLOCK_JOB_PENDING', ...success.slice(4)])
})
