import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createImage } from '../create/create-image.ts'
import { NodeGraph } from '../graph/node-graph.ts'
import { JobScene } from './job-scene.ts'

const passwords: Readonly<Record<string, string>> = { s0: 'first', s1: 'second', s2: 'third' }
const secret = (id: string): Uint8Array | undefined =>
  passwords[id] === undefined ? undefined : new TextEncoder().encode(passwords[id])
const prefixes = { luks: '', qcow2: 'encrypt.' } as const

type Format = keyof typeof prefixes

/** An encrypted image that `s0` opens, as a node; `amend()` starts a job. */
async function encrypted(scene: JobScene, format: Format) {
  const prefix = prefixes[format]
  const filename = scene.file(format)
  const key = { [`${prefix}key-secret`]: 's0' }
  const options = { ...key, [`${prefix}iter-time`]: '10', ...(format === 'qcow2' && { 'encrypt.format': 'luks' }) }
  await createImage(new NodeGraph({ secret }), { filename, format, size: 2 ** 20, options })
  await scene.graph.add({ driver: format, 'node-name': 'n', ...key, 'file.driver': 'file', 'file.filename': filename })
  return {
    amend: (id: string, changes: Readonly<Record<string, string | number>>) =>
      scene.control.amend(id, {
        nodeName: 'n',
        driver: format,
        options: Object.fromEntries(Object.entries(changes).map(([name, value]) => [prefix + name, value])),
      }),
    /** Waits for the end of a job. @returns with what it has failed */
    ended: async (id: string) => {
      await scene.until(() => scene.jobs.find(id)?.status === 'concluded')
      return scene.jobs.find(id)!.failure
    },
    opens: async (id: string) => {
      await using graph = new NodeGraph({ secret })
      const options = { driver: format, [`${prefix}key-secret`]: id, 'file.locking': 'off' }
      return graph.open({ filename, options, readOnly: true }).then(
        () => true,
        () => false,
      )
    },
  }
}

for (const format of ['luks', 'qcow2'] as const) {
  test(`two jobs that erase both key slots of a ${format} image leave one`, async () => {
    await using scene = new JobScene({ secret })
    const { amend, ended, opens } = await encrypted(scene, format)
    await amend('add', { state: 'active', 'new-secret': 's1', 'iter-time': 10 })
    assert.equal(await ended('add'), undefined)
    await Promise.all([
      amend('one', { state: 'inactive', 'old-secret': 's0' }),
      amend('other', { state: 'inactive', 'old-secret': 's1' }),
    ])
    assert.equal(await ended('one'), undefined)
    assert.match(String(await ended('other')), /All the active keyslots match the \(old\) password/)
    assert.deepEqual([await opens('s0'), await opens('s1')], [false, true])
  })
  test(`a job that has failed leaves a running one on a ${format} image its right to write`, async () => {
    await using scene = new JobScene({ secret })
    const { amend, ended, opens } = await encrypted(scene, format)
    await amend('bad', { state: 'inactive', 'old-secret': 's0' })
    assert.match(String(await ended('bad')), /All the active keyslots match/)
    await amend('good', { state: 'active', 'new-secret': 's1', 'iter-time': 10 })
    await scene.jobs.dismiss(scene.jobs.find('bad')!)
    assert.equal(await ended('good'), undefined)
    assert.equal(await opens('s1'), true)
  })
}

test('jobs on qcow2 images are refused in the words of QEMU, if the format of the encryption is another', async () => {
  await using scene = new JobScene({ secret })
  const { amend, ended } = await encrypted(scene, 'qcow2')
  await amend('j', { format: 'qcow' })
  assert.equal(await ended('j'), "Amend can't be used to change the qcow2 encryption format")
  await scene.image('plain')
  await scene.graph.add({
    driver: 'qcow2',
    'node-name': 'p',
    'file.driver': 'file',
    'file.filename': scene.file('plain'),
  })
  const options = { 'encrypt.format': 'luks', 'encrypt.state': 'active', 'encrypt.new-secret': 's1' }
  await scene.control.amend('k', { nodeName: 'p', driver: 'qcow2', options })
  assert.equal(await ended('k'), "image is not encrypted, can't amend")
})
