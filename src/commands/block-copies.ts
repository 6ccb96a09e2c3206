import type { JobControl } from '../block/index.ts'
import { bool, example, family, type Infer, int, nothing, oneOf, opt, req, str, uint32 } from '../qapi/index.ts'
import { amendOptionsOf, BlockdevAmendOptions } from './blockdev-amend-options.ts'
import { BlockdevCreateOptions, newImageOf } from './blockdev-create-options.ts'
import {
  type BlockdevOnError,
  busy,
  type CommonWords,
  common,
  endings,
  filterNodeName,
  jobId,
  MirrorSyncMode,
  NewImageMode,
  newImageMode,
  noImage,
  onError,
  speed,
  sync,
} from './job-words.ts'

const command = family<{ jobControl: JobControl }>()

const copyMode = opt(
  oneOf('MirrorCopyMode', ['background', 'write-blocking']),
  'whether writes of the guest wait until the copy has them; `background` by default',
)
const mirroring = {
  granularity: opt(uint32, 'bytes that are copied together at least: a power of 2 between 512 and 64 Mi'),
  'buf-size': opt(int.wide, 'bytes that are on their way at the same time at most; 16 Mi by default'),
  'on-source-error': onError('a read of the image'),
  'on-target-error': onError('a write of the copy'),
}
const mirrorEvents = [
  'BLOCK_JOB_READY',
  'BLOCK_JOB_COMPLETED',
  'BLOCK_JOB_CANCELLED',
  'BLOCK_JOB_ERROR',
  'JOB_STATUS_CHANGE',
] as const

interface MirrorWords extends CommonWords {
  readonly sync: Infer<typeof MirrorSyncMode>
  readonly replaces?: string | undefined
  readonly granularity?: number | undefined
  readonly 'buf-size'?: number | bigint | undefined
  readonly 'on-source-error'?: Infer<typeof BlockdevOnError> | undefined
  readonly 'on-target-error'?: Infer<typeof BlockdevOnError> | undefined
  readonly 'copy-mode'?: 'background' | 'write-blocking' | undefined
}

const mirrorOf = (words: MirrorWords) => ({
  ...common(words),
  sync: words.sync,
  replaces: words.replaces,
  granularity: words.granularity,
  bufferSize: Number(words['buf-size'] ?? 0),
  onSourceError: words['on-source-error'],
  onTargetError: words['on-target-error'],
  copyMode: words['copy-mode'],
})

/** Jobs that copy images: behind the commands, while the guest goes on. */
export const blockCopyCommands = {
  'block-stream': command({
    since: '1.1',
    doc: 'Copy into an image what the images behind it hold, and let go of those then.',
    args: {
      'job-id': jobId,
      device: req(str, 'drive, or node, of the image', { complete: 'drive' }),
      base: opt(str, 'file of the image that stays behind it; none by default', { complete: 'file' }),
      'base-node': opt(str, 'the same, by its node', { complete: 'node' }),
      'backing-file': opt(str, 'what the image is to call what stays behind it'),
      bottom: opt(str, 'node of the last image of which something is copied', { complete: 'node' }),
      speed,
      'on-error': onError('a read or write'),
      'filter-node-name': filterNodeName,
      ...endings,
    },
    returns: nothing,
    emits: ['BLOCK_JOB_COMPLETED', 'BLOCK_JOB_CANCELLED', 'BLOCK_JOB_ERROR', 'JOB_STATUS_CHANGE'],
    errors: [noImage, 'if @base is not behind the image', busy, 'if the name of the job is taken, or none'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "block-stream", "arguments": { "device": "virtio0", "base": "/tmp/master.qcow2" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='virtio0' nor node-name='virtio0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobControl }, { device, base, bottom, ...words }) {
      await jobControl.stream({
        ...common(words),
        device,
        base,
        baseNode: words['base-node'],
        bottom,
        backingFile: words['backing-file'],
        onError: words['on-error'],
        filterNodeName: words['filter-node-name'],
      })
      return {}
    },
  }),

  'block-commit': command({
    since: '1.3',
    doc: 'Fold images of a chain into one behind them. If the topmost is written meanwhile, the job becomes ready, and the drive gets that one when it is completed.',
    args: {
      'job-id': jobId,
      device: req(str, 'drive, or node, whose chain of images it is', { complete: 'drive' }),
      'base-node': opt(str, 'node of the image that is written; the last of the chain by default', {
        complete: 'node',
      }),
      base: opt(str, 'the same, by its file', { complete: 'file', features: ['deprecated'] }),
      'top-node': opt(str, 'node of the topmost image that is folded; that of the drive by default', {
        complete: 'node',
      }),
      top: opt(str, 'the same, by its file', { complete: 'file', features: ['deprecated'] }),
      'backing-file': opt(str, 'what the image over those is to call what is behind it then'),
      speed,
      'on-error': onError('a read or write'),
      'filter-node-name': filterNodeName,
      ...endings,
    },
    returns: nothing,
    emits: ['BLOCK_JOB_READY', 'BLOCK_JOB_COMPLETED', 'BLOCK_JOB_CANCELLED', 'BLOCK_JOB_ERROR', 'JOB_STATUS_CHANGE'],
    errors: ['DeviceNotFound, if there is no such drive or node', 'if the images are not in one chain', busy],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "block-commit", "arguments": { "device": "virtio0", "top": "/tmp/snap1.qcow2" } }
        <- { "error": { "class": "DeviceNotFound", "desc": "Device 'virtio0' not found" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobControl }, { device, base, top, ...words }) {
      await jobControl.commit({
        ...common(words),
        device,
        base,
        baseNode: words['base-node'],
        top,
        topNode: words['top-node'],
        backingFile: words['backing-file'],
        onError: words['on-error'],
        filterNodeName: words['filter-node-name'],
      })
      return {}
    },
  }),

  'drive-mirror': command({
    since: '1.3',
    doc: 'Copy an image into a file, and what is written to it meanwhile. When the job is ready, completing it gives the drive the copy; cancelling it leaves a good one behind.',
    args: {
      'job-id': jobId,
      device: req(str, 'drive, or node, that is copied', { complete: 'drive' }),
      target: req(str, 'file of the copy', { complete: 'file' }),
      format: opt(str, 'format of the copy; that of the image by default, or guessed if the file exists'),
      'node-name': opt(str, 'name of the node of the copy'),
      replaces: opt(str, 'node that the copy takes the place of, if that is not @device', { complete: 'node' }),
      sync: req(MirrorSyncMode, sync),
      mode: opt(NewImageMode, newImageMode),
      speed,
      ...mirroring,
      unmap: opt(bool, 'whether what is zero need not take space in the copy; true by default'),
      'copy-mode': copyMode,
      ...endings,
    },
    returns: nothing,
    emits: mirrorEvents,
    errors: [noImage, busy, 'if the copy cannot be made or opened'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "drive-mirror", "arguments": { "device": "ide-hd0", "target": "mirror.qcow2", "sync": "full", "format": "qcow2" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name='ide-hd0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobControl }, { device, target, format, mode, unmap, ...words }) {
      const nodeName = words['node-name']
      await jobControl.mirrorToFile({ ...mirrorOf(words), device, target, format, mode, unmap, nodeName })
      return {}
    },
  }),

  'blockdev-mirror': command({
    since: '2.6',
    doc: 'Copy an image into a node that is there, and what is written to it meanwhile.',
    args: {
      'job-id': jobId,
      device: req(str, 'drive, or node, that is copied', { complete: 'drive' }),
      target: req(str, 'node of the copy', { complete: 'node' }),
      replaces: opt(str, 'node that the copy takes the place of, if that is not @device', { complete: 'node' }),
      sync: req(MirrorSyncMode, sync),
      speed,
      ...mirroring,
      'filter-node-name': filterNodeName,
      'copy-mode': copyMode,
      ...endings,
    },
    returns: nothing,
    emits: mirrorEvents,
    errors: [noImage, busy, 'if the copy has another size'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "blockdev-mirror", "arguments": { "device": "ide-hd0", "target": "target0", "sync": "full" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='ide-hd0' nor node-name='ide-hd0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobControl }, { device, target, ...words }) {
      await jobControl.mirrorToNode({
        ...mirrorOf(words),
        device,
        target,
        filterNodeName: words['filter-node-name'],
      })
      return {}
    },
  }),

  'blockdev-create': command({
    since: '3.0',
    doc: 'Make an image: a file, or a format in the place of what a node holds. The job stays until it is dismissed.',
    args: {
      'job-id': req(str, 'name of the job'),
      options: req(BlockdevCreateOptions, 'the image'),
    },
    returns: nothing,
    emits: ['JOB_STATUS_CHANGE'],
    errors: ['if the driver makes no images', 'if the name of the job is taken, or none'],
    examples: [
      example(
        'no name',
        `
        -> { "execute": "blockdev-create", "arguments": { "job-id": "0", "options": { "driver": "file", "filename": "disk.img", "size": 1048576 } } }
        <- { "error": { "class": "GenericError", "desc": "Invalid job ID '0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobControl }, { 'job-id': id, options }) {
      await jobControl.create(id, newImageOf(options))
      return {}
    },
  }),

  'x-blockdev-amend': command({
    since: '5.1',
    doc: 'Change what an image that is open has: key slots of LUKS, also in qcow2. The job stays until it is dismissed.',
    args: {
      'job-id': req(str, 'name of the job'),
      'node-name': req(str, 'the image', { complete: 'node' }),
      options: req(BlockdevAmendOptions, 'what is to change'),
      force: opt(bool, 'overwrite slots that are in use, and erase the last one: then the data is lost'),
    },
    returns: nothing,
    features: ['unstable'],
    emits: ['JOB_STATUS_CHANGE'],
    errors: [
      'if there is no such node',
      'if it has another format',
      'if that format changes nothing',
      'if others use its file',
    ],
    examples: [
      example(
        'no such image',
        `
        -> { "execute": "x-blockdev-amend", "arguments": { "job-id": "job0", "node-name": "disk0", "options": { "driver": "luks", "state": "active", "new-secret": "sec0" } } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='' nor node-name='disk0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ jobControl }, { 'job-id': id, 'node-name': nodeName, options, force }) {
      await jobControl.amend(id, { nodeName, driver: options.driver, options: amendOptionsOf(options), force })
      return {}
    },
  }),
}
