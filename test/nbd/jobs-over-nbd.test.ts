import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { JobScene } from '../../src/block/jobs/job-scene.ts'
import { missingProgram } from '../oracle/peers.ts'
import { scratch, startServer } from './nbd-programs.ts'
import { ownServer } from './own-server.ts'

const size = 4 * 2 ** 20

/** A drive `d0` full of data, and a node `target` of a server's export. */
async function sceneWith(socket: string, more: Readonly<Record<string, string | number>>): Promise<JobScene> {
  const scene = new JobScene()
  const write = Object.fromEntries(Array.from({ length: size / 65536 }, (_, at) => [at * 65536, (at % 250) + 1]))
  await scene.image('disk', { size, write })
  await scene.drive('d0', 'disk')
  await scene.graph.add({
    driver: 'nbd',
    'node-name': 'target',
    'server.type': 'unix',
    'server.path': socket,
    ...more,
  })
  return scene
}

const mirror = (
  scene: JobScene,
  more: { readonly onTargetError?: 'enospc' | 'report'; readonly speed?: number } = {},
) => scene.control.mirrorToNode({ device: 'd0', id: 'j', sync: 'full', target: 'target', ...more })

async function contents(scene: JobScene): Promise<Buffer> {
  return Buffer.from(await scene.drives.graph.find('target')!.read(0, size))
}

async function source(scene: JobScene): Promise<Buffer> {
  return Buffer.from(await scene.drives.find('d0')!.medium!.read(0, size))
}

/** Completes the job when it is ready. */
async function complete(scene: JobScene): Promise<void> {
  await scene.until(() => scene.notices.includes('ready') || scene.jobs.find('j') === undefined)
  const job = scene.jobs.find('j')
  assert.ok(job !== undefined, scene.notices.join(' '))
  scene.jobs.complete(job)
  await scene.gone('j')
}

describe('a job whose target is on a server', { timeout: 300_000 }, () => {
  it('waits for a server that is killed and comes back, and copies all', async () => {
    await using files = await scratch()
    await writeFile(files.path('disk'), Buffer.alloc(size))
    const node = { driver: 'raw', 'file.driver': 'file', 'file.filename': files.path('disk') }
    const first = await ownServer(files.path('s'), node, { writable: true })
    await using scene = await sceneWith(files.path('s'), { export: 'disk', 'reconnect-delay': 300 })
    await mirror(scene, { speed: 2 ** 20 })
    await first[Symbol.asyncDispose]()
    await scene.jobs.setSpeed(scene.jobs.find('j')!, 0)
    await using _second = await ownServer(files.path('s'), node, { writable: true })
    await scene.until(() => scene.notices.includes('ready') || scene.jobs.find('j') === undefined)
    assert.ok((await source(scene)).equals(await contents(scene)))
    await complete(scene)
    assert.ok(!scene.notices.includes('BLOCK_JOB_ERROR'))
  })

  it('fails when its server is gone for good, and the disk is as it was', async () => {
    await using files = await scratch()
    const first = await ownServer(files.path('s'), { driver: 'null-co', size }, { writable: true })
    await using scene = await sceneWith(files.path('s'), { export: 'disk' })
    const before = await source(scene)
    await mirror(scene, { speed: 2 ** 20 })
    await first[Symbol.asyncDispose]()
    await scene.jobs.setSpeed(scene.jobs.find('j')!, 0)
    await scene.gone('j')
    const end = scene.events.find(({ name }) => name === 'BLOCK_JOB_COMPLETED')
    assert.equal(end?.data['error'], 'Input/output error')
    assert.ok(before.equals(await source(scene)))
  })

  it('stops while the server has no space, and goes on when there is some', {
    skip: missingProgram('nbdkit'),
  }, async () => {
    await using files = await scratch()
    await writeFile(files.path('full'), '')
    const full = ['error-pwrite=ENOSPC', 'error-pwrite-rate=100%', `error-pwrite-file=${files.path('full')}`]
    const words = ['nbdkit', '-f', '-U', files.path('s'), '--filter=error', 'memory', `${size}`, ...full]
    await using _server = await startServer(words, files.path('s'))
    await using scene = await sceneWith(files.path('s'), {})
    await mirror(scene, { onTargetError: 'enospc' })
    await scene.until(() => scene.notices.at(-1) === 'paused')
    assert.equal(scene.jobs.blockInfo[0]?.['io-status'], 'nospace')
    await rm(files.path('full'))
    await scene.jobs.resume(scene.jobs.find('j')!)
    await scene.until(() => scene.notices.includes('ready') || scene.jobs.find('j') === undefined)
    assert.ok((await source(scene)).equals(await contents(scene)))
    await complete(scene)
    const end = scene.events.find(({ name }) => name === 'BLOCK_JOB_COMPLETED')
    assert.equal(end?.data['error'], undefined)
  })
})
