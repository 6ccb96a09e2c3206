/** The whole table of QEMU 7.2's human monitor, and how each entry of it stands here. */
import type { HmpTable } from '../../src/hmp/index.ts'

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Every command of QEMU 7.2 for i386, as `help` lists them. */
export const qemuCommands = words(`
  announce_self balloon block_job_cancel block_job_complete block_job_pause block_job_resume block_job_set_speed block_resize block_set_io_throttle block_stream boot_set calc_dirty_rate
  cancel_vcpu_dirty_limit change chardev-add chardev-change chardev-remove chardev-send-break client_migrate_info closefd commit cont cpu delvm
  device_add device_del drive_add drive_backup drive_del drive_mirror dump-guest-memory dumpdtb eject exit_preconfig expire_password gdbserver
  getfd gpa2hpa gpa2hva gva2gpa help hostfwd_add hostfwd_remove i info loadvm log logfile
  mce memsave migrate migrate_cancel migrate_continue migrate_incoming migrate_pause migrate_recover migrate_set_capability migrate_set_parameter migrate_start_postcopy mouse_button
  mouse_move mouse_set nbd_server_add nbd_server_remove nbd_server_start nbd_server_stop netdev_add netdev_del nmi o object_add object_del
  pcie_aer_inject_error pmemsave print qemu-io qom-get qom-list qom-set quit replay_break replay_delete_break replay_seek ringbuf_read
  ringbuf_write savevm screendump sendkey set_link set_password set_vcpu_dirty_limit singlestep snapshot_blkdev snapshot_blkdev_internal snapshot_delete_blkdev_internal stopcapture
  stop sum sync-profile system_powerdown system_reset system_wakeup trace-event watchdog_action wavcapture x x_colo_lost_heartbeat xp
`)

/** Every topic of `info`. */
export const qemuTopics = words(`
  balloon block block-jobs blockstats capture chardev cpus dirty_rate dump history hotpluggable-cpus iothreads
  irq jit kvm lapic mem memdev memory-devices memory_size_summary mice migrate migrate_capabilities migrate_parameters
  mtree name network numa opcount pci pic profile qdm qom-tree qtree ramblock
  rdma registers replay rocker rocker-of-dpa-flows rocker-of-dpa-groups rocker-ports roms sev sgx snapshots spice
  stats status sync-profile tlb tpm trace-events usb usbhost usernet uuid vcpu_dirty_limit version
  virtio virtio-queue-element virtio-queue-status virtio-status virtio-vhost-queue-status vm-generation-id vnc
`)

/** What waits, by the family that brings it. A name that is there is not pending any more, wherever it stands here. */
const families: readonly (readonly [family: string, commands: string, topics: string])[] = [
  ['network', 'announce_self hostfwd_add hostfwd_remove netdev_add netdev_del set_link', ''],
  ['balloon', 'balloon', ''],
  [
    'block jobs',
    'block_job_cancel block_job_complete block_job_pause block_job_resume block_job_set_speed block_stream drive_backup drive_mirror',
    '',
  ],
  [
    'migration',
    'calc_dirty_rate cancel_vcpu_dirty_limit set_vcpu_dirty_limit client_migrate_info migrate migrate_cancel migrate_continue migrate_incoming migrate_pause migrate_recover migrate_set_capability migrate_set_parameter migrate_start_postcopy',
    'migrate migrate_capabilities migrate_parameters',
  ],
  ['character devices', 'chardev-add chardev-change chardev-remove chardev-send-break ringbuf_read ringbuf_write', ''],
  ['devices', 'device_add device_del object_add object_del qom-get qom-list qom-set', 'qdm qom-tree qtree'],
  ['dumps', 'dump-guest-memory', ''],
  ['remote screens', 'expire_password set_password', ''],
  ['NBD', 'nbd_server_add nbd_server_remove nbd_server_start nbd_server_stop', ''],
]

export interface HmpClaim {
  readonly verdict: 'exact' | 'divergent' | 'refused' | 'pending'
  /** Why it diverges or is refused, or which family brings it. */
  readonly reason: string
}

const divergent = (reason: string): HmpClaim => ({ verdict: 'divergent', reason })
const refused = (reason: string): HmpClaim => ({ verdict: 'refused', reason })

/** What a user can tell from QEMU; a topic has `info` before its name. */
const claims: Readonly<Record<string, HmpClaim>> = {
  'chardev-add': divergent('makes the kinds of device that vmon has'),
  'chardev-change': divergent('makes the kinds of device that vmon has'),
  gdbserver: refused('no debugger can be connected'),
  gpa2hpa: refused('guest memory lies in an array, which tells nobody where it is'),
  gpa2hva: refused('guest memory lies in an array, which tells nobody where it is'),
  object_add: divergent('makes the kinds of object that vmon has'),
  'qom-list': divergent('the tree has the objects that vmon has'),
  'info mtree': divergent(
    'shows the memory that the board has (see the differences); order and numbers of the spaces are fixed',
  ),
  'info qdm': divergent('lists the models that vmon has, which are fewer'),
  'info qtree': divergent(
    'shows the devices that vmon has; HPET, kvmvapic and memory chips on the I2C bus are none, and how ports of virtio-serial are is not told',
  ),
  'info qom-tree': divergent('the tree has the objects that vmon has'),
  calc_dirty_rate: divergent('as the QMP command'),
  loadvm: divergent('loads what savevm of vmon has saved: the state is of a format of its own'),
  savevm: divergent('the state is of a format of its own'),
  log: divergent('its items are those of `-d`'),
  screendump: divergent('as the QMP command'),
  singlestep: refused('the emulated processor has no such mode; `off` is taken'),
  'sync-profile': refused('there is nothing to profile; `off` and `reset` are taken'),
  'trace-event': refused('there are no trace events'),
  wavcapture: refused('there are no audio devices'),
  i: divergent(
    'masks of interrupts, the timer, APM and the VGA differ before their firmware; so do two and four bytes at the borders of devices',
  ),
  x: divergent(
    'instructions need the optional package iced-x86, and are refused without it; a few of no use have other texts',
  ),
  xp: divergent(
    'instructions need the optional package iced-x86, and are refused without it; a few of no use have other texts',
  ),
  'info irq': divergent('counts rises of the lines; the PC has no HPET that raises one at the start'),
  'info jit': divergent('tells how many modules of code were made, and their size'),
  'info lapic': divergent('the emulated APIC begins with spurious vector 254'),
  'info pci': divergent('as query-pci'),
  'info kvm': divergent('as query-kvm'),
  'info ramblock': divergent(
    'RAM, firmware, the VGA card and ROMs of network cards; there are no ACPI tables of the emulator, and memory of further objects is none of the machine',
  ),
  'info registers': divergent('see the table of registers'),
  'info roms': divergent('there are no ACPI tables of the emulator, and no option ROM for APICs'),
  'info trace-events': divergent('there are no trace events'),
}

/** How a command stands; a topic of `info` has its own table. */
export function hmpClaim(table: HmpTable, kind: 'command' | 'topic', name: string): HmpClaim {
  if (!Object.hasOwn(table, name)) return { verdict: 'pending', reason: familyOf(kind, name) }
  return claims[kind === 'topic' ? `info ${name}` : name] ?? { verdict: 'exact', reason: '' }
}

/** @throws {Error} if no family is to bring it */
function familyOf(kind: 'command' | 'topic', name: string): string {
  const family = families.find(([, commands, topics]) => words(kind === 'topic' ? topics : commands).includes(name))
  if (family === undefined) throw new Error(`no family brings ${kind} '${name}' of the human monitor`)
  return family[0]
}

/** Of `info registers`, what the emulated processor has not, or has otherwise. */
export const registerDifferences: readonly (readonly [register: string, vmon: string, qemu: string])[] = [
  ['EAX to EDI, EIP, ESP, EBP', 'the same', ''],
  ['EFL', 'the same', ''],
  ['CPL, HLT', 'the same', ''],
  ['II, A20, SMM', 'always 0, 1 and 0: there is no system management mode', 'as they are'],
  ['CS before the first instruction', 'base 000f0000', 'base ffff0000'],
  ['ES to GS, LDT, TR: selector, base, limit', 'the same', ''],
  ['ES to GS, LDT, TR: flags', 'from the descriptor table while that still says so', 'what was loaded once'],
  ['EDX after a reset', '00000673, the emulated model', '00000663'],
  ['GDT, IDT', 'the same', ''],
  ['CR0, CR2, CR3, CR4', 'the same', ''],
  ['DR0 to DR3, DR6, DR7', 'the same', ''],
  ['EFER', 'always 0: no long mode, no NX', 'what was written'],
  ['FCW, FSW, FTW, FPR0 to FPR7', 'the same', ''],
  ['MXCSR, XMM00 to XMM07', 'the same', ''],
]
