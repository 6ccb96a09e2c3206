import { BusObject, listOfAllModels } from '../../devices/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import { busText } from '../device-tree-text.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{ objectTree: ObjectTree }>()

/** What devices there are, and could be. */
export const deviceTopics = {
  qtree: topic({
    args: '',
    params: '',
    help: 'show device tree',
    async run({ parts: { objectTree }, qmp, print }) {
      const root = objectTree.find('/machine/unattached/sysbus')
      if (!(root instanceof BusObject)) return
      const [bus] = await qmp('query-pci')
      print(await busText(root, bus?.devices ?? [], 'main-system-bus'))
    },
  }),
  qdm: topic({
    args: '',
    params: '',
    help: 'show qdev device model list',
    run: ({ print }) => print(listOfAllModels()),
  }),
}
