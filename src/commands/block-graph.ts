import { flattenOptions, type GraphControl, type TransactionStep } from '../block/index.ts'
import {
  example,
  family,
  type Infer,
  list,
  nothing,
  type ObjectType,
  oneOf,
  opt,
  req,
  str,
  struct,
  union,
} from '../qapi/index.ts'
import { BlockdevBackup, blockdevBackupStep, DriveBackup, driveBackupStep } from './block-backups.ts'
import { addStep, BlockDirtyBitmap, BlockDirtyBitmapAdd, BlockDirtyBitmapMerge, mergeStep } from './block-bitmaps.ts'
import { SnapshotInfo } from './block-info.ts'
import { BlockdevOptions } from './blockdev-options.ts'

const command = family<{ graph: GraphControl }>()

const BlockdevSnapshotSync = struct('BlockdevSnapshotSync', {
  device: opt(str, 'drive that holds the image; counts before @node-name', { complete: 'drive' }),
  'node-name': opt(str, 'node of the image', { complete: 'node' }),
  'snapshot-file': req(str, 'file of the overlay', { complete: 'file' }),
  'snapshot-node-name': opt(str, 'name of the node that the overlay becomes'),
  format: opt(str, 'format of the overlay; qcow2 by default'),
  mode: opt(
    oneOf('NewImageMode', ['existing', 'absolute-paths']),
    'whether the file is there already; it is made by default, and what it held is lost',
  ),
})

const BlockdevSnapshot = struct('BlockdevSnapshot', {
  node: req(str, 'node of the image', { complete: 'node' }),
  overlay: req(str, 'node of the overlay, which must not have a backing image yet', { complete: 'node' }),
})

const BlockdevSnapshotInternal = struct('BlockdevSnapshotInternal', {
  device: req(str, 'drive that holds the image, or its node', { complete: 'drive' }),
  name: req(str, 'name of the snapshot'),
})

const wrapped = <T>(data: ObjectType<T>) => struct(`${data.name}Wrapper`, { data: req(data, 'as for the command') })

const TransactionAction = union('TransactionAction', {
  base: {
    type: req(
      oneOf('TransactionActionKind', [
        'abort',
        'block-dirty-bitmap-add',
        'block-dirty-bitmap-remove',
        'block-dirty-bitmap-clear',
        'block-dirty-bitmap-enable',
        'block-dirty-bitmap-disable',
        'block-dirty-bitmap-merge',
        'blockdev-backup',
        'blockdev-snapshot',
        'blockdev-snapshot-internal-sync',
        'blockdev-snapshot-sync',
        'drive-backup',
      ]),
      'what is done; `abort` fails',
    ),
  },
  discriminator: 'type',
  branches: {
    abort: wrapped(struct('Abort', {})),
    'block-dirty-bitmap-add': wrapped(BlockDirtyBitmapAdd),
    'block-dirty-bitmap-remove': wrapped(BlockDirtyBitmap),
    'block-dirty-bitmap-clear': wrapped(BlockDirtyBitmap),
    'block-dirty-bitmap-enable': wrapped(BlockDirtyBitmap),
    'block-dirty-bitmap-disable': wrapped(BlockDirtyBitmap),
    'block-dirty-bitmap-merge': wrapped(BlockDirtyBitmapMerge),
    'blockdev-backup': wrapped(BlockdevBackup),
    'blockdev-snapshot': wrapped(BlockdevSnapshot),
    'blockdev-snapshot-internal-sync': wrapped(BlockdevSnapshotInternal),
    'blockdev-snapshot-sync': wrapped(BlockdevSnapshotSync),
    'drive-backup': wrapped(DriveBackup),
  },
})

const TransactionProperties = struct('TransactionProperties', {
  'completion-mode': opt(
    oneOf('ActionCompletionMode', ['individual', 'grouped']),
    'whether jobs of the actions end each for itself, or together',
  ),
})

const overlayOf = (words: Infer<typeof BlockdevSnapshotSync>) => ({
  device: words.device,
  nodeName: words['node-name'],
  filename: words['snapshot-file'],
  overlayName: words['snapshot-node-name'],
  format: words.format,
  mode: words.mode,
})

function stepOf(action: Infer<typeof TransactionAction>): TransactionStep {
  switch (action.type) {
    case 'abort':
      return { type: 'abort' }
    case 'blockdev-backup':
      return blockdevBackupStep(action.data)
    case 'drive-backup':
      return driveBackupStep(action.data)
    case 'blockdev-snapshot':
      return { type: 'overlay', target: action.data }
    case 'blockdev-snapshot-internal-sync':
      return { type: 'internal-snapshot', target: action.data }
    case 'blockdev-snapshot-sync':
      return { type: 'overlay', target: overlayOf(action.data) }
    case 'block-dirty-bitmap-add':
      return addStep(action.data)
    case 'block-dirty-bitmap-merge':
      return mergeStep(action.data)
    default:
      return { type: action.type, target: action.data }
  }
}

const noImage = 'if there is no such drive or node, or no medium in it'

/** Nodes, snapshots, and several changes at once. */
export const blockGraphCommands = {
  'blockdev-add': command({
    since: '2.9',
    doc: 'Open a node, which stays until blockdev-del. Drivers are those that there are.',
    args: BlockdevOptions,
    returns: nothing,
    errors: ['if it has no name, or one that is taken', 'if it cannot be opened'],
    examples: [
      example(
        'a node without a name',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "size": 1048576 } }
        <- { "error": { "class": "GenericError", "desc": "'node-name' must be specified for the root node" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, options) {
      await graph.add(flattenOptions(options))
      return {}
    },
  }),

  'blockdev-reopen': command({
    since: '6.1',
    doc: 'Open nodes anew with other options: all of them, or none. What is not said again is as by default. What lies below is another node if the options name one.',
    args: { options: req(list(BlockdevOptions), 'the nodes by their node-name, and how they are to be') },
    returns: nothing,
    errors: [
      'if a node has no name, or there is none of that name',
      'if an option cannot change, or users of a node do not allow it',
      'if a node that can have a backing image does not say which',
    ],
    examples: [
      example(
        'read only from now on',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "blockdev-reopen", "arguments": { "options": [ { "driver": "null-co", "node-name": "nothing", "read-only": true } ] } }
        <- { "return": {} }
        -> { "execute": "blockdev-reopen", "arguments": { "options": [ { "driver": "raw", "node-name": "nothing", "file": "nothing" } ] } }
        <- { "error": { "class": "GenericError", "desc": "Making 'nothing' a file child of 'nothing' would create a cycle" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, { options }) {
      await graph.reopen(options.map(flattenOptions))
      return {}
    },
  }),

  'change-backing-file': command({
    since: '2.1',
    doc: 'Write into an image which backing file it has. The backing image that is open stays open.',
    args: {
      device: req(str, 'drive, or node, behind which the image is', { complete: 'drive' }),
      'image-node-name': req(str, 'node of the image that is changed', { complete: 'node' }),
      'backing-file': req(str, 'the name; none if empty', { complete: 'file' }),
    },
    returns: nothing,
    errors: [noImage, 'if the image has no backing image now, or is not behind @device', 'if the name does not fit'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "change-backing-file", "arguments": { "device": "ide-hd0", "image-node-name": "disk0", "backing-file": "base.qcow2" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name='ide-hd0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, { device, 'image-node-name': imageNode, 'backing-file': filename }) {
      await graph.nameBacking({ device, imageNode, filename })
      return {}
    },
  }),

  'blockdev-del': command({
    since: '2.9',
    doc: 'Close a node that blockdev-add has opened, or -blockdev, and that nobody uses.',
    args: { 'node-name': req(str, 'the node', { complete: 'node' }) },
    returns: nothing,
    errors: ['if there is no such node, or if it is in use, or if it was opened in another way'],
    examples: [
      example(
        'open and close',
        `
        -> { "execute": "blockdev-add", "arguments": { "driver": "null-co", "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "blockdev-del", "arguments": { "node-name": "nothing" } }
        <- { "return": {} }
        -> { "execute": "blockdev-del", "arguments": { "node-name": "nothing" } }
        <- { "error": { "class": "GenericError", "desc": "Failed to find node with node-name='nothing'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, { 'node-name': name }) {
      await graph.remove(name)
      return {}
    },
  }),

  'blockdev-snapshot-sync': command({
    since: '0.14',
    doc: 'Put a new overlay on an image: from now on writes go to the overlay, and the image stays as it is.',
    args: BlockdevSnapshotSync,
    returns: nothing,
    errors: [noImage, 'if the overlay cannot be made or opened, or if its format has no backing images'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "blockdev-snapshot-sync", "arguments": { "device": "ide-hd0", "snapshot-file": "snapshot.qcow2" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name=''" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, words) {
      await graph.snapshot(overlayOf(words))
      return {}
    },
  }),

  'blockdev-snapshot': command({
    since: '2.5',
    doc: 'Put an overlay that is open already on an image.',
    args: BlockdevSnapshot,
    returns: nothing,
    errors: ['if there is no such node', 'if the overlay is in use, has a backing image, or cannot have one'],
    features: ['allow-write-only-overlay'],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "blockdev-snapshot", "arguments": { "node": "disk0", "overlay": "overlay0" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='disk0' nor node-name='disk0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, target) {
      await graph.snapshot(target)
      return {}
    },
  }),

  'blockdev-snapshot-internal-sync': command({
    since: '1.7',
    doc: 'Keep what an image shows inside the image itself.',
    args: BlockdevSnapshotInternal,
    returns: nothing,
    errors: [noImage, 'if the image is read only or its format has no snapshots', 'if the name is empty or taken'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "blockdev-snapshot-internal-sync", "arguments": { "device": "ide-hd0", "name": "snapshot0" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name='ide-hd0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, target) {
      await graph.snapshotInside(target)
      return {}
    },
  }),

  'blockdev-snapshot-delete-internal-sync': command({
    since: '1.7',
    doc: 'Delete a snapshot inside an image, by its id, its name, or both.',
    args: {
      device: req(str, 'drive that holds the image, or its node', { complete: 'drive' }),
      id: opt(str, 'number that the image gave it'),
      name: opt(str, 'name that the user gave it'),
    },
    returns: SnapshotInfo,
    errors: [noImage, 'if neither @id nor @name is given', 'if there is no such snapshot'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "blockdev-snapshot-delete-internal-sync", "arguments": { "device": "ide-hd0", "name": "snapshot0" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name='ide-hd0'" } }`,
      ),
    ],
    preconfig: true,
    run: ({ graph }, target) => graph.deleteSnapshotInside(target),
  }),

  transaction: command({
    since: '1.1',
    doc: 'Do several things at one moment, or none of them: if one fails, those before it are taken back. Files that were made stay.',
    args: {
      actions: req(list(TransactionAction), 'what is done'),
      properties: opt(TransactionProperties, 'how they belong together'),
    },
    returns: nothing,
    errors: ['whatever one of the actions fails with'],
    examples: [
      example(
        'an action that always fails',
        `
        -> { "execute": "transaction", "arguments": { "actions": [ { "type": "abort", "data": {} } ] } }
        <- { "error": { "class": "GenericError", "desc": "Transaction aborted using Abort action" } }`,
      ),
    ],
    async run({ graph }, { actions, properties }) {
      await graph.transaction(actions.map(stepOf), { grouped: properties?.['completion-mode'] === 'grouped' })
      return {}
    },
  }),
}
