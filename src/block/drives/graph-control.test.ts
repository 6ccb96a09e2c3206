import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  blockInfo,
  connectPcDrives,
  createImage,
  type Drive,
  DriveSet,
  driveFromOptions,
  GraphControl,
  NodeGraph,
  type TransactionStep,
} from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-graph-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0
const fresh = (): string => join(folder, `image${count++}`)

interface Scene extends AsyncDisposable {
  readonly drives: DriveSet
  readonly control: GraphControl
  readonly disks: readonly Drive[]
}

/** A PC with two disks in qcow2 format, the guest's. */
async function scene(): Promise<Scene> {
  const drives = new DriveSet()
  const disks: Drive[] = []
  for (let index = 0; index < 2; index++) {
    const filename = fresh()
    await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 2 ** 20 })
    disks.push(await drives.add(driveFromOptions({ file: filename, format: 'qcow2', 'node-name': `disk${index}` })))
  }
  await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
  const control = new GraphControl(drives)
  return {
    drives,
    control,
    disks,
    async [Symbol.asyncDispose]() {
      await control.close()
      await drives.close()
    },
  }
}

const bytes = (value: number): Uint8Array => new Uint8Array(512).fill(value)

async function holds(drive: Drive, offset: number, value: number): Promise<void> {
  assert.deepEqual(Buffer.from(await drive.medium!.read(offset, 512)), Buffer.from(bytes(value)))
}

test('an overlay takes what is written from then on, and the image below stays as it was', async () => {
  await using s = await scene()
  const [disk] = s.disks
  await disk!.medium!.write(0, bytes(1))
  const base = disk!.node!
  await s.control.snapshot({ device: disk!.id, filename: fresh() })
  await disk!.medium!.write(0, bytes(2))
  await holds(disk!, 0, 2)
  assert.equal((await base.read(0, 1))[0], 1)
  assert.equal(disk!.node!.child('backing'), base)
  const [info] = await blockInfo([disk!])
  assert.deepEqual([info!.inserted!.backing_file_depth, info!.inserted!.backing_file], [1, base.filename])
})

test('what a guest writes while overlays come goes nowhere else, and nothing of it is lost', async () => {
  await using s = await scene()
  const [disk] = s.disks
  let going = true
  const written: number[] = []
  const guest = (async () => {
    for (let index = 0; going; index = (index + 1) % 64) {
      await disk!.medium!.write(index * 512, bytes(index + 1))
      written[index] = index + 1
    }
  })()
  for (let level = 0; level < 4; level++) await s.control.snapshot({ device: disk!.id, filename: fresh() })
  going = false
  await guest
  for (const [index, value] of written.entries()) await holds(disk!, index * 512, value)
  const [info] = await blockInfo([disk!])
  assert.equal(info!.inserted!.backing_file_depth, 4)
})

test('all or nothing: whichever step fails, the graph and the snapshots are as before, and the guest goes on', async () => {
  await using s = await scene()
  const [first, second] = s.disks as [Drive, Drive]
  await first.medium!.write(0, bytes(7))
  const good: readonly (() => TransactionStep)[] = [
    () => ({ type: 'overlay', target: { device: first.id, filename: fresh() } }),
    () => ({ type: 'internal-snapshot', target: { device: second.id, name: 'kept' } }),
    () => ({ type: 'overlay', target: { device: second.id, filename: fresh(), overlayName: `over${count}` } }),
    () => ({ type: 'overlay', target: { device: first.id, filename: fresh() } }),
  ]
  const bad: readonly TransactionStep[] = [
    { type: 'abort' },
    { type: 'overlay', target: { device: 'none', filename: fresh() } },
    { type: 'overlay', target: { device: first.id, filename: join(folder, 'no', 'such', 'folder') } },
    { type: 'overlay', target: { device: first.id, filename: fresh(), mode: 'existing' } },
    { type: 'internal-snapshot', target: { device: second.id, name: '' } },
  ]
  const nodes = (): string[] => [...s.drives.graph.nodes].map(({ name }) => name).sort()
  const before = nodes()
  for (const failing of bad) {
    for (let at = 0; at <= good.length; at++) {
      const steps = [...good.slice(0, at).map((make) => make()), failing, ...good.slice(at).map((make) => make())]
      await assert.rejects(s.control.transaction(steps))
      assert.deepEqual(nodes(), before)
      assert.deepEqual([first.node!.name, second.node!.name], ['disk0', 'disk1'])
      assert.deepEqual(second.node!.driver.snapshots!.list, [])
      await first.medium!.write(512, bytes(at + 1))
      await holds(first, 512, at + 1)
      await holds(first, 0, 7)
    }
  }
  await s.control.transaction(good.map((make) => make()))
  const depths = (await blockInfo(s.disks)).map(({ inserted }) => inserted!.backing_file_depth)
  assert.deepEqual(depths, [2, 1])
  await holds(first, 0, 7)
})

test('a node that was added can be an overlay, and is deleted when nobody uses it', async () => {
  await using s = await scene()
  const [disk] = s.disks as [Drive, Drive]
  const filename = fresh()
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size: 2 ** 20 })
  await s.control.add({ driver: 'qcow2', 'node-name': 'over', 'file.driver': 'file', 'file.filename': filename })
  await disk.medium!.write(0, bytes(3))
  await s.control.snapshot({ node: 'disk0', overlay: 'over' })
  assert.equal(disk.node!.name, 'over')
  await holds(disk, 0, 3)
  await assert.rejects(s.control.remove('over'), { message: 'Node over is in use' })
  await assert.rejects(s.control.snapshot({ node: 'disk1', overlay: 'over' }), {
    message: 'The overlay is already in use',
  })
  await s.control.add({ driver: 'null-co', 'node-name': 'nothing' })
  await assert.rejects(s.control.snapshot({ node: 'disk1', overlay: 'nothing' }), {
    message: 'The overlay does not support backing images',
  })
  await s.control.remove('nothing')
  assert.equal(s.drives.graph.find('nothing'), undefined)
  await assert.rejects(s.control.remove('disk1'), { message: 'Node disk1 is in use' })
})
