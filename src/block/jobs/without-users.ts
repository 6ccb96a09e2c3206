import { deferred } from '../../async/index.ts'
import type { DriveSet } from '../drives/drive-set.ts'
import type { BlockNode } from '../graph/node.ts'

/** Runs work while nobody makes requests to a node, from whatever lies over it: drives first, then nodes from the top. */
export function withoutUsers<T>(drives: DriveSet, node: BlockNode, work: () => Promise<T>): Promise<T> {
  const above = new Set<BlockNode>([node])
  for (const each of above) for (const parent of drives.graph.above(each)) above.add(parent.node)
  const wrap = (inner: () => Promise<T>, outer: (run: () => Promise<T>) => Promise<T>) => () => outer(inner)
  let run = work
  // What is wrapped last comes first.
  for (const each of above) run = wrap(run, (inner) => each.drained(inner))
  for (const drive of drives) run = wrap(run, (inner) => drive.withoutRequests(inner))
  return run()
}

/** Begins a section in which something holds, and goes on when it does. @returns ends the section */
export async function hold(section: (work: () => Promise<void>) => Promise<void>): Promise<() => Promise<void>> {
  const begun = deferred<void>()
  const end = deferred<void>()
  const whole = section(async () => {
    begun.resolve()
    await end.promise
  })
  await Promise.race([begun.promise, whole])
  return async () => {
    end.resolve()
    await whole
  }
}
