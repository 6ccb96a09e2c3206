import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { createImage, imageInfo, NodeGraph } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-info-'))
after(() => rmSync(folder, { recursive: true }))

async function image(name: string): Promise<string> {
  const filename = join(folder, name)
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 2 ** 20 })
  return filename
}

test('a snapshot tells how many instructions were counted, if somebody counted', {
  skip: missingProgram('qemu-img'),
}, async () => {
  const filename = await image('counted')
  execFileSync('qemu-img', ['snapshot', '-c', 'by qemu-img', filename])
  await using graph = new NodeGraph()
  const node = await graph.open({ filename })
  const user = await node.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  await node.driver.snapshots!.create({ name: 'by us' })
  const { snapshots } = await imageInfo(node)
  // qemu-img writes a 0; a machine that does not count says so.
  assert.deepEqual(
    snapshots!.map(({ icount }) => icount),
    [0n, undefined],
  )
  await user.detach()
})

test('a raw node over an image shows nothing of its format but the snapshots that it would keep', async () => {
  const filename = await image('below')
  await using graph = new NodeGraph()
  const below = { 'file.driver': 'qcow2', 'file.file.driver': 'file', 'file.file.filename': filename }
  const node = await graph.open({ options: { driver: 'raw', ...below } })
  const shown = await imageInfo(node, { flat: true })
  assert.deepEqual(Object.keys(shown), [
    'filename',
    'format',
    'dirty-flag',
    'actual-size',
    'virtual-size',
    'cluster-size',
  ])
  assert.match(shown.filename, /^json:/)
})

test('the name of a key does no harm to an image that is not encrypted', async () => {
  const filename = await image('open')
  await using graph = new NodeGraph()
  await (await graph.open({ filename, options: { driver: 'qcow2', 'encrypt.key-secret': 'nobody' } })).close()
  const format = graph.open({ filename, options: { driver: 'qcow2', 'encrypt.format': 'aes' } })
  await assert.rejects(format, { message: "No encryption in image header, but options specified format 'aes'" })
})
