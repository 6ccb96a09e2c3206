/**
 * Where vmon does not answer as QEMU 7.2 was recorded, and why. A row that names a difference which is no longer there
 * fails the tests, as does a difference without a row; docs/conformance.md is made of both.
 */
export interface Row {
  /** Topic of the transcript, and the case in it. */
  readonly transcript: string
  readonly case: string
  /** The steps that differ, counted from 0; all of the case if absent. */
  readonly steps?: readonly number[]
  /**
   * `divergent`: a client can tell, and that is decided. `equivalent`: the words differ, what they say does not.
   * `foreign`: recorded from QEMU for x86_64; vmon is a PC of 32 bits, and the topic `i386` holds its words.
   * `pending`: waits for a part that vmon does not have yet and that no command's or option's name tells.
   */
  readonly kind: 'divergent' | 'equivalent' | 'foreign' | 'pending'
  readonly reason: string
  /** What differs, where it is not what the steps' commands do. */
  readonly subject?: 'connections' | 'processor' | 'devices'
}

const kept = 'vmon keeps the commands of QEMU 1.3 that 7.2 has dropped'
const kvm = 'KVM is not even compiled in: the processor is emulated in this process'
const ownCommands = 'tells what vmon has; each entry is compared with QEMU by test/oracle/schema.test.ts'
const large = 'a number beyond 2^53 is refused when it is read'
const ownProcessor = 'tells the processor that vmon has'
const target = 'names the target'

export const rows: readonly Row[] = [
  {
    transcript: 'protocol',
    case: 'second-connection-waits',
    steps: [0, 1, 4],
    kind: 'divergent',
    subject: 'connections',
    reason: "a monitor serves any number of clients at once; `clients=1` gives QEMU's way",
  },
  { transcript: 'status', case: 'query-kvm', kind: 'divergent', reason: kvm },
  { transcript: 'status', case: 'query-target', kind: 'foreign', reason: target },
  { transcript: 'status', case: 'query-cpus-fast', kind: 'foreign', reason: target },
  {
    transcript: 'status',
    case: 'query-cpus-fast-smp2',
    kind: 'divergent',
    subject: 'processor',
    reason: 'a machine has one CPU; `-smp 2` is refused in the words that QEMU has for too many',
  },
  { transcript: 'status', case: 'query-commands-head', kind: 'divergent', reason: ownCommands },
  { transcript: 'status', case: 'query-qmp-schema', kind: 'divergent', reason: ownCommands },
  { transcript: 'status', case: 'query-cpu-definitions', kind: 'divergent', reason: ownProcessor },
  { transcript: 'status', case: 'removed-classic-commands', steps: [0, 1, 2, 7, 8], kind: 'divergent', reason: kept },
  { transcript: 'status', case: 'query-vm-generation-id-set', kind: 'pending', reason: 'the device vmgenid' },
  {
    transcript: 'device',
    case: 'query-pci-q35',
    kind: 'divergent',
    subject: 'devices',
    reason: "the PC is QEMU's `pc`; there is no `q35`",
  },
  {
    transcript: 'block',
    case: 'blockdev-snapshot-sync-node-name',
    steps: [2],
    kind: 'divergent',
    reason: 'an image that has got an overlay stays writable for whoever takes the overlay away again',
  },
  {
    transcript: 'block',
    case: 'blockdev-create',
    steps: [4],
    kind: 'pending',
    reason: 'the file that blockdev-create makes',
  },
  { transcript: 'status', case: 'query-iothreads-one', kind: 'pending', reason: 'iothread objects' },
  { transcript: 'block', case: 'query-block-blockdev', kind: 'pending', reason: 'the device virtio-blk-pci' },
  { transcript: 'block', case: 'qom-drive-hmp', steps: [5], kind: 'pending', reason: 'what drive_del does' },
  { transcript: 'block', case: 'nbd-server-basic', steps: [3], kind: 'pending', reason: 'the NBD server' },
  {
    transcript: 'args-errors',
    case: 'nested-paths',
    steps: [3],
    kind: 'divergent',
    reason: 'transactions take the actions that vmon has',
  },
  { transcript: 'tuning', case: 'resize-errors', steps: [9], kind: 'divergent', reason: large },
  { transcript: 'tuning', case: 'write-threshold', steps: [2], kind: 'divergent', reason: large },
  { transcript: 'i386', case: 'query-kvm', kind: 'divergent', reason: kvm },
  { transcript: 'i386', case: 'queries-with-empty-arguments', steps: [2], kind: 'divergent', reason: kvm },
  { transcript: 'i386', case: 'query-machines', kind: 'divergent', reason: 'tells the machine types that vmon has' },
  { transcript: 'i386', case: 'query-cpu-definitions', kind: 'divergent', reason: ownProcessor },
  { transcript: 'i386', case: 'query-commands', kind: 'divergent', reason: ownCommands },
  { transcript: 'i386', case: 'commands-gone', kind: 'divergent', reason: kept },
  {
    transcript: 'i386',
    case: 'guest-reset-triple-fault-in-real-mode',
    steps: [0],
    kind: 'divergent',
    subject: 'processor',
    reason: 'in real mode the emulated processor does not heed the limit of the interrupt table, so nothing faults',
  },
  {
    transcript: 'i386',
    case: 'memsave-paging',
    steps: [8, 10, 12, 16, 18],
    kind: 'divergent',
    reason: 'a save that fails leaves no file behind; QEMU leaves what it had written until then',
  },
  {
    transcript: 'i386',
    case: 'memsave-errors',
    steps: [8],
    kind: 'divergent',
    reason: 'the old spelling cpu of cpu-index is taken',
  },
  {
    transcript: 'i386',
    case: 'query-chardev-defaults',
    steps: [0],
    kind: 'divergent',
    subject: 'devices',
    reason: 'the PC has no parallel port, so there is no parallel0',
  },
]
