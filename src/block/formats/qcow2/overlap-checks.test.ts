import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { missingProgram } from '../../../../test/oracle/peers.ts'
import { NodeGraph } from '../../index.ts'
import { create, open, qemuImg, temporaryFolder } from './image-fixture.ts'

const skip = missingProgram('qemu-img', 'qemu-io')
const folder = temporaryFolder('overlap-checks')

const allowed = 'Allowed are any of the following: none, constant, cached, all'
const refused: readonly (readonly [string, string])[] = [
  ['overlap-check=foo', `Unsupported value 'foo' for qcow2 option 'overlap-check'. ${allowed}`],
  ['overlap-check=', `Unsupported value '' for qcow2 option 'overlap-check'. ${allowed}`],
  ['overlap-check=valueOf', `Unsupported value 'valueOf' for qcow2 option 'overlap-check'. ${allowed}`],
  ['overlap-check.template=foo', `Unsupported value 'foo' for qcow2 option 'overlap-check'. ${allowed}`],
  [
    'overlap-check=none,overlap-check.template=all',
    "Conflicting values for qcow2 options 'overlap-check' ('none') and 'overlap-check.template' ('all')",
  ],
  [
    'overlap-check=foo,overlap-check.bitmap-directory=maybe',
    "Parameter 'overlap-check.bitmap-directory' expects 'on' or 'off'",
  ],
  ['overlap-check.foo=on', "Block format 'qcow2' does not support the option 'overlap-check.foo'"],
]

const valuesOf = (words: string): Record<string, string> =>
  Object.fromEntries(words.split(',').map((word) => word.split('=') as [string, string]))

test('values of overlap-check that QEMU refuses are refused in its words', { skip }, async () => {
  const path = join(folder, 'sound')
  await create(path, { size: 2 ** 20 })
  for (const [words, message] of refused) {
    const image = `driver=qcow2,file.filename=${path},${words}`
    const { out } = await qemuImg('info', '--image-opts', image)
    assert.equal(out, `qemu-img: Could not open '${image}': ${message}\n`)
    await using graph = new NodeGraph()
    await assert.rejects(graph.open({ filename: path, options: { driver: 'qcow2', ...valuesOf(words) } }), { message })
  }
})

const choices = [
  'overlap-check=none',
  'overlap-check=constant',
  'overlap-check=cached',
  'overlap-check=all,overlap-check.template=all',
  'overlap-check.active-l1=off',
  'overlap-check.template=none,overlap-check.active-l2=on,overlap-check.inactive-l1=on',
  'overlap-check=all,overlap-check.refcount-table=off,overlap-check.refcount-block=off,overlap-check.inactive-l2=off',
  'overlap-check=constant,overlap-check.snapshot-table=off,overlap-check.refcount-block=on',
]

test('the tables that a user wants guarded, and no others, are guarded as by QEMU', { skip }, async () => {
  const path = join(folder, 'tables')
  await create(path, { size: 2 ** 20, clusterSize: 512 })
  const image = await open(path)
  await image.node.write(0, new Uint8Array(512).fill(1))
  await image.driver.snapshots.create({ name: 'one' })
  await image.node.write(0, new Uint8Array(512).fill(2))
  await image.close()
  const bytes = readFileSync(path)
  const reference = (at: number): number => Number(bytes.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n)
  const [l1, counts, snapshots] = [reference(40), reference(48), reference(64)]
  const l2 = reference(l1)
  for (const target of [l1, l2, counts, reference(counts), snapshots, reference(snapshots)]) {
    for (const words of choices) {
      const hostile = Buffer.from(bytes)
      hostile.writeBigUInt64BE(0x8000_0000_0000_0000n | BigInt(target), l2)
      writeFileSync(path, hostile)
      assert.equal(await writtenByUs(path, words), await writtenByQemu(path, hostile, words), `${target} ${words}`)
    }
  }
})

async function writtenByUs(path: string, words: string): Promise<boolean> {
  const graph = new NodeGraph({ warn: () => {}, damaged: () => {} })
  const node = await graph.open({ filename: path, options: { driver: 'qcow2', ...valuesOf(words) } })
  const user = await node.attach({ description: 'a guest', access: { uses: ['read', 'write'], shares: [] } })
  try {
    await node.write(0, new Uint8Array(512).fill(9))
    return true
  } catch (error) {
    assert.equal((error as Error).message, 'Input/output error')
    return false
  } finally {
    await user.detach()
    await graph.close()
  }
}

async function writtenByQemu(path: string, bytes: Uint8Array, words: string): Promise<boolean> {
  writeFileSync(path, bytes)
  const argv = ['--image-opts', '-c', 'write -P 9 0 512', `driver=qcow2,file.filename=${path},${words}`]
  // What it has written over is its own: it may fail later.
  const { stdout, stderr } = await promisify(execFile)('qemu-io', argv).catch(
    (error) => error as Record<string, string>,
  )
  const written = /^wrote 512/m.test(String(stdout))
  if (!written) assert.match(`${stdout}${stderr}`, /write failed: Input\/output error/)
  return written
}
