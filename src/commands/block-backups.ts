import { type BackupOptions, bitmapModes, type GraphControl, type TransactionStep } from '../block/index.ts'
import { bool, example, family, type Infer, int, nothing, oneOf, opt, req, str, struct } from '../qapi/index.ts'
import {
  busy,
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
} from './job-words.ts'

const command = family<{ graph: GraphControl }>()

const BackupPerf = struct('BackupPerf', {
  'use-copy-range': opt(bool, 'whether the host may copy by itself; makes no difference here'),
  'max-workers': opt(int.wide, 'requests that are on their way at the same time at most; 64 by default'),
  'max-chunk': opt(int.wide, 'bytes of one request at most; 0, the default, for no limit'),
})

const backing = {
  'job-id': jobId,
  device: req(str, 'drive, or node, that is copied', { complete: 'drive' }),
  sync: req(
    MirrorSyncMode,
    'what is copied: all, what the image itself holds, what a bitmap has noted, or only what is overwritten',
  ),
  speed,
  bitmap: opt(str, 'dirty bitmap of the image: what is copied, with @sync `bitmap` or `incremental`'),
  'bitmap-mode': opt(
    oneOf('BitmapSyncMode', bitmapModes),
    'when the bitmap forgets what is copied: if all of it is, never, or always; `on-success` with `incremental`',
  ),
  compress: opt(bool, 'whether the copy is written in little space, if its format can'),
  'on-source-error': onError('a read of the image'),
  'on-target-error': onError('a write of the copy'),
  ...endings,
  'filter-node-name': filterNodeName,
  'x-perf': opt(BackupPerf, 'how the work is done', { features: ['unstable'] }),
}

export const DriveBackup = struct('DriveBackup', {
  ...backing,
  target: req(str, 'file of the copy', { complete: 'file' }),
  format: opt(str, 'format of the copy; that of the image by default, or guessed if the file exists'),
  mode: opt(NewImageMode, newImageMode),
})

export const BlockdevBackup = struct('BlockdevBackup', {
  ...backing,
  target: req(str, 'node of the copy', { complete: 'node' }),
})

const optionsOf = (words: Omit<Infer<typeof BlockdevBackup>, 'target'>): BackupOptions => ({
  ...common(words),
  device: words.device,
  sync: words.sync,
  bitmap: words.bitmap,
  bitmapMode: words['bitmap-mode'],
  compress: words.compress,
  onSourceError: words['on-source-error'],
  onTargetError: words['on-target-error'],
  filterNodeName: words['filter-node-name'],
  maxWorkers: Number(words['x-perf']?.['max-workers'] ?? 64),
  maxChunk: Number(words['x-perf']?.['max-chunk'] ?? 0),
})

/** The step of a transaction that starts a backup into a file. */
export const driveBackupStep = ({ target, format, mode, ...words }: Infer<typeof DriveBackup>): TransactionStep => ({
  type: 'backup',
  options: { ...optionsOf(words), target, format, mode },
})

/** The step of a transaction that starts a backup into a node. */
export const blockdevBackupStep = ({ target, ...words }: Infer<typeof BlockdevBackup>): TransactionStep => ({
  type: 'backup',
  options: { ...optionsOf(words), targetNode: target },
})

const emits = ['BLOCK_JOB_COMPLETED', 'BLOCK_JOB_CANCELLED', 'BLOCK_JOB_ERROR', 'JOB_STATUS_CHANGE'] as const
const noBitmap = 'if the bitmap is not there, cannot be used, or does not fit to @sync'

/** Jobs that copy an image as it was when they were started. */
export const blockBackupCommands = {
  'drive-backup': command({
    since: '1.6',
    doc: 'Copy an image as it is now into a file, while the guest goes on.',
    args: DriveBackup,
    returns: nothing,
    features: ['deprecated'],
    emits,
    errors: [noImage, busy, noBitmap, 'if the copy cannot be made or opened'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "drive-backup", "arguments": { "device": "drive0", "sync": "full", "target": "backup.img" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='drive0' nor node-name='drive0'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, words) {
      await graph.transaction([driveBackupStep(words)])
      return {}
    },
  }),

  'blockdev-backup': command({
    since: '2.3',
    doc: 'Copy an image as it is now into a node that is there, while the guest goes on.',
    args: BlockdevBackup,
    returns: nothing,
    emits,
    errors: [noImage, busy, noBitmap, 'if the copy has another size'],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "blockdev-backup", "arguments": { "device": "src-id", "sync": "full", "target": "tgt-id" } }
        <- { "error": { "class": "GenericError", "desc": "Cannot find device='src-id' nor node-name='src-id'" } }`,
      ),
    ],
    preconfig: true,
    async run({ graph }, words) {
      await graph.transaction([blockdevBackupStep(words)])
      return {}
    },
  }),
}
