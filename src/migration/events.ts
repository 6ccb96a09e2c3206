import { event, int, oneOf, req } from '../qapi/index.ts'
import { migrationStatuses } from './status.ts'

/** Where a migration stands (QAPI MigrationStatus). */
export const MigrationStatusName = oneOf('MigrationStatus', migrationStatuses)

/** Events of migrations: declared here because this room emits them. */
export const migrationEvents = {
  MIGRATION: event({
    since: '2.4',
    doc: 'A migration stands elsewhere than before. Told if the capability events is on.',
    data: { status: req(MigrationStatusName, 'where it stands now') },
    examples: [
      '{ "event": "MIGRATION", "data": { "status": "completed" }, "timestamp": { "seconds": 1432121972, "microseconds": 744001 } }',
    ],
  }),
  MIGRATION_PASS: event({
    since: '2.6',
    doc: 'Another pass over RAM begins: what has changed since the last one is sent. Told if the capability events is on.',
    data: { pass: req(int, 'its number; the first has 1') },
    examples: [
      '{ "event": "MIGRATION_PASS", "data": { "pass": 2 }, "timestamp": { "seconds": 1449669631, "microseconds": 239225 } }',
    ],
  }),
}
