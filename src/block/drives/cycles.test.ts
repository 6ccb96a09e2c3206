import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { missingProgram } from '../../../test/oracle/peers.ts'
import { QmpError } from '../../qapi/index.ts'
import {
  BlockError,
  type BlockNode,
  createImage,
  DriveSet,
  driveFromOptions,
  GraphControl,
  NodeGraph,
} from '../index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmon-cycles-'))
after(() => rmSync(folder, { recursive: true }))
/** More by the environment: `VMON_GRAPHS=2000`. */
const graphs = Number(process.env['VMON_GRAPHS'] ?? 40)

const size = 2 ** 16
const empty = join(folder, 'empty.qcow2')
await createImage(new NodeGraph(), { filename: empty, format: 'qcow2', size, options: { cluster_size: '512' } })

const names = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5']
const name = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...names, 'disk') }, fc.constantFrom('f0', 'f1', 'f2'))
const below = fc.oneof({ weight: 4, arbitrary: name }, { weight: 1, arbitrary: fc.constantFrom(null, '') })
const reopening = fc.record({
  node: name,
  driver: fc.constantFrom('qcow2', 'raw', 'throttle'),
  file: fc.option(name, { nil: undefined }),
  backing: fc.option(below, { nil: undefined }),
})
const overlay = fc.record({ node: name, overlay: name })
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('add' as const), node: fc.nat(5), file: name, backing: below }),
  },
  { weight: 6, arbitrary: overlay.map((target) => ({ kind: 'snapshot' as const, targets: [target] })) },
  {
    weight: 2,
    arbitrary: fc
      .array(overlay, { minLength: 2, maxLength: 4 })
      .map((targets) => ({ kind: 'snapshot' as const, targets })),
  },
  {
    weight: 5,
    arbitrary: fc.array(reopening, { minLength: 1, maxLength: 3 }).map((nodes) => ({ kind: 'reopen' as const, nodes })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('name' as const), device: name, node: name, file: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), node: name }) },
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

class Scene implements AsyncDisposable {
  readonly drives = new DriveSet()
  readonly control = new GraphControl(this.drives)
  readonly #path = mkdtempSync(join(folder, 'graph-'))

  async start(): Promise<void> {
    this.drives.throttleGroups.find('g')
    for (const [index, node] of names.entries()) {
      copyFileSync(empty, this.file(index))
      await this.#addImage(node, index)
    }
    copyFileSync(empty, this.file(6))
    await this.drives.add(driveFromOptions({ if: 'none', id: 'disk', file: this.file(6), format: 'qcow2' }))
  }

  file(index: number): string {
    return join(this.#path, String(index))
  }

  #addImage(node: string, index: number): Promise<void> {
    const file = { 'file.driver': 'file', 'file.filename': this.file(index), 'file.node-name': `f${index}` }
    return this.control.add({ driver: 'qcow2', 'node-name': node, ...file })
  }

  do(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'add':
        return operation.backing === null
          ? this.#addImage(names[operation.node]!, operation.node)
          : this.control.add({ driver: 'raw', 'node-name': names[operation.node]!, file: operation.file })
      case 'snapshot':
        return this.control.transaction(operation.targets.map((target) => ({ type: 'overlay', target })))
      case 'reopen':
        return this.control.reopen(
          operation.nodes.map(({ node, driver, file, backing }) => ({
            driver,
            'node-name': node,
            ...(file !== undefined && { file }),
            ...(backing !== undefined && { backing }),
          })),
        )
      case 'name':
        return this.control.nameBacking({
          device: operation.device,
          imageNode: operation.node,
          filename: this.file(operation.file),
        })
      case 'delete':
        return this.control.remove(operation.node)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.control.close()
    await this.drives.close()
    rmSync(this.#path, { recursive: true })
  }
}

/** Looked for in its own way: a node from which one comes back to it. */
function hasCycle(nodes: Iterable<BlockNode>): boolean {
  const ended = new Set<BlockNode>()
  const comesBack = (node: BlockNode, path: readonly BlockNode[]): boolean => {
    if (path.includes(node)) return true
    if (ended.has(node)) return false
    const found = [...node.driver.children.values()].some((child) => comesBack(child, [...path, node]))
    ended.add(node)
    return found
  }
  return [...nodes].some((node) => comesBack(node, []))
}

const shape = (nodes: Iterable<BlockNode>): string[] =>
  [...nodes].map((node) => {
    const children = [...node.driver.children].map(([role, child]) => `${role}=${child.name}`)
    return [node.name, node.readOnly, node.cache, ...children, node.filename].join(' ')
  })

test('no operation makes a node lie below itself, none waits for ever, and one that is refused changes nothing', async () => {
  const counts = { done: 0, refused: 0, cycles: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
      await using scene = new Scene()
      await scene.start()
      for (const operation of operations) {
        const before = shape(scene.drives.graph.nodes)
        try {
          await scene.do(operation)
          counts.done++
        } catch (error) {
          assert.ok(error instanceof BlockError || error instanceof QmpError, String(error))
          counts.refused++
          if (error.message.includes('would create a cycle')) counts.cycles++
          assert.deepEqual(shape(scene.drives.graph.nodes), before, error.message)
        }
        assert.ok(!hasCycle(scene.drives.graph.nodes))
      }
    }),
    { numRuns: graphs },
  )
  console.log(`${graphs} graphs: ${counts.done} changes, ${counts.refused} refused, ${counts.cycles} of them as cycles`)
  assert.ok(counts.done > graphs && counts.cycles > 0)
})

test('images that name each other in circles are refused, however they are named', {
  skip: missingProgram('qemu-img'),
}, async () => {
  const path = (index: number): string => join(folder, `named-${index}`)
  const links = fc.array(fc.record({ to: fc.nat(3), json: fc.boolean() }), { minLength: 4, maxLength: 4 })
  let circles = 0
  await fc.assert(
    fc.asyncProperty(links, fc.boolean(), async (links, readOnly) => {
      for (const [index, { to, json }] of links.entries()) {
        copyFileSync(empty, path(index))
        const name = json
          ? `json:${JSON.stringify({ driver: 'qcow2', file: { driver: 'file', filename: path(to) } })}`
          : path(to)
        // The last may be where the chain ends.
        if (index === 3 && to === 3) continue
        execFileSync('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', name, path(index)])
      }
      const ends = (index: number, steps = 0): boolean =>
        steps < 5 && ((index === 3 && links[3]!.to === 3) || ends(links[index]!.to, steps + 1))
      const graph = new NodeGraph()
      const opened = graph.open({ filename: path(0), options: { driver: 'qcow2' }, readOnly })
      if (ends(0)) await (await opened).close()
      else {
        circles++
        const text = readOnly
          ? /creates an infinite loop\.$/
          : /Failed to get shared "write" lock$|creates an infinite loop\.$/
        await assert.rejects(opened, { name: 'BlockError', message: text })
      }
      assert.deepEqual([...graph.nodes], [])
    }),
    { numRuns: 20 },
  )
  assert.ok(circles > 0)
})
