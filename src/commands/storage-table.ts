import { blockEvents, jobEvents } from '../block/index.ts'
import { deviceEvents } from '../devices/index.ts'
import { exportEvents } from '../nbd-server/index.ts'
import { example, family, type NeedsOf, nothing } from '../qapi/index.ts'
import { commands } from './table.ts'

const command = family<{ daemon: { quit(): Promise<void> } }>()

const quit = command({
  since: '4.2',
  doc: 'End exports and jobs, and the program.',
  args: {},
  returns: nothing,
  examples: [example('the connection ends after the reply', '-> { "execute": "quit" }\n<- { "return": {} }')],
  async run({ daemon }) {
    await daemon.quit()
    return {}
  },
})

/** What `vmon storage` speaks: the commands that need no machine, in the order in which it lists them. */
export const storageCommands = {
  transaction: commands.transaction,
  'object-del': commands['object-del'],
  'object-add': commands['object-add'],
  'qom-list-properties': commands['qom-list-properties'],
  'qom-list-types': commands['qom-list-types'],
  'qom-set': commands['qom-set'],
  'qom-get': commands['qom-get'],
  'qom-list': commands['qom-list'],
  'query-qmp-schema': commands['query-qmp-schema'],
  quit,
  'query-commands': commands['query-commands'],
  'query-version': commands['query-version'],
  qmp_capabilities: commands.qmp_capabilities,
  'chardev-send-break': commands['chardev-send-break'],
  'chardev-remove': commands['chardev-remove'],
  'chardev-change': commands['chardev-change'],
  'chardev-add': commands['chardev-add'],
  'ringbuf-read': commands['ringbuf-read'],
  'ringbuf-write': commands['ringbuf-write'],
  'query-chardev-backends': commands['query-chardev-backends'],
  'query-chardev': commands['query-chardev'],
  'query-block-exports': commands['query-block-exports'],
  'block-export-del': commands['block-export-del'],
  'block-export-add': commands['block-export-add'],
  'nbd-server-stop': commands['nbd-server-stop'],
  'nbd-server-remove': commands['nbd-server-remove'],
  'nbd-server-add': commands['nbd-server-add'],
  'nbd-server-start': commands['nbd-server-start'],
  'query-jobs': commands['query-jobs'],
  'job-finalize': commands['job-finalize'],
  'job-dismiss': commands['job-dismiss'],
  'job-complete': commands['job-complete'],
  'job-cancel': commands['job-cancel'],
  'job-resume': commands['job-resume'],
  'job-pause': commands['job-pause'],
  'blockdev-snapshot-delete-internal-sync': commands['blockdev-snapshot-delete-internal-sync'],
  'blockdev-snapshot-internal-sync': commands['blockdev-snapshot-internal-sync'],
  'x-blockdev-set-iothread': commands['x-blockdev-set-iothread'],
  'x-blockdev-change': commands['x-blockdev-change'],
  'block-set-write-threshold': commands['block-set-write-threshold'],
  'x-blockdev-amend': commands['x-blockdev-amend'],
  'blockdev-create': commands['blockdev-create'],
  'blockdev-del': commands['blockdev-del'],
  'blockdev-reopen': commands['blockdev-reopen'],
  'blockdev-add': commands['blockdev-add'],
  'block-job-finalize': commands['block-job-finalize'],
  'block-job-dismiss': commands['block-job-dismiss'],
  'block-job-complete': commands['block-job-complete'],
  'block-job-resume': commands['block-job-resume'],
  'block-job-pause': commands['block-job-pause'],
  'block-job-cancel': commands['block-job-cancel'],
  'block-job-set-speed': commands['block-job-set-speed'],
  'block-stream': commands['block-stream'],
  'blockdev-mirror': commands['blockdev-mirror'],
  'x-debug-block-dirty-bitmap-sha256': commands['x-debug-block-dirty-bitmap-sha256'],
  'block-dirty-bitmap-merge': commands['block-dirty-bitmap-merge'],
  'block-dirty-bitmap-disable': commands['block-dirty-bitmap-disable'],
  'block-dirty-bitmap-enable': commands['block-dirty-bitmap-enable'],
  'block-dirty-bitmap-clear': commands['block-dirty-bitmap-clear'],
  'block-dirty-bitmap-remove': commands['block-dirty-bitmap-remove'],
  'block-dirty-bitmap-add': commands['block-dirty-bitmap-add'],
  'drive-mirror': commands['drive-mirror'],
  'x-debug-query-block-graph': commands['x-debug-query-block-graph'],
  'query-named-block-nodes': commands['query-named-block-nodes'],
  'blockdev-backup': commands['blockdev-backup'],
  'drive-backup': commands['drive-backup'],
  'block-commit': commands['block-commit'],
  'change-backing-file': commands['change-backing-file'],
  'blockdev-snapshot': commands['blockdev-snapshot'],
  'blockdev-snapshot-sync': commands['blockdev-snapshot-sync'],
  block_resize: commands.block_resize,
  'query-block-jobs': commands['query-block-jobs'],
  'query-blockstats': commands['query-blockstats'],
  'query-block': commands['query-block'],
}

/** What it tells of. */
export const storageEvents = {
  BLOCK_EXPORT_DELETED: exportEvents.BLOCK_EXPORT_DELETED,
  BLOCK_IMAGE_CORRUPTED: blockEvents.BLOCK_IMAGE_CORRUPTED,
  BLOCK_IO_ERROR: blockEvents.BLOCK_IO_ERROR,
  BLOCK_WRITE_THRESHOLD: blockEvents.BLOCK_WRITE_THRESHOLD,
  ...jobEvents,
  VSERPORT_CHANGE: deviceEvents.VSERPORT_CHANGE,
}

/** The parts that it must have so that every command can run. */
export type StorageParts = NeedsOf<typeof storageCommands>
