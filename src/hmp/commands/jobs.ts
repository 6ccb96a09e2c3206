import { hmpFamily } from '../hmp-command.ts'

const command = hmpFamily<{}>()

const copiesToFile = "The device's contents are\n\t\t\tcopied to the new image file, "
const flags =
  '\t\t\tThe -n flag requests QEMU to reuse the image found\n\t\t\tin new-image-file, instead of recreating it from scratch.\n' +
  '\t\t\tThe -f flag requests QEMU to copy the whole disk,\n\t\t\tso that the result does not need a backing file.\n'

/** What a command says of the file that a copy goes to. */
const into = ({ device, target, format, reuse, full }: Copy) => ({
  device,
  target,
  ...(format !== undefined && { format }),
  sync: full ? ('full' as const) : ('top' as const),
  mode: reuse ? ('existing' as const) : ('absolute-paths' as const),
})

interface Copy {
  readonly device: string
  readonly target: string
  readonly format: string | undefined
  readonly reuse: boolean
  readonly full: boolean
}

/** Jobs on images. */
export const jobCommands = {
  block_stream: command({
    args: 'device:B,speed:o?,base:s?',
    params: 'device [speed [base]]',
    help: 'copy data from a backing file into a block device',
    async run({ qmp }, { device, speed, base }) {
      await qmp('block-stream', {
        'job-id': device,
        device,
        ...(base !== undefined && { base }),
        ...(speed !== undefined && { speed }),
      })
    },
  }),
  block_job_set_speed: command({
    args: 'device:B,speed:o',
    params: 'device speed',
    help: 'set maximum speed for a background block operation',
    run: async ({ qmp }, { device, speed }) => void (await qmp('block-job-set-speed', { device, speed })),
  }),
  block_job_cancel: command({
    args: 'force:-f,device:B',
    params: '[-f] device',
    help: 'stop an active background block operation (use -f\n\t\t\t if you want to abort the operation immediately\n\t\t\t instead of keep running until data is in sync)',
    run: async ({ qmp }, { device, force }) => void (await qmp('block-job-cancel', { device, force })),
  }),
  block_job_complete: command({
    args: 'device:B',
    params: 'device',
    help: 'stop an active background block operation',
    run: async ({ qmp }, { device }) => void (await qmp('block-job-complete', { device })),
  }),
  block_job_pause: command({
    args: 'device:B',
    params: 'device',
    help: 'pause an active background block operation',
    run: async ({ qmp }, { device }) => void (await qmp('block-job-pause', { device })),
  }),
  block_job_resume: command({
    args: 'device:B',
    params: 'device',
    help: 'resume a paused background block operation',
    run: async ({ qmp }, { device }) => void (await qmp('block-job-resume', { device })),
  }),
  drive_mirror: command({
    args: 'reuse:-n,full:-f,device:B,target:s,format:s?',
    params: '[-n] [-f] device target [format]',
    help: `initiates live storage\n\t\t\tmigration for a device. ${copiesToFile}including data that\n\t\t\tis written after the command is started.\n${flags}\t\t\t`,
    run: async ({ qmp }, copy) => void (await qmp('drive-mirror', { ...into(copy), unmap: true })),
  }),
  drive_backup: command({
    args: 'reuse:-n,full:-f,compress:-c,device:B,target:s,format:s?',
    params: '[-n] [-f] [-c] device target [format]',
    help: `initiates a point-in-time\n\t\t\tcopy for a device. ${copiesToFile}excluding data that\n\t\t\tis written after the command is started.\n${flags}\t\t\tThe -c flag requests QEMU to compress backup data\n\t\t\t(if the target format supports it).\n\t\t\t`,
    run: async ({ qmp }, copy) => void (await qmp('drive-backup', { ...into(copy), compress: copy.compress })),
  }),
}
