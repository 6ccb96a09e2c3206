import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

/** Jobs on images. */
export const jobTopics = {
  'block-jobs': topic({
    args: '',
    params: '',
    help: 'show progress of ongoing block device operations',
    async run({ qmp, print }) {
      const jobs = await qmp('query-block-jobs')
      if (jobs.length === 0) print('No active jobs\n')
      for (const { type, device, offset, len, speed } of jobs) {
        const what = type === 'stream' ? `Streaming device ${device}` : `Type ${type}, device ${device}`
        print(`${what}: Completed ${offset} of ${len} bytes, speed limit ${speed} bytes/s\n`)
      }
    },
  }),
}
