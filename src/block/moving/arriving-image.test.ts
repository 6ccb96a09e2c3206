import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createImage } from '../create/create-image.ts'
import { driveFromOptions } from '../drives/drive-options.ts'
import { DriveSet } from '../drives/drive-set.ts'
import type { GuestDeviceModel } from '../drives/guest-device.ts'
import type { BlockNode } from '../graph/node.ts'
import { NodeGraph } from '../graph/node-graph.ts'
import { arrivingImages } from './arriving-image.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-arriving-'))
after(() => rmSync(folder, { recursive: true }))

const size = 2 ** 20
const block = 65536
const filled = (value: number): Uint8Array => new Uint8Array(block).fill(value)

/** Does something with an image as another process. */
async function elsewhere<T>(filename: string, work: (node: BlockNode) => Promise<T>): Promise<T> {
  const node = await new NodeGraph().open({ filename, options: { driver: 'qcow2' } })
  const access = { uses: ['read', 'write', 'resize'], shares: [] } as const
  const user = await node.attach({ description: 'another process', access })
  try {
    return await work(node)
  } finally {
    await user.detach()
  }
}

/** A machine that is to come in, with one drive; its image is `name`. */
async function target(name: string, model: GuestDeviceModel | undefined) {
  const filename = join(folder, name)
  await createImage(new NodeGraph(), { filename, format: 'qcow2', size })
  const drives = new DriveSet({ inactive: true })
  const drive = await drives.add(driveFromOptions({ id: 'd', if: 'none', file: filename, format: 'qcow2' }))
  if (model !== undefined) await drive.connect({ model, path: '/machine/d', place: drive.place })
  return { drives, filename }
}

for (const model of [undefined, 'ide-hd', 'ide-cd', 'virtio-blk-pci'] as const) {
  test(`an image comes to what another process has written before, into a drive of ${model ?? 'no device'}`, async () => {
    const { drives, filename } = await target(`with-${model}`, model)
    await elsewhere(filename, (node) => node.write(0, filled(7)))
    const images = await arrivingImages(drives, [{ name: 'd', byteLength: size }])
    await images[0]!.put({ offset: 8 * block, length: block, bytes: filled(8) })
    await images[0]!.flush()
    for (const image of images) await image[Symbol.asyncDispose]()
    await drives.close()
    const found = await elsewhere(filename, async (node) => [
      (await node.read(0, 1))[0],
      (await node.read(8 * block, 1))[0],
    ])
    assert.deepEqual(found, [7, 8])
  })
}

test('what counts is how large an image is when the other one comes', async () => {
  const { drives, filename } = await target('resized', 'ide-hd')
  await elsewhere(filename, (node) => node.truncate(2 * size))
  const [image] = await arrivingImages(drives, [{ name: 'd', byteLength: 2 * size }])
  await image![Symbol.asyncDispose]()
  await drives.close()
  const small = await target('too-small', 'ide-hd')
  await assert.rejects(arrivingImages(small.drives, [{ name: 'd', byteLength: 2 * size }]), { kind: 'range' })
  await small.drives.close()
})
