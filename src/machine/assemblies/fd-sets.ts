import { closeSync } from 'node:fs'
import { FdSets } from '../../descriptors/index.ts'
import type { BoardListeners } from '../board-listeners.ts'
import { asked, type Start } from './start.ts'

/** The sets of descriptors that files can be opened from, with those that the program was started with. */
export async function fdSets({
  config,
  scope,
  listeners,
}: Start & { readonly listeners: BoardListeners }): Promise<{ readonly fdSets: FdSets }> {
  const sets = new FdSets({ running: () => listeners.runControl?.running ?? false })
  scope.own(() => sets[Symbol.dispose]())
  for (const { fd, set, opaque, ...by } of config.passedDescriptors) {
    await asked(by, async () => sets.addInherited(fd, { id: set, opaque }))
  }
  for (const fd of new Set(config.passedDescriptors.map((each) => each.fd))) closeSync(fd)
  return { fdSets: sets }
}
