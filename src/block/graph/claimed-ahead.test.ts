import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createImage } from '../create/create-image.ts'
import { driveFromOptions } from '../drives/drive-options.ts'
import { DriveSet } from '../drives/drive-set.ts'
import { NodeGraph } from './node-graph.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-ahead-'))
after(() => rmSync(folder, { recursive: true }))

test('a disk of a machine that is to come in can be filled before, and the guest has it afterwards', async () => {
  const filename = join(folder, 'disk')
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 2 ** 20 })
  await using drives = new DriveSet({ inactive: true })
  const drive = await drives.add(driveFromOptions({ id: 'd0', if: 'none', file: filename }))
  await drive.connect({ model: 'ide-hd', path: '/machine/d0', place: drive.place })
  const node = drive.node!
  const access = { uses: ['read', 'write'], shares: ['read', 'write'] } as const
  await assert.rejects(node.write(0, new Uint8Array(512)), { kind: 'permission' })

  await node.links.claimAhead()
  const filler = await node.attach({ description: 'an export', access })
  await node.write(65536, Buffer.alloc(65536, 7))
  await drives.graph.claim({ written: true })
  assert.equal((await node.read(65536, 1))[0], 7)
  await filler.detach()
  // From now on it is the guest's alone.
  await assert.rejects(node.attach({ description: 'a latecomer', access }), { kind: 'busy' })
  await node.write(0, Buffer.alloc(512, 8))
  assert.equal((await node.read(0, 1))[0], 8)
})

test('what another process has written to a disk meanwhile stays, though it is filled before the machine comes in', async () => {
  const filename = join(folder, 'shared')
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 2 ** 20 })
  const access = { uses: ['read', 'write'], shares: ['read', 'write'] } as const
  const open = (graph: NodeGraph) => graph.open({ filename, options: { driver: 'qcow2' } })
  const here = new NodeGraph({ inactive: true })
  const node = await open(here)
  const there = await open(new NodeGraph())
  const other = await there.attach({ description: 'another process', access })
  await there.write(0, Buffer.alloc(65536, 7))
  await other.detach()

  await node.links.claimAhead()
  const filler = await node.attach({ description: 'an export', access })
  assert.equal((await node.read(0, 1))[0], 7)
  await node.write(2 ** 19, Buffer.alloc(65536, 8))
  await filler.detach()
  const again = await open(new NodeGraph())
  const reader = await again.attach({ description: 'a reader' })
  assert.deepEqual([(await again.read(0, 1))[0], (await again.read(2 ** 19, 1))[0]], [7, 8])
  await reader.detach()
})

test('two devices cannot have one disk, though the machine is to come in', async () => {
  const filename = join(folder, 'both')
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 2 ** 20 })
  await using drives = new DriveSet({ inactive: true })
  const node = await drives.graph.open({ filename })
  const access = { uses: ['write'], shares: [] } as const
  const first = await node.attach({ description: 'one', access, owner: { kind: 'drive', drive: {} } })
  await assert.rejects(node.attach({ description: 'other', access, owner: { kind: 'drive', drive: {} } }), {
    kind: 'busy',
  })
  await first.detach()
})

test('an image can be made while another process has the others, which it goes over afterwards', async () => {
  const [base, overlay] = ['base', 'overlay'].map((name) => join(folder, name))
  await createImage(new NodeGraph(), { filename: base!, format: 'qcow2', size: 2 ** 20 })
  await using drives = new DriveSet({ inactive: true })
  const { graph } = drives
  const drive = await drives.add(driveFromOptions({ id: 'd0', if: 'none', file: base!, snapshot: 'on' }))
  assert.notEqual(drive.node?.filename, base)
  await createImage(graph, { filename: overlay!, format: 'qcow2', size: 2 ** 20 })
  const file = await graph.open({ options: { driver: 'file', filename: join(folder, 'base') } })
  await assert.rejects(file.write(0, new Uint8Array(512)), { kind: 'permission' }, 'it is not ours yet')
  await file.close()
  await graph.claim({ written: false })
  await graph.release()
  await createImage(graph, { filename: overlay!, format: 'raw', size: 2 ** 20 })
})
