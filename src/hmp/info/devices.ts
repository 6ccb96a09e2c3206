import { BusObject, listOfAllModels } from '../../devices/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import { busText } from '../device-tree-text.ts'
import { hmpFamily } from '../hmp-command.ts'
import { addressSpaces, type Surroundings } from '../memory-tree/address-spaces.ts'
import { flatViewText, memoryTreeText } from '../memory-tree/memory-tree-text.ts'
import type { MemoryBackend } from './ram.ts'

const topic = hmpFamily<{
  objectTree: ObjectTree
  guest: Surroundings['guest']
  cpus: { readonly count: number }
  memoryBackends: readonly MemoryBackend[]
}>()

/** What devices there are, and could be. */
export const deviceTopics = {
  mtree: topic({
    args: 'flatview:-f,dispatch_tree:-d,owner:-o,disabled:-D',
    params: '[-f][-d][-o][-D]',
    help: 'show memory tree (-f: dump flat view for address spaces;-d: dump dispatch tree, valid with -f only);-o: dump region owners/parents;-D: dump disabled regions',
    async run({ parts, print }, { flatview, owner, disabled }) {
      const { objectTree, guest, cpus, memoryBackends } = parts
      const ramName = memoryBackends[0]?.id ?? 'pc.ram'
      const spaces = await addressSpaces({ guest, objectTree, ramName, isPc: cpus.count > 0 })
      const shown = { owners: owner, disabled }
      print(flatview ? flatViewText(spaces, shown) : memoryTreeText(spaces, shown))
    },
  }),
  qtree: topic({
    args: '',
    params: '',
    help: 'show device tree',
    async run({ parts: { objectTree, guest }, qmp, print }) {
      const root = objectTree.find('/machine/unattached/sysbus')
      if (!(root instanceof BusObject)) return
      const [bus] = await qmp('query-pci')
      print(await busText(root, { functions: bus?.devices ?? [], flash: guest.flash }, 'main-system-bus'))
    },
  }),
  qdm: topic({
    args: '',
    params: '',
    help: 'show qdev device model list',
    run: ({ print }) => print(listOfAllModels()),
  }),
}
