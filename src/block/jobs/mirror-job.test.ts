import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeGraph } from '../graph/node-graph.ts'
import { filled, JobScene, opened } from './job-scene.ts'

const size = 4 * 2 ** 20
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const copyMode of ['background', 'write-blocking'] as const) {
  test(`a mirror in ${copyMode} mode copies what discards and zeroes leave of clusters`, {
    timeout: 300_000,
  }, async () => {
    await using scene = new JobScene()
    await scene.image('top', { size })
    {
      await using node = await opened(new NodeGraph(), scene.file('top'), 'qcow2')
      await node.write(0, filled(1, size))
    }
    const drive = await scene.drive('d0', 'top', { discard: 'unmap' })
    await scene.control.mirrorToFile({
      device: 'd0',
      id: 'j',
      sync: 'full',
      target: scene.file('copy'),
      format: 'qcow2',
      copyMode,
      granularity: 4096,
      speed: 65536,
    })
    const job = scene.jobs.find('j')!
    // What is to be copied is known from then on.
    while (job.progress.current === 0) await turn()
    // Of the first two, no cluster is covered whole.
    await drive.medium!.discard(3158528, 72192)
    await drive.medium!.discard(2 ** 21 + 4096, 8192)
    await drive.medium!.discard(2 ** 21 + 3 * 65536 - 512, 65536 + 1024)
    await drive.medium!.writeZeroes(2 ** 21 + 5 * 65536 - 512, 65536 + 1024, { unmap: true })
    const model = Buffer.from(await drive.medium!.read(0, size))
    assert.equal(model[3158528], 1)
    assert.equal(model[2 ** 21 + 3 * 65536], 0)
    await scene.jobs.setSpeed(job, 0)
    await scene.until(() => job.ready)
    scene.jobs.complete(job)
    await scene.gone('j')
    await drive.close()
    await using copy = await opened(new NodeGraph(), scene.file('copy'), 'qcow2')
    const bytes = Buffer.from(await copy.read(0, size))
    assert.equal(
      bytes.findIndex((byte, at) => byte !== model[at]),
      -1,
    )
  })
}
