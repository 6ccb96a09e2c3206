import type { GraphControl } from '../block/index.ts'
import type { UserObjects } from '../objects/index.ts'
import {
  bool,
  either,
  example,
  family,
  list,
  nil,
  nothing,
  oneOf,
  opt,
  req,
  str,
  struct,
  uint64,
} from '../qapi/index.ts'

const command = family<{ graph: GraphControl; userObjects: Pick<UserObjects, 'typeOf'> }>()

const XDbgBlockGraphNode = struct('XDbgBlockGraphNode', {
  id: req(uint64, 'its number, which means nothing elsewhere'),
  type: req(
    oneOf('XDbgBlockGraphNodeType', ['block-backend', 'block-job', 'block-driver']),
    'a node (block-driver), a job, or somebody else who uses nodes',
  ),
  name: req(str, 'of the node, the job, or the drive; empty for others'),
})

const permissions = list(oneOf('BlockPermission', ['consistent-read', 'write', 'write-unchanged', 'resize']))

const XDbgBlockGraphEdge = struct('XDbgBlockGraphEdge', {
  parent: req(uint64, 'who uses it'),
  child: req(uint64, 'what is used'),
  name: req(str, 'what that is to who uses it'),
  perm: req(permissions, 'what is done with it'),
  'shared-perm': req(permissions, 'what others may do meanwhile'),
})

/** For tests, and for those who look for faults. */
export const blockDebugCommands = {
  'x-debug-query-block-graph': command({
    since: '4.0',
    doc: 'Tell which drives, jobs and nodes use which nodes, and how.',
    args: {},
    returns: struct('XDbgBlockGraph', {
      nodes: req(list(XDbgBlockGraphNode), 'the parts'),
      edges: req(list(XDbgBlockGraphEdge), 'how they belong together'),
    }),
    features: ['unstable'],
    examples: [
      example(
        'a node that nobody uses',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "x-debug-query-block-graph" }
        <- { "return": { "edges": [], "nodes": [ { "name": "nothing", "type": "block-driver", "id": 4 }, { "name": "sd0", "type": "block-backend", "id": 3 }, { "name": "floppy0", "type": "block-backend", "id": 2 }, { "name": "ide1-cd0", "type": "block-backend", "id": 1 } ] } }`,
        { options: '' },
      ),
    ],
    preconfig: true,
    run: ({ graph }) => graph.shape() as never,
  }),

  'x-blockdev-set-iothread': command({
    since: '2.12',
    doc: 'Give a node, and those below it, to a thread. One thread serves all nodes, so this changes nothing; what QEMU refuses is refused.',
    args: {
      'node-name': req(str, 'the node', { complete: 'node' }),
      iothread: req(either('StrOrNull', { string: str, null: nil }), 'the thread; the main one if null'),
      force: opt(bool, 'though somebody uses the node'),
    },
    returns: nothing,
    features: ['unstable'],
    errors: [
      'if there is no such node, or no such thread',
      'if somebody uses the node, and @force is not set',
      'if a device of the guest has it',
    ],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "x-blockdev-set-iothread", "arguments": { "node-name": "disk0", "iothread": null } }
        <- { "error": { "class": "GenericError", "desc": "Failed to find node with node-name='disk0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph, userObjects }, { 'node-name': name, iothread, force = false }) {
      graph.moveToThread(name, iothread, { force, isThread: (id) => userObjects.typeOf(id) === 'iothread' })
      return {}
    },
  }),

  'x-blockdev-change': command({
    since: '2.7',
    doc: 'Add a node to those that another one keeps equal, or remove one. Only quorum has such: there is none, so this is always refused.',
    args: {
      parent: req(str, 'drive or node', { complete: 'node' }),
      child: opt(str, 'what is removed, as the parent calls it'),
      node: opt(str, 'the node that is added', { complete: 'node' }),
    },
    returns: nothing,
    features: ['unstable'],
    errors: ['if there is no such node or child', 'if both or neither are given', 'if the parent is no quorum'],
    examples: [
      example(
        'no such parent',
        `
        -> { "execute": "x-blockdev-change", "arguments": { "parent": "disk0", "node": "disk1" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='disk0' nor node-name='disk0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, { parent, child, node }) {
      graph.changeChild(parent, { child, node })
      return {}
    },
  }),
}
