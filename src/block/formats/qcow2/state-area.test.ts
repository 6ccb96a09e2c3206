import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { complaints, create, open, qemuImg, temporaryFolder } from './image-fixture.ts'

const skip = missingProgram('qemu-img')
const folder = temporaryFolder('qcow2-state')
const size = 1 << 20
const layouts = {
  'version 3': { clusterSize: 65536 },
  'version 2, 512 bytes': { version: 2, clusterSize: 512 },
  'lazy counts': { clusterSize: 4096, lazyRefcounts: true },
  subclusters: { clusterSize: 16384, extendedL2: true },
} as const

/** Bytes that no zeroes are among, other ones for each seed. */
function state(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => ((index * 31 + seed * 97) % 255) + 1)
}

describe("a machine's state in an image", { skip }, () => {
  for (const [name, layout] of Object.entries(layouts)) {
    test(`goes to the snapshot that is made, and comes back with it: ${name}`, async () => {
      const path = join(folder, `${name}.qcow2`)
      await create(path, { size, ...layout })
      const states = [state(1, 300_001), state(2, 200_000)] as const
      {
        await using image = await open(path)
        const { snapshots } = image.driver
        for (const [index, bytes] of states.entries()) {
          await image.node.write(0, state(index, 100_000))
          for (let at = 0; at < bytes.length; at += 70_000) {
            await snapshots.state.write(at, bytes.subarray(at, at + 70_000))
          }
          await snapshots.create({ name: `s${index}`, vmStateSize: bytes.length })
        }
        await image.node.write(0, state(9, 100_000))
        await snapshots.create({ name: 'disk' })
        assert.deepEqual(
          snapshots.list.map(({ vmStateSize }) => vmStateSize),
          [300_001, 200_000, 0],
        )
      }
      assert.equal(await complaints(path), '')
      const { out } = await qemuImg('snapshot', '-l', path)
      assert.match(out, /1\s+s0\s+293 KiB .*\n2\s+s1\s+195 KiB .*\n3\s+disk\s+0 B /)
      {
        await using image = await open(path)
        const { snapshots } = image.driver
        for (const [index, bytes] of states.entries()) {
          await snapshots.apply(String(index + 1))
          const found = new Uint8Array(bytes.length)
          await snapshots.state.readInto(0, found)
          assert.deepEqual(found, bytes)
          assert.deepEqual(new Uint8Array(await image.node.read(0, 100_000)), state(index, 100_000))
        }
        if (name !== 'version 2, 512 bytes') {
          // What is there of the state does not show where the image grows.
          await image.node.truncate(8 * size)
          assert.ok((await image.node.read(size, 7 * size)).every((byte) => byte === 0))
        }
        await snapshots.delete('1')
        await snapshots.state.write(0, states[0])
        await snapshots.state.clear()
        const found = new Uint8Array(1000).fill(1)
        await snapshots.state.readInto(0, found)
        assert.ok(found.every((byte) => byte === 0))
      }
      assert.equal(await complaints(path), '')
      assert.equal((await qemuImg('snapshot', '-d', 's1', path)).code, 0)
      assert.equal((await qemuImg('snapshot', '-d', 'disk', path)).code, 0)
      assert.equal(await complaints(path), '')
    })
  }
})
