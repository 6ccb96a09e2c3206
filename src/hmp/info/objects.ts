import type { ObjectTree } from '../../qom/index.ts'
import { treeText } from '../commands/objects.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{ objectTree: ObjectTree }>()

/** What objects there are. */
export const objectTopics = {
  'qom-tree': topic({
    args: 'path:s?',
    params: '[path]',
    help: 'show QOM composition tree',
    run({ parts: { objectTree }, print }, { path = '/machine' }) {
      const object = objectTree.find(path)
      if (object === undefined) return print(`Path '${path}' could not be resolved.\n`)
      if (object === 'ambiguous') return print(`Path '${path}' is ambiguous.\n`)
      print(treeText(object))
    },
  }),
  iothreads: topic({
    args: '',
    params: '',
    help: 'show iothreads',
    async run({ qmp, print }) {
      for (const { id, 'thread-id': thread, ...values } of await qmp('query-iothreads')) {
        const names = ['poll-max-ns', 'poll-grow', 'poll-shrink', 'aio-max-batch'] as const
        print(`${id}:\n  thread_id=${thread}\n${names.map((name) => `  ${name}=${values[name]}\n`).join('')}`)
      }
    },
  }),
  memdev: topic({
    args: '',
    params: '',
    help: 'show memory backends',
    async run({ qmp, print }) {
      for (const { id, size, 'host-nodes': nodes, policy, ...flags } of await qmp('query-memdev')) {
        const names = ['merge', 'dump', 'prealloc', 'share', 'reserve'] as const
        const lines = names.map((name) => `  ${name}: ${flags[name]}\n`).join('')
        print(
          `memory backend: ${id}\n  size:  ${size}\n${lines}  policy: ${policy}\n  host nodes: ${nodes.join(',')}\n`,
        )
      }
      print('\n')
    },
  }),
}
