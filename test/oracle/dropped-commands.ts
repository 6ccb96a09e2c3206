/** Commands that QEMU never had. */
export const ownCommands: ReadonlySet<string> = new Set([
  '__org.vmon_fork',
  '__org.vmon_kill',
  '__org.vmon_query-keyboard',
  '__org.vmon_query-netdevs',
  '__org.vmon_query-screen-text',
])

/** Commands that QEMU 7.2 has no more; they behave as in 1.3. */
export const droppedCommands: ReadonlySet<string> = new Set([
  'block_passwd',
  'change',
  'cpu',
  'migrate-set-cache-size',
  'migrate_set_downtime',
  'migrate_set_speed',
  'query-cpus',
  'query-events',
  'query-migrate-cache-size',
])

/** Events that QEMU never had. */
export const ownEvents: ReadonlySet<string> = new Set(['__org.vmon_NETDEV_POLICY'])

/** The feature of members that QEMU never had. */
export const ownFeature = 'org.vmon'
