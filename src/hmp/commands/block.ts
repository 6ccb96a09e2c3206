import { BlockError, type DriveSet, type GraphControl } from '../../block/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{
  graph: Pick<GraphControl, 'commit' | 'commitAll'>
  drives: Pick<DriveSet, 'find'>
}>()

/** Sizes, limits and snapshots of drives. */
export const blockCommands = {
  commit: command({
    args: 'device:B',
    params: 'device|all',
    help: 'commit changes to the disk images (if -snapshot is used) or backing files',
    async run({ parts: { graph }, print }, { device }) {
      try {
        await (device === 'all' ? graph.commitAll() : graph.commit(device))
      } catch (error) {
        if (!(error instanceof BlockError)) throw error
        if (error.context.drive !== undefined) throw new HmpError(error.message)
        if (error.cause instanceof BlockError) print(`${error.cause.message}\n`)
        throw new HmpError(`'commit' error for '${device}': ${error.message}`)
      }
    },
  }),
  block_resize: command({
    args: 'device:B,size:o',
    params: 'device size',
    help: 'resize a block image',
    run: async ({ qmp }, { device, size }) => void (await qmp('block_resize', { device, size })),
  }),
  block_set_io_throttle: command({
    args: 'device:B,bps:l,bps_rd:l,bps_wr:l,iops:l,iops_rd:l,iops_wr:l',
    params: 'device bps bps_rd bps_wr iops iops_rd iops_wr',
    help: 'change I/O throttle limits for a block drive',
    async run({ qmp, parts: { drives } }, { device, ...limits }) {
      // The name may be that of a guest's device, too.
      const target = drives.find(device) === undefined ? { id: device } : { device }
      await qmp('block_set_io_throttle', { ...target, ...limits })
    },
  }),
  snapshot_blkdev: command({
    args: 'reuse:-n,device:B,snapshot-file:s?,format:s?',
    params: '[-n] device [new-image-file] [format]',
    help:
      'initiates a live snapshot\n\t\t\tof device. If a new image file is specified, the\n\t\t\tnew image file will become the new root image.\n' +
      '\t\t\tIf format is specified, the snapshot file will\n\t\t\tbe created in that format.\n' +
      '\t\t\tThe default format is qcow2.  The -n flag requests QEMU\n\t\t\tto reuse the image found in new-image-file, instead of\n\t\t\trecreating it from scratch.',
    async run({ qmp }, { device, reuse, 'snapshot-file': file, format }) {
      if (file === undefined) throw new QmpError('GenericError', "Parameter 'snapshot-file' is missing")
      await qmp('blockdev-snapshot-sync', {
        device,
        'snapshot-file': file,
        ...(format !== undefined && { format }),
        mode: reuse ? 'existing' : 'absolute-paths',
      })
    },
  }),
  snapshot_blkdev_internal: command({
    args: 'device:B,name:s',
    params: 'device name',
    help: 'take an internal snapshot of device.\n\t\t\tThe format of the image used by device must\n\t\t\tsupport it, such as qcow2.\n\t\t\t',
    run: async ({ qmp }, { device, name }) => void (await qmp('blockdev-snapshot-internal-sync', { device, name })),
  }),
  snapshot_delete_blkdev_internal: command({
    args: 'device:B,name:s,id:s?',
    params: 'device name [id]',
    help: 'delete an internal snapshot of device.\n\t\t\tIf id is specified, qemu will try delete\n\t\t\tthe snapshot matching both id and name.\n\t\t\tThe format of the image used by device must\n\t\t\tsupport it, such as qcow2.\n\t\t\t',
    async run({ qmp }, { device, name, id }) {
      await qmp('blockdev-snapshot-delete-internal-sync', { device, name, ...(id !== undefined && { id }) })
    },
  }),
}
