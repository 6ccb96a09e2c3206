import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createImage } from '../create/create-image.ts'
import { copyDown } from './copy-down.ts'
import { NodeGraph } from './node-graph.ts'

const mebibyte = 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'vmon-copy-down-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string): string => join(folder, name)
const access = { uses: ['read', 'write', 'resize'], shares: ['read', 'write', 'resize'] } as const

for (const keepsHoles of [true, false]) {
  test(`behind the end of an image in the middle the base holds zeroes afterwards, ${keepsHoles ? 'as holes' : 'written'}`, async () => {
    const graph = new NodeGraph()
    await createImage(graph, { filename: file('base'), format: 'qcow2', size: 2 * mebibyte })
    for (const [name, below, size] of [
      ['mid', 'base', mebibyte],
      ['top', 'mid', 2 * mebibyte],
    ] as const) {
      const backing = { filename: file(below), format: 'qcow2' }
      await createImage(graph, { filename: file(name), format: 'qcow2', size, backing })
    }
    const base = await graph.open({ filename: file('base'), options: { 'node-name': 'base' } })
    const writer = await base.attach({ description: 'a writer', access })
    await base.write(0, Buffer.alloc(2 * mebibyte, 1))
    const mid = await graph.open({
      filename: file('mid'),
      options: { 'node-name': 'mid', backing: 'base' },
      readOnly: true,
    })
    const top = await graph.open({ filename: file('top'), options: { backing: mid.name }, readOnly: true })
    const reader = await top.attach({ description: 'a reader', access: { uses: ['read'], shares: access.shares } })
    await copyDown(top, base, { keepsHoles })
    assert.deepEqual([...new Set(await base.read(0, mebibyte))], [1])
    assert.deepEqual([...new Set(await base.read(mebibyte, mebibyte))], [0])
    await reader.detach()
    await writer.detach()
  })
}
