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
const ownProcessor = 'tells the processor that vmon has'
const target = 'names the target'

export const rows: readonly Row[] = [
  {
    transcript: 'args-errors',
    case: 'missing-required',
    steps: [55],
    kind: 'divergent',
    reason: 'vmon has fewer types',
  },
  {
    transcript: 'args-errors',
    case: 'missing-required',
    steps: [57],
    kind: 'divergent',
    reason: 'vmon has fewer options',
  },
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
  { transcript: 'status', case: 'query-hotpluggable-cpus', kind: 'foreign', reason: target },
  { transcript: 'memory', case: 'dump-guest-memory-errors', steps: [10], kind: 'foreign', reason: 'of 64 bits' },
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
  { transcript: 'status', case: 'query-cpu-model-expansion', kind: 'foreign', reason: target },
  {
    transcript: 'status',
    case: 'removed-classic-commands',
    steps: [0, 1, 2, 3, 4, 5, 6, 7, 8],
    kind: 'divergent',
    reason: kept,
  },
  {
    transcript: 'qom',
    case: 'qom-list-types-all',
    kind: 'divergent',
    reason:
      'lists the types that vmon has, which are fewer; each is compared with QEMU by test/interop/object-tree.test.ts',
  },
  { transcript: 'status', case: 'query-tpm', steps: [1, 2], kind: 'divergent', reason: 'a machine has no TPM' },
  {
    transcript: 'status',
    case: 'trace-events',
    steps: [0],
    kind: 'divergent',
    reason: "events that can be traced are the program's own, and there are none of QEMU's",
  },
  {
    transcript: 'device',
    case: 'query-pci-q35',
    kind: 'divergent',
    subject: 'devices',
    reason: "the PC is QEMU's `pc`; there is no `q35`",
  },
  {
    transcript: 'memory',
    case: 'hmp-memory',
    steps: [2, 3],
    kind: 'foreign',
    reason: 'registers and addresses of 64 bits',
  },
  {
    transcript: 'graph',
    case: 'drivers-that-compare',
    kind: 'divergent',
    reason: 'there are no nodes that compare images: neither blkverify nor quorum',
  },
  { transcript: 'i386', case: 'query-kvm', kind: 'divergent', reason: kvm },
  { transcript: 'i386', case: 'queries-with-empty-arguments', steps: [2], kind: 'divergent', reason: kvm },
  { transcript: 'i386', case: 'query-machines', kind: 'divergent', reason: 'tells the machine types that vmon has' },
  { transcript: 'i386', case: 'query-cpu-definitions', kind: 'divergent', reason: ownProcessor },
  { transcript: 'i386', case: 'query-cpu-model-expansion', kind: 'divergent', reason: ownProcessor },
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
    transcript: 'chardev',
    case: 'query-chardev-default',
    steps: [1],
    kind: 'divergent',
    reason: 'tells the kinds of character device that vmon has',
  },
]
