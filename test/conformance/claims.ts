/**
 * How far each command goes: what docs/conformance.md says of it. A command without a claim is one that vmon does not
 * have yet. Claims are held against the table, the recordings and the declared differences by tests.
 */

export interface Claim {
  /**
   * `exact`: no client can tell vmon's answers from QEMU's. `equivalent`: the words differ, what they say does not.
   * `divergent`: a client can tell, and that is decided.
   */
  readonly verdict: 'exact' | 'equivalent' | 'divergent'
  /** Why it is not exact. */
  readonly reason?: string
  /** Tests that prove it, beside the recordings in which it occurs. */
  readonly tests?: readonly string[]
}

const exact: Claim = { verdict: 'exact' }
const dropped: Claim = { verdict: 'divergent', reason: 'QEMU 7.2 has dropped it; it behaves as in QEMU 1.3' }
const inputDevicesTest = 'test/interop/input-devices.test.ts'
const own: Claim = {
  verdict: 'divergent',
  reason: "vmon's own, named as the QMP specification wants it",
  tests: ['test/guests/console.test.ts'],
}
const schemaTest = 'test/oracle/schema.test.ts'

export const claims: Readonly<Record<string, Claim>> = {
  quit: exact,
  eject: exact,
  change: dropped,
  block_passwd: dropped,
  screendump: {
    verdict: 'divergent',
    reason:
      'the pictures are equal, mode by mode; a PNG file that cannot be written whole is an error, where QEMU says nothing; without a VGA there is no console, where QEMU shows its own terminals; VBE modes with 4 bits are drawn as if they had 8; setting a VBE mode clears all video memory, and the planes of a text mode are laid out otherwise, which a guest shows only if it looks for it (docs/decisions/0004)',
    tests: ['test/interop/pictures.test.ts'],
  },
  stop: exact,
  cont: exact,
  system_wakeup: exact,
  system_reset: exact,
  system_powerdown: exact,
  'send-key': {
    verdict: 'divergent',
    reason:
      'the guest reads the same codes; takes plain names too, as the documentation of QEMU 1.3 shows them; a hold time below 0 is the default, where QEMU holds the key for 49 days; keys that a slow guest or a full queue would make QEMU lose wait',
    tests: ['test/interop/keyboard.test.ts', 'test/interop/pictures.test.ts'],
  },
  cpu: dropped,
  memsave: {
    verdict: 'divergent',
    reason:
      'takes the old spelling cpu of cpu-index too, leaves no file behind when it fails, and refuses a size below 0, which ends QEMU',
    tests: ['test/interop/memory.test.ts'],
  },
  pmemsave: exact,
  'inject-nmi': exact,
  qmp_capabilities: exact,
  'query-version': exact,
  'query-commands': { verdict: 'divergent', reason: 'tells the commands that vmon has', tests: [schemaTest] },
  'query-events': dropped,
  'query-chardev': exact,
  'query-block': exact,
  block_resize: {
    verdict: 'divergent',
    reason: 'a raw image has whole sectors of 512 bytes, where QEMU takes any size',
  },
  block_set_io_throttle: exact,
  transaction: { verdict: 'divergent', reason: 'actions that need jobs or dirty bitmaps are not there' },
  'blockdev-snapshot-sync': exact,
  'query-blockstats': exact,
  'query-cpus': dropped,
  'query-mice': { verdict: 'exact', tests: [inputDevicesTest] },
  'query-pci': {
    verdict: 'divergent',
    reason:
      'each function is told as by QEMU, before and after the firmware has given out addresses, but for the VGA, whose registers are not in memory as well (region 2), and the network card, which is not there by default',
    tests: ['test/interop/pci.test.ts'],
  },
  'query-kvm': { verdict: 'divergent', reason: 'KVM is never present: the processor is emulated in this process' },
  'query-status': exact,
  'query-name': exact,
  'query-uuid': exact,
  'query-machines': { verdict: 'divergent', reason: 'tells the machine types that vmon has' },
  'query-cpu-definitions': { verdict: 'divergent', reason: 'tells the processor that vmon has' },
  'query-target': exact,
  'query-cpus-fast': exact,
  'query-named-block-nodes': {
    verdict: 'divergent',
    reason: 'an image that has got an overlay is still shown as writable',
  },
  'block-latency-histogram-set': exact,
  'block-set-write-threshold': { verdict: 'divergent', reason: 'a number beyond 2^53 is refused when it is read' },
  'blockdev-add': { verdict: 'divergent', reason: 'takes the drivers that vmon has' },
  'blockdev-reopen': {
    verdict: 'divergent',
    reason:
      'what only qcow2 and raw have, and cache.direct of files, cannot change; an empty list changes nothing, where QEMU aborts',
  },
  'change-backing-file': exact,
  'blockdev-del': exact,
  'blockdev-snapshot': {
    verdict: 'equivalent',
    reason: 'not recorded yet beyond its first refusal',
    tests: ['src/block/drives/graph-control.test.ts'],
  },
  'blockdev-snapshot-internal-sync': exact,
  'blockdev-snapshot-delete-internal-sync': exact,
  'blockdev-open-tray': exact,
  'blockdev-close-tray': exact,
  'blockdev-remove-medium': exact,
  'blockdev-insert-medium': exact,
  'blockdev-change-medium': exact,
  'query-current-machine': exact,
  'set-action': exact,
  'watchdog-set-action': exact,
  'input-send-event': { verdict: 'exact', tests: [inputDevicesTest] },
  '__org.vmon_query-screen-text': own,
  '__org.vmon_query-keyboard': own,
  'query-qmp-schema': {
    verdict: 'divergent',
    reason: 'describes what vmon has; each description equals that of QEMU',
    tests: [schemaTest],
  },
}

/** The commands that vmon is made for: the classic protocol, in its order. */
export const classicCommands = [
  'quit',
  'eject',
  'change',
  'screendump',
  'stop',
  'cont',
  'system_wakeup',
  'system_reset',
  'system_powerdown',
  'device_add',
  'device_del',
  'send-key',
  'cpu',
  'memsave',
  'pmemsave',
  'inject-nmi',
  'xen-save-devices-state',
  'xen-set-global-dirty-log',
  'migrate',
  'migrate_cancel',
  'migrate-set-cache-size',
  'query-migrate-cache-size',
  'migrate_set_speed',
  'migrate_set_downtime',
  'client_migrate_info',
  'dump-guest-memory',
  'netdev_add',
  'netdev_del',
  'block_resize',
  'block-stream',
  'block-commit',
  'block-job-set-speed',
  'block-job-cancel',
  'block-job-pause',
  'block-job-resume',
  'block-job-complete',
  'transaction',
  'blockdev-snapshot-sync',
  'drive-mirror',
  'balloon',
  'set_link',
  'getfd',
  'closefd',
  'add-fd',
  'remove-fd',
  'query-fdsets',
  'block_passwd',
  'block_set_io_throttle',
  'set_password',
  'expire_password',
  'add_client',
  'qmp_capabilities',
  'human-monitor-command',
  'query-version',
  'query-commands',
  'query-events',
  'query-chardev',
  'query-block',
  'query-blockstats',
  'query-cpus',
  'query-pci',
  'query-kvm',
  'query-status',
  'query-mice',
  'query-vnc',
  'query-spice',
  'query-name',
  'query-uuid',
  'query-migrate',
  'migrate-set-capabilities',
  'query-migrate-capabilities',
  'query-balloon',
  'query-block-jobs',
  'qom-list',
  'qom-set',
  'qom-get',
  'nbd-server-start',
  'nbd-server-add',
  'nbd-server-stop',
  'change-vnc-password',
  'qom-list-types',
  'device-list-properties',
  'query-machines',
  'query-cpu-definitions',
  'query-target',
] as const
