import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{}>()

/** How dumps go. */
export const dumpTopics = {
  dump: topic({
    args: '',
    params: '',
    help: 'Display the latest dump status',
    async run({ qmp, print }) {
      const { status, completed, total } = await qmp('query-dump')
      print(`Status: ${status}\n`)
      if (status === 'active') print(`Finished: ${((completed * 100) / total).toFixed(2)} %\n`)
    },
  }),
}
