import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

/** How much of its memory the guest changes. */
export const dirtyRateTopics = {
  dirty_rate: topic({
    args: '',
    params: '',
    help: 'show dirty rate information',
    async run({ qmp, print }) {
      const info = await qmp('query-dirty-rate')
      print(`Status: ${info.status}\n`)
      print(`Start Time: ${info['start-time']} (ms)\n`)
      print(`Sample Pages: ${info['sample-pages']} (per GB)\n`)
      print(`Period: ${info['calc-time']} (sec)\n`)
      print(`Mode: ${info.mode}\n`)
      print(`Dirty rate: ${info['dirty-rate'] === undefined ? '(not ready)' : `${info['dirty-rate']} (MB/s)`}\n`)
    },
  }),
  vcpu_dirty_limit: topic({
    args: '',
    params: '',
    help: 'show dirty page limit information of all vCPU',
    // No CPU ever has a limit here.
    run: ({ print }) => print('Dirty page limit not enabled!\n'),
  }),
}
