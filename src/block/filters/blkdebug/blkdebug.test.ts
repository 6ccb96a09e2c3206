import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type BlockNode, NodeGraph } from '../../index.ts'
import type { OptionValues } from '../../open/option-bag.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-blkdebug-'))
after(() => rmSync(folder, { recursive: true }))
const sector = 512
let images = 0

/** A raw image of eight sectors, each full of its number, behind rules. */
async function opened(rules: OptionValues): Promise<BlockNode> {
  const bytes = new Uint8Array(8 * sector)
  for (let index = 0; index < 8; index++) bytes.fill(index, index * sector)
  const graph = new NodeGraph()
  after(() => graph.close())
  const filename = join(folder, `${images++}`)
  writeFileSync(filename, bytes)
  const below = Object.entries(rules).map(([name, value]) => [`file.${name}`, value])
  const options = { driver: 'raw', 'file.driver': 'blkdebug', 'file.image.filename': filename }
  const node = await graph.open({ options: { ...options, ...Object.fromEntries(below) } })
  await node.attach({ description: 'a test', access: { uses: ['read', 'write'], shares: [] } })
  return node
}

const fails = (promise: Promise<unknown>, kind: string, message: string) =>
  assert.rejects(promise, (error: { kind?: string; message?: string }) => {
    assert.deepEqual([error.kind, error.message], [kind, message])
    return true
  })

test('requests fail from the event on, once or always, all or those of a kind that touch a sector', async () => {
  const node = await opened({
    'inject-error.0.event': 'read_aio',
    'inject-error.0.iotype': 'read',
    'inject-error.0.sector': 2,
    'inject-error.0.once': 'on',
    'inject-error.1.event': 'flush_to_disk',
    'inject-error.1.errno': 28,
  })
  assert.equal((await node.read(0, 2 * sector))[sector], 1)
  await node.write(2 * sector, new Uint8Array(sector))
  await fails(node.read(0, 4 * sector), 'io', 'Input/output error')
  assert.equal((await node.read(0, 4 * sector))[3 * sector], 3)
  await fails(node.flush(), 'no-space', 'No space left on device')
  await fails(node.write(0, new Uint8Array(sector)), 'no-space', 'No space left on device')
})

test('states count events: the third write fails, with half of it written', async () => {
  const node = await opened({
    'set-state.0.event': 'write_aio',
    'set-state.0.state': 2,
    'set-state.0.new_state': 3,
    'set-state.1.event': 'write_aio',
    'set-state.1.state': 1,
    'set-state.1.new_state': 2,
    'inject-error.0.event': 'write_aio',
    'inject-error.0.state': 3,
    'inject-error.0.iotype': 'write',
    'inject-error.0.once': true,
    'inject-error.0.written': sector,
    'inject-error.0.delay-ms': 1,
  })
  const both = new Uint8Array(2 * sector).fill(9)
  await node.write(0, both)
  await node.write(2 * sector, both)
  await fails(node.write(4 * sector, both), 'io', 'Input/output error')
  await node.write(6 * sector, both)
  const image = await node.read(0, 8 * sector)
  const firsts = Array.from({ length: 8 }, (_, index) => image[index * sector])
  assert.deepEqual(firsts, [9, 9, 9, 9, 9, 5, 9, 9])
})

for (const [rules, text] of [
  [{ 'inject-error.0.errno': 5 }, 'Missing event name for rule'],
  [{ 'inject-error.0.event': 'bogus' }, 'invalid parameter value: bogus'],
  [{ 'inject-error.0.event': 'none', 'inject-error.0.errno': 9999 }, 'There is no system error 9999'],
  [{ bogus: 'x' }, "Block protocol 'blkdebug' doesn't support the option 'bogus'"],
] as const) {
  test(`rules that are none are refused: ${text}`, () =>
    assert.rejects(opened(rules as OptionValues), { message: text }))
}
