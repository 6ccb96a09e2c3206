import { untilAborted } from '../../async/index.ts'
import type { GraphControl } from '../../block/index.ts'
import { ChardevSet, type ChardevWatch } from '../../chardev/index.ts'
import type { FdSets } from '../../descriptors/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import { chardevObjects } from '../tree/chardev-objects.ts'
import { type YankInstances, yankableChardevs } from '../yank-instances.ts'
import { asked, type Start } from './start.ts'

/** Character devices, opened in their order; nobody is behind them yet. */
export async function chardevs(
  start: Start & {
    readonly listeners: BoardListeners
    readonly fdSets: FdSets
    readonly graph: GraphControl
    readonly objectTree: ObjectTree
    readonly userObjects: UserObjects
    readonly yankInstances: YankInstances
  },
): Promise<{ readonly chardevs: ChardevSet }> {
  const { config, scope, listeners, fdSets, graph, objectTree, userObjects, redirected, signal, log } = start
  const save = (): void => {
    graph.commitAll().catch((error) => log.log('machine', 'images could not be committed', { error }))
  }
  const { complain } = start
  const actions = {
    complain,
    exit: () => listeners.runControl?.quit('host-qmp-quit'),
    save,
    securing: userObjects.services,
  }
  const set = scope.own(
    new ChardevSet(actions, fdSets, both(chardevObjects(objectTree), yankableChardevs(start.yankInstances))),
  )
  for (const options of config.chardevs) {
    await asked(options, set.open(options, signal), signal)
    if (options.backend.type !== 'pty') continue
    // Of a shared device, it is the one below that has a name to be found by.
    const { filename, label } = set.find(options.mux === true ? `${options.label}-base` : options.label)
    redirected?.(filename, label)
  }
  return { chardevs: set }
}

function both(first: ChardevWatch, second: ChardevWatch): ChardevWatch {
  return {
    added(device, kind) {
      first.added(device, kind)
      second.added(device, kind)
    },
    replaced(device, kind) {
      first.replaced(device, kind)
      second.replaced(device, kind)
    },
    removed(label) {
      first.removed(label)
      second.removed(label)
    },
  }
}

/** Lets those in that wait for shared devices, and waits for those without whom the machine is not to start. */
export async function awaitedPeers({
  config,
  chardevs: set,
  waiting,
  signal,
}: Start & { readonly chardevs: ChardevSet }): Promise<object> {
  set.openShared()
  for (const { label, origin } of config.chardevs) {
    const { awaited, filename } = set.find(label)
    if (awaited === undefined) continue
    waiting?.(filename, origin)
    await untilAborted(awaited, signal)
  }
  return {}
}
