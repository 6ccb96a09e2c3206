import type { BlockExports } from '../nbd-server/index.ts'
import {
  bool,
  either,
  example,
  family,
  type Infer,
  list,
  nothing,
  oneOf,
  opt,
  req,
  str,
  struct,
  uint32,
  union,
} from '../qapi/index.ts'
import { addressOf, SocketAddress, SocketAddressLegacy } from './socket-address.ts'

const command = family<{ exports: BlockExports }>()

const BlockExportType = oneOf('BlockExportType', ['nbd'])

export const BlockExportRemoveMode = oneOf('BlockExportRemoveMode', ['safe', 'hard'])

const removeMode = opt(
  BlockExportRemoveMode,
  '`safe`, the default, refuses while clients use it; `hard` sends them away',
)

const BlockDirtyBitmap = struct('BlockDirtyBitmap', {
  node: req(str, 'node that has the bitmap', { complete: 'node' }),
  name: req(str, 'name of the bitmap'),
})

const BlockExportOptionsNbd = struct('BlockExportOptionsNbd', {
  name: opt(str, 'by which clients name it; by default that of the node'),
  description: opt(str, 'what clients can show to a person'),
  bitmaps: opt(
    list(either('BlockDirtyBitmapOrStr', { string: str, object: BlockDirtyBitmap })),
    'dirty bitmaps that clients may read',
  ),
  'allocation-depth': opt(bool, 'whether clients may ask which image of a chain holds a range'),
})

export const BlockExportOptions = union('BlockExportOptions', {
  base: {
    type: req(BlockExportType, 'how it is exported'),
    id: req(str, 'by which commands name it'),
    'fixed-iothread': opt(bool, 'whether it must have that thread: what a device of the guest has is refused then'),
    iothread: opt(str, 'thread that serves it: there must be one of that name, and one serves all'),
    'node-name': req(str, 'the node', { complete: 'node' }),
    writable: opt(bool, 'whether clients may write; by default not'),
    writethrough: opt(bool, 'whether each write reaches stable storage by itself'),
  },
  discriminator: 'type',
  branches: { nbd: BlockExportOptionsNbd },
})

const BlockExportInfo = struct('BlockExportInfo', {
  id: req(str, 'by which commands name it'),
  type: req(BlockExportType, 'how it is exported'),
  'node-name': req(str, 'the node'),
  'shutting-down': req(bool, 'whether it is ending, and waits for clients to go'),
})

/** The server, where a program is told of it when it starts. */
export const NbdServerOptions = struct('NbdServerOptions', {
  addr: req(SocketAddress, 'where to listen'),
  'tls-creds': opt(str, 'object with the keys for TLS; clients must then speak it'),
  'tls-authz': opt(str, 'object that says which clients may come, by their certificates'),
  'max-connections': opt(uint32, 'how many clients at once, 0 for any number; by default 100'),
})

/** How an export is to be made, from what a command says. */
export function exportOf(words: Infer<typeof BlockExportOptions>): Parameters<BlockExports['add']>[0] {
  const { id, iothread, name, description, writable, writethrough, bitmaps } = words
  return {
    id,
    nodeName: words['node-name'],
    allocationDepth: words['allocation-depth'],
    iothread,
    fixedIothread: words['fixed-iothread'],
    name,
    description,
    writable,
    writethrough,
    bitmaps,
  }
}

/** Images for others. */
export const blockExportCommands = {
  'nbd-server-start': command({
    since: '1.3',
    doc: 'Let NBD clients in, at one address; what they find there are the exports. There is one such server.',
    args: {
      addr: req(SocketAddressLegacy, 'where to listen'),
      'tls-creds': opt(str, 'object with the keys for TLS; clients must then speak it'),
      'tls-authz': opt(str, 'object that says which clients may come, by their certificates'),
      'max-connections': opt(uint32, 'how many clients at once, 0 for any number; by default 100'),
    },
    returns: nothing,
    errors: ['if it is running already', 'if nothing can listen there', 'if there are no such keys'],
    examples: [
      example(
        'start and stop',
        `
        -> { "execute": "nbd-server-start", "arguments": { "addr": { "type": "unix", "data": { "path": "nbd.sock" } } } }
        <- { "return": {} }
        -> { "execute": "nbd-server-stop" }
        <- { "return": {} }`,
      ),
    ],
    preconfig: true,
    async run({ exports }, words, { session }) {
      const address = addressOf(words.addr)
      await exports.start({
        address: () =>
          address.type === 'fd' ? { type: 'fd', str: `${session.descriptors.takeNamed(address.str)}` } : address,
        tlsCreds: words['tls-creds'],
        tlsAuthz: words['tls-authz'],
        maxConnections: words['max-connections'],
      })
      return {}
    },
  }),

  'nbd-server-add': command({
    since: '1.3',
    doc: 'Export a drive, or a node, over NBD. The export ends when the medium leaves the drive.',
    features: ['deprecated'],
    args: {
      name: opt(str, 'by which clients and commands name it; by default that of the drive'),
      description: opt(str, 'what clients can show to a person'),
      device: req(str, 'the drive, or the node', { complete: 'drive' }),
      writable: opt(bool, 'whether clients may write, if the image can be written; by default not'),
      bitmap: opt(str, 'dirty bitmap that clients may read'),
    },
    returns: nothing,
    errors: [
      'if there is no such drive or node, or no medium in it',
      'if the server is not running',
      'if the name is taken',
    ],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "nbd-server-add", "arguments": { "device": "ide-hd0" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name='ide-hd0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ exports }, words) {
      await exports.addDrive(words)
      return {}
    },
  }),

  'nbd-server-remove': command({
    since: '2.12',
    doc: 'End an export over NBD.',
    features: ['deprecated'],
    args: { name: req(str, 'the export'), mode: removeMode },
    returns: nothing,
    emits: ['BLOCK_EXPORT_DELETED'],
    errors: ['if there is no such export, or if clients use it'],
    examples: [
      example(
        'no such export',
        `
        -> { "execute": "nbd-server-remove", "arguments": { "name": "disk" } }
        <- { "error": { "class": "GenericError", "desc": "Export 'disk' is not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ exports }, { name, mode }) {
      await exports.remove(name, mode)
      return {}
    },
  }),

  'nbd-server-stop': command({
    since: '1.3',
    doc: 'End all exports over NBD, send all clients away, and listen no more.',
    args: {},
    returns: nothing,
    emits: ['BLOCK_EXPORT_DELETED'],
    errors: ['if the server is not running'],
    examples: [
      example(
        'no server',
        `
        -> { "execute": "nbd-server-stop" }
        <- { "error": { "class": "GenericError", "desc": "NBD server not running" } }`,
      ),
    ],
    preconfig: true,
    async run({ exports }) {
      await exports.stop()
      return {}
    },
  }),

  'block-export-add': command({
    since: '5.2',
    doc: 'Export a node. NBD is the way that there is.',
    args: BlockExportOptions,
    returns: nothing,
    errors: [
      'if the id is taken, or cannot be one',
      'if there is no such node, or its users do not allow it',
      'if the server is not running, or has an export of that name',
    ],
    examples: [
      example(
        'a node that is there, and no server',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "block-export-add", "arguments": { "type": "nbd", "id": "export0", "node-name": "nothing" } }
        <- { "error": { "class": "GenericError", "desc": "NBD server not running" } }`,
      ),
    ],
    preconfig: true,
    async run({ exports }, options) {
      await exports.add(exportOf(options))
      return {}
    },
  }),

  'block-export-del': command({
    since: '5.2',
    doc: 'End an export.',
    args: { id: req(str, 'the export'), mode: removeMode },
    returns: nothing,
    emits: ['BLOCK_EXPORT_DELETED'],
    errors: ['if there is no such export, or if clients use it'],
    examples: [
      example(
        'no such export',
        `
        -> { "execute": "block-export-del", "arguments": { "id": "export0" } }
        <- { "error": { "class": "GenericError", "desc": "Export 'export0' is not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ exports }, { id, mode }) {
      await exports.remove(id, mode)
      return {}
    },
  }),

  'query-block-exports': command({
    since: '5.2',
    doc: 'Tell which exports there are, the newest first.',
    args: {},
    returns: list(BlockExportInfo),
    examples: [
      example(
        'an export',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "nbd-server-start", "arguments": { "addr": { "type": "unix", "data": { "path": "nbd.sock" } } } }
        <- { "return": {} }
        -> { "execute": "block-export-add", "arguments": { "type": "nbd", "id": "export0", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "query-block-exports" }
        <- { "return": [ { "node-name": "nothing", "shutting-down": false, "type": "nbd", "id": "export0" } ] }`,
      ),
    ],
    preconfig: true,
    run: ({ exports }) => exports.list(),
  }),
}
