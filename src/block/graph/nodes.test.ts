import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { blockNodeSuite, type NodeSuiteOptions } from '../block-node-suite.ts'
import { MemoryDriver, NodeGraph } from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-nodes-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0

/** Nodes of image files, opened with the options given. */
function onFile(
  options: (length: number) => Record<string, string>,
  window = { before: 0, after: 0 },
): NodeSuiteOptions {
  return {
    async make(bytes, { readOnly = false } = {}) {
      const path = join(folder, `image${files++}`)
      const whole = new Uint8Array(window.before + bytes.length + window.after).fill(0xee)
      whole.set(bytes, window.before)
      writeFileSync(path, whole)
      const graph = new NodeGraph()
      const node = await graph.open({ filename: path, options: options(bytes.length), readOnly })
      return {
        node,
        async stored() {
          const stored = await readFile(path)
          return stored.subarray(window.before, stored.length - window.after)
        },
        async [Symbol.asyncDispose]() {
          await graph.close()
          rmSync(path)
        },
      }
    },
  }
}

blockNodeSuite(
  'file',
  onFile(() => ({ driver: 'file' })),
)
blockNodeSuite('file, around the page cache', {
  ...onFile(() => ({ driver: 'file', 'cache.direct': 'on' })),
  sequences: 20,
})
blockNodeSuite(
  'raw',
  onFile(() => ({ driver: 'raw' })),
)
blockNodeSuite(
  'raw, moved by an offset',
  onFile(() => ({ driver: 'raw', offset: '1536' }), { before: 1536, after: 0 }),
)
blockNodeSuite('raw, a window', {
  ...onFile((length) => ({ driver: 'raw', offset: '1000', size: String(length) }), { before: 1000, after: 24 + 512 }),
  resizable: false,
})

blockNodeSuite('memory', {
  async make(bytes, options) {
    const graph = new NodeGraph()
    const driver = new MemoryDriver(bytes)
    return {
      node: graph.add(driver, options),
      stored: async () => driver.bytes,
      [Symbol.asyncDispose]: () => graph.close(),
    }
  },
})

blockNodeSuite('null-co', {
  keeps: false,
  resizable: false,
  async make(bytes, { readOnly = false } = {}) {
    const graph = new NodeGraph()
    const node = await graph.open({ options: { driver: 'null-co', size: bytes.length }, readOnly })
    return { node, [Symbol.asyncDispose]: () => graph.close() }
  },
})
