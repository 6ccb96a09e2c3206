import type { DriveSet } from '../../block/index.ts'
import type { EventHub } from '../../monitor/index.ts'
import { BlockExports } from '../../nbd-server/index.ts'
import type { UserObjects } from '../../objects/index.ts'
import type { Start } from './start.ts'

/** Images for others: none at first. */
export function exports({
  scope,
  drives,
  events,
  userObjects,
  warn,
}: Start & { readonly drives: DriveSet; readonly events: EventHub; readonly userObjects: UserObjects }): {
  readonly exports: BlockExports
} {
  const made = new BlockExports({
    drives,
    isThread: (id) => userObjects.typeOf(id) === 'iothread',
    secure: (creds, authz) => userObjects.services.securingServer(creds, authz),
    emit: (name, ...[data]) => events.emit(name, data),
    ...(warn !== undefined && { complain: warn }),
  })
  return { exports: scope.own(made) }
}
