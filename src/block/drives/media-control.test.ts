import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  blockInfo,
  connectPcDrives,
  type Drive,
  DriveSet,
  driveFromOptions,
  type GuestMedium,
  MediaControl,
} from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-media-'))
after(() => rmSync(folder, { recursive: true }))
const first = image('first.iso', 4096)
const second = image('second.iso', 8192)

function image(name: string, bytes: number): string {
  const path = join(folder, name)
  writeFileSync(path, '')
  truncateSync(path, bytes)
  return path
}

interface Scene {
  readonly drives: DriveSet
  readonly media: MediaControl
  readonly cd: Drive
  /** What guest and listeners have heard, in order. */
  readonly heard: string[]
}

/** A CD drive with a medium in it, and a guest that writes down what it is told. */
async function scene(heard: string[] = []): Promise<Scene> {
  const drives = new DriveSet({
    emit: (name, ...[data]) =>
      heard.push(`${name} ${data !== undefined && 'tray-open' in data && data['tray-open'] ? 'open' : 'closed'}`),
  })
  const options = { file: first, format: 'raw', media: 'cdrom', index: '2' }
  const cd = await drives.add(driveFromOptions(options))
  await connectPcDrives(drives, { vga: false, serialPorts: 0, parallelPorts: 0, networkCards: 0 })
  cd.plug({
    async setMedium(medium: GuestMedium | undefined, { open }) {
      heard.push(open ? 'guest: tray open' : `guest: ${medium?.byteLength ?? 'nothing'}`)
    },
    async resized() {},
    async requestEject() {
      heard.push('guest: eject button')
    },
  })
  return { drives, media: new MediaControl(drives), cd, heard }
}

const device = 'ide1-cd0'

test('an eject opens the tray before the medium goes, and a second one does nothing', async () => {
  const { drives, media, cd, heard } = await scene()
  await media.eject({ device }, {})
  assert.deepEqual(heard, ['guest: tray open', 'DEVICE_TRAY_MOVED open'])
  assert.deepEqual([cd.node, cd.tray], [undefined, 'open'])
  await media.eject({ device }, {})
  assert.equal(heard.length, 2)
  await drives.close()
})

test('a tray that the guest has locked stays closed, the guest is asked, and force opens it all the same', async () => {
  const { drives, media, cd, heard } = await scene()
  assert.equal(await cd.guestTray('lock'), true)
  assert.equal(await cd.guestTray('open'), false)
  await assert.rejects(media.eject({ device }, {}), {
    message: `Device '${device}' is locked and force was not specified, wait for tray to open and try again`,
  })
  await media.openTray({ device }, {})
  assert.deepEqual(
    [cd.tray, cd.node?.filename, heard],
    ['locked', first, ['guest: eject button', 'guest: eject button']],
  )
  await media.eject({ device }, { force: true })
  assert.deepEqual([cd.tray, cd.node], ['open', undefined])
  assert.deepEqual(heard.slice(2), ['guest: eject button', 'guest: tray open', 'DEVICE_TRAY_MOVED open'])
  await drives.close()
})

test('a guest that lets go after the question can be served', async () => {
  const { drives, media, cd } = await scene()
  await cd.guestTray('lock')
  await assert.rejects(media.change({ device }, { filename: second }), { kind: 'busy' })
  assert.equal(cd.node?.filename, first, 'the new image has not taken its place')
  assert.equal([...drives.graph.nodes].length, 2, 'nor is it left open')
  await cd.guestTray('unlock')
  assert.equal(await cd.guestTray('open'), true)
  await media.change({ device }, { filename: second, format: 'raw' })
  assert.deepEqual([cd.node?.filename, cd.tray], [second, 'closed'])
  await drives.close()
})

test('a change shows the guest an open tray and then the new medium', async () => {
  const { drives, media, heard } = await scene()
  await media.change({ device }, { filename: second, format: 'raw' })
  assert.deepEqual(heard, ['guest: tray open', 'DEVICE_TRAY_MOVED open', 'guest: 8192', 'DEVICE_TRAY_MOVED closed'])
  await drives.close()
})

test('a change to an image that is not there moves nothing', async () => {
  const { drives, media, cd, heard } = await scene()
  await assert.rejects(media.change({ device }, { filename: join(folder, 'none') }), { kind: 'missing' })
  assert.deepEqual([cd.node?.filename, heard], [first, []])
  await drives.close()
})

test('what is put in is seen by the guest when the tray closes', async () => {
  const { drives, media, cd, heard } = await scene()
  await media.eject({ device }, {})
  await drives.graph.open({ filename: second, options: { driver: 'raw', 'node-name': 'disc' }, readOnly: true })
  await media.insert({ device }, 'disc')
  assert.deepEqual(heard.splice(0), ['guest: tray open', 'DEVICE_TRAY_MOVED open'])
  await assert.rejects(media.insert({ device }, 'disc'), { message: "Node 'disc' is already in use" })
  await media.closeTray({ device })
  assert.deepEqual(heard, ['guest: 8192', 'DEVICE_TRAY_MOVED closed'])
  await assert.rejects(media.remove({ device }), { message: `Tray of device '${device}' is not open` })
  assert.equal(cd.node?.name, 'disc')
  await drives.close()
})

test('the guest opens and closes its tray itself, and that is told', async () => {
  const { drives, cd, heard } = await scene()
  assert.equal(await cd.guestTray('open'), true)
  assert.equal(await cd.guestTray('open'), true)
  assert.equal(await cd.guestTray('close'), true)
  assert.deepEqual(heard, ['DEVICE_TRAY_MOVED open', 'guest: tray open', 'DEVICE_TRAY_MOVED closed', 'guest: 4096'])
  await drives.close()
})

test('a reset closes and unlocks the tray, and nobody is told', async () => {
  const { drives, cd, heard } = await scene()
  await cd.guestTray('lock')
  await drives.reset()
  assert.deepEqual([cd.tray, heard], ['closed', []])
  await cd.moveTray('open')
  heard.length = 0
  await drives.reset()
  assert.deepEqual([cd.tray, heard], ['closed', ['guest: 4096']])
  await drives.close()
})

test('change as in QEMU 1.3 empties the drive before it opens the new image', async () => {
  const { drives, media, cd, heard } = await scene()
  const missing = join(folder, 'none')
  await assert.rejects(media.changeOld('nope', { filename: second }), { errorClass: 'DeviceNotFound' })
  await assert.rejects(media.changeOld(device, { filename: second, format: 'nofmt' }), {
    message: "Invalid block format 'nofmt'",
  })
  assert.equal(cd.node?.filename, first)
  await assert.rejects(media.changeOld(device, { filename: missing }), { message: `Could not open '${missing}'` })
  assert.deepEqual([cd.node, cd.tray], [undefined, 'open'])
  await media.changeOld(device, { filename: second, format: 'raw' })
  assert.deepEqual([cd.node?.filename, cd.tray], [second, 'closed'])
  await cd.guestTray('lock')
  await assert.rejects(media.changeOld(device, { filename: first }), { message: `Device '${device}' is locked` })
  assert.deepEqual(
    heard.filter((line) => line.startsWith('DEVICE')),
    ['DEVICE_TRAY_MOVED open', 'DEVICE_TRAY_MOVED closed'],
  )
  await drives.close()
})

test('a medium that the device of the guest cannot have is not in the drive after that, and its node is free', async () => {
  const { drives } = await scene()
  const floppy = await drives.add(driveFromOptions({ if: 'floppy', id: 'floppy' }))
  let takes = false
  floppy.plug({
    async setMedium(medium) {
      if (medium !== undefined && !takes) throw new Error('no floppy disk has 4096 bytes')
    },
    async resized() {},
    async requestEject() {},
  })
  const node = await drives.graph.open({ filename: second, options: { driver: 'raw', 'node-name': 'odd' } })
  await using hold = { node: await node.attach({ description: 'a test' }), [Symbol.asyncDispose]: () => drives.close() }
  const before = await blockInfo(drives)
  const media = new MediaControl(drives)
  await assert.rejects(media.insert({ device: 'floppy' }, 'odd'), { message: 'no floppy disk has 4096 bytes' })
  assert.deepEqual(await blockInfo(drives), before)
  takes = true
  await media.insert({ device: 'floppy' }, 'odd')
  assert.equal(floppy.node, node)
  await hold.node.detach()
})
