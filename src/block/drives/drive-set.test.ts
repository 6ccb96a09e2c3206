import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { create } from '../formats/qcow2/image-fixture.ts'
import { blockInfo, connectPcDrives, DriveSet, driveFromOptions, MemoryDriver } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-drive-set-'))
after(() => rmSync(folder, { recursive: true }))
const pc = { vga: true, serialPorts: 1, parallelPorts: 1, networkCards: 1 }

test('drives that are added at the same time get different places', async () => {
  await using drives = new DriveSet()
  const config = driveFromOptions({ driver: 'null-co' })
  const added = await Promise.all([drives.add(config), drives.add(config), drives.add(config)])
  assert.deepEqual(
    added.map(({ id }) => id),
    ['ide0-hd0', 'ide0-hd1', 'ide1-hd0'],
  )
  assert.deepEqual(
    [...drives].map(({ id }) => id),
    ['ide0-hd0', 'ide0-hd1', 'ide1-hd0'],
  )
  assert.equal(drives.find('ide0-hd1'), added[1])
  assert.equal(drives.find('ide1-hd1'), undefined)
})

test('a drive whose image fails leaves its place and its name free', async () => {
  await using drives = new DriveSet()
  await assert.rejects(drives.add(driveFromOptions({ file: join(folder, 'none'), id: 'system' })), { kind: 'missing' })
  const drive = await drives.add(driveFromOptions({ driver: 'null-co', id: 'system' }))
  assert.deepEqual(drive.place, { interface: 'ide', bus: 0, unit: 0 })
})

test('query-block tells what an image really takes on its disk', async () => {
  await using drives = new DriveSet()
  const sparse = join(folder, 'sparse')
  writeFileSync(sparse, '')
  truncateSync(sparse, 2 ** 30)
  const full = join(folder, 'full')
  writeFileSync(full, new Uint8Array(2 ** 20).fill(1))
  for (const file of [sparse, full]) await drives.add(driveFromOptions({ file, format: 'raw', if: 'none' }))
  const [first, second] = (await blockInfo(drives)).map(({ inserted }) => inserted!.image)
  assert.deepEqual([first!['virtual-size'], first!['actual-size']], [2 ** 30, 0])
  assert.ok(second!['actual-size']! >= 2 ** 20, `${second!['actual-size']} bytes`)
})

test('a medium can be put into an empty drive and taken out again', async () => {
  await using drives = new DriveSet()
  drives.addDefaults()
  await connectPcDrives(drives, pc)
  const drive = drives.find('floppy0')!
  assert.equal(drive.medium, undefined)
  const node = drives.graph.add(new MemoryDriver(new Uint8Array(1474560)))
  await drive.insert(node)
  await assert.rejects(drive.insert(node), { kind: 'busy' })
  await drive.medium!.write(0, new Uint8Array(512).fill(1))
  assert.equal((await drive.medium!.read(0, 512))[0], 1)
  await drive.remove()
  assert.equal(drive.medium, undefined)
  assert.equal(node.state, 'closed')
  await drive.remove()
})

test('taking a medium out waits for what the guest still does with it', async () => {
  await using drives = new DriveSet()
  const drive = await drives.add(driveFromOptions({ driver: 'null-co', 'latency-ns': '5000000', if: 'none' }))
  const order: string[] = []
  const reading = drive.medium!.read(0, 512).then(() => order.push('read'))
  await drive.remove().then(() => order.push('removed'))
  await reading
  assert.deepEqual(order, ['read', 'removed'])
})

test('what the guest does to the tray shows in query-block', async () => {
  await using drives = new DriveSet()
  drives.addDefaults(['cdrom'])
  await connectPcDrives(drives, pc)
  const drive = drives.find('ide1-cd0')!
  const shown = async (): Promise<unknown> => {
    const [info] = await blockInfo([drive])
    return [info!.tray_open, info!.locked]
  }
  assert.deepEqual(await shown(), [false, false])
  assert.equal(await drive.guestTray('lock'), true)
  assert.deepEqual(await shown(), [false, true])
  assert.equal(await drive.guestTray('unlock'), true)
  await drive.moveTray('open')
  assert.deepEqual(await shown(), [true, false])
})

test('a set that is closed has closed every image, and closing it again is the same', async () => {
  const drives = new DriveSet()
  for (let count = 0; count < 3; count++) await drives.add(driveFromOptions({ driver: 'null-co', if: 'none' }))
  const nodes = [...drives.graph.nodes]
  await Promise.all([drives.close(), drives.close()])
  assert.deepEqual(
    nodes.map(({ state }) => state),
    ['closed', 'closed', 'closed'],
  )
})

test('damage that a request of the guest meets is told once, with the drive and the node', async () => {
  const said: unknown[] = []
  await using drives = new DriveSet({ emit: (name, ...[data]) => said.push([name, data]) })
  const file = join(folder, 'damaged.qcow2')
  await create(file, { size: 2 ** 20 })
  const bytes = new DataView(new Uint8Array(readFileSync(file)).buffer)
  bytes.setBigUint64(Number(bytes.getBigUint64(40)), 0x2a2a2a00n)
  writeFileSync(file, bytes)
  const drive = await drives.add(driveFromOptions({ file, format: 'qcow2', if: 'none', id: 'disk' }))
  for (let time = 0; time < 2; time++) await assert.rejects(drive.medium!.read(0, 512), { kind: 'io' })
  const damage = said.filter((one) => Array.isArray(one) && one[0] === 'BLOCK_IMAGE_CORRUPTED')
  const msg = 'L2 table offset 0x2a2a2a00 unaligned (L1 index: 0)'
  const expected = { device: 'disk', 'node-name': drive.node!.name, msg, fatal: true }
  assert.deepEqual(damage, [['BLOCK_IMAGE_CORRUPTED', expected]])
})
