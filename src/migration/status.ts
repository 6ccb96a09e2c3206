/** Where a migration can stand (QAPI MigrationStatus, QEMU 7.2), in the order of its declaration. */
export const migrationStatuses = [
  'none',
  'setup',
  'cancelling',
  'cancelled',
  'active',
  'postcopy-active',
  'postcopy-paused',
  'postcopy-recover',
  'completed',
  'failed',
  'colo',
  'pre-switchover',
  'device',
  'wait-unplug',
] as const

export type MigrationStatus = (typeof migrationStatuses)[number]

/** The moves that are legal for a migration without postcopy. */
const moves: Readonly<Partial<Record<MigrationStatus, readonly MigrationStatus[]>>> = {
  none: ['setup'],
  // A snapshot is written without ever being active.
  setup: ['active', 'completed', 'cancelling', 'failed', 'setup'],
  active: ['pre-switchover', 'completed', 'cancelling', 'failed'],
  'pre-switchover': ['device', 'cancelling', 'failed'],
  device: ['completed', 'cancelling', 'failed'],
  // It may have been too late.
  cancelling: ['cancelled', 'completed', 'failed'],
  cancelled: ['setup'],
  completed: ['setup'],
  failed: ['setup'],
}

/** Whether a migration is on its way: another one is refused meanwhile. */
export function isOnItsWay(status: MigrationStatus): boolean {
  return ['setup', 'active', 'pre-switchover', 'device', 'cancelling'].includes(status)
}

/** @throws {Error} if the move is illegal: always a bug */
export function moveStatus(from: MigrationStatus, to: MigrationStatus): MigrationStatus {
  const legal = moves[from] ?? []
  if (!legal.includes(to))
    throw new Error(`a migration in status '${from}' cannot be '${to}' (from here: ${legal.join(', ')})`)
  return to
}
