import {
  bool,
  example,
  family,
  int,
  list,
  nothing,
  oneOf,
  opt,
  QmpError,
  req,
  str,
  struct,
  uint8,
  uint16,
  uint32,
  uint64,
  union,
} from '../qapi/index.ts'

const command = family<{
  cpus: { readonly count: number }
  objectTree: { firstOf(type: string): object | undefined }
}>()

const RockerSwitch = struct('RockerSwitch', {
  name: req(str, 'its name'),
  id: req(uint64, 'its number'),
  ports: req(uint32, 'how many ports it has'),
})

const RockerPort = struct('RockerPort', {
  name: req(str, 'its name'),
  enabled: req(bool, 'whether it is switched on'),
  'link-up': req(bool, 'whether something is connected'),
  speed: req(uint32, 'megabits a second'),
  duplex: req(oneOf('RockerPortDuplex', ['half', 'full']), 'whether both sides may send at once'),
  autoneg: req(oneOf('RockerPortAutoneg', ['off', 'on']), 'whether both sides agree on that'),
})

const ReplicationStatus = struct('ReplicationStatus', {
  error: req(bool, 'whether it has failed'),
  desc: opt(str, 'what has failed'),
})

const ColoMode = oneOf('COLOMode', ['none', 'primary', 'secondary'])
const ColoStatus = struct('COLOStatus', {
  mode: req(ColoMode, 'what it is now'),
  'last-mode': req(ColoMode, 'what it was before'),
  reason: req(oneOf('COLOExitReason', ['none', 'request', 'error', 'processing']), 'why it has ended'),
})

const RockerOfDpaFlow = struct('RockerOfDpaFlow', {
  cookie: req(uint64, 'its number'),
  hits: req(uint64, 'how often it was used'),
  key: req(
    struct('RockerOfDpaFlowKey', {
      priority: req(uint32, 'which flow comes first'),
      'tbl-id': req(uint32, 'its table'),
      'in-pport': opt(uint32, 'port that frames come from'),
      'tunnel-id': opt(uint32, 'tunnel'),
      'vlan-id': opt(uint16, 'VLAN'),
      'eth-type': opt(uint16, 'type of frame'),
      'eth-src': opt(str, 'sender'),
      'eth-dst': opt(str, 'receiver'),
      'ip-proto': opt(uint8, 'protocol'),
      'ip-tos': opt(uint8, 'type of service'),
      'ip-dst': opt(str, 'receiver of packets'),
    }),
    'which frames it is for',
  ),
  mask: req(
    struct('RockerOfDpaFlowMask', {
      'in-pport': opt(uint32, 'port that frames come from'),
      'tunnel-id': opt(uint32, 'tunnel'),
      'vlan-id': opt(uint16, 'VLAN'),
      'eth-src': opt(str, 'sender'),
      'eth-dst': opt(str, 'receiver'),
      'ip-proto': opt(uint8, 'protocol'),
      'ip-tos': opt(uint8, 'type of service'),
    }),
    'which bits of the key count',
  ),
  action: req(
    struct('RockerOfDpaFlowAction', {
      'goto-tbl': opt(uint32, 'table that is looked into next'),
      'group-id': opt(uint32, 'group that they go to'),
      'tunnel-lport': opt(uint32, 'tunnel'),
      'vlan-id': opt(uint16, 'VLAN'),
      'new-vlan-id': opt(uint16, 'VLAN that they get'),
      'out-pport': opt(uint32, 'port that they go to'),
    }),
    'what is done with them',
  ),
})

const RockerOfDpaGroup = struct('RockerOfDpaGroup', {
  id: req(uint32, 'its number'),
  type: req(uint8, 'its kind'),
  'vlan-id': opt(uint16, 'VLAN'),
  pport: opt(uint32, 'port'),
  index: opt(uint32, 'its place'),
  'out-pport': opt(uint32, 'port that frames go to'),
  'group-id': opt(uint32, 'the group behind it'),
  'set-vlan-id': opt(uint16, 'VLAN that they get'),
  'pop-vlan': opt(uint8, 'whether the VLAN is taken off'),
  'group-ids': opt(list(uint32), 'the groups behind it'),
  'set-eth-src': opt(str, 'sender that they get'),
  'set-eth-dst': opt(str, 'receiver that they get'),
  'ttl-check': opt(uint8, 'whether their time to live is looked at'),
})

const TpmModel = oneOf('TpmModel', ['tpm-tis', 'tpm-crb', 'tpm-spapr'])
const TpmType = oneOf('TpmType', ['passthrough', 'emulator'])
const TpmTypeOptions = union('TpmTypeOptions', {
  base: { type: req(TpmType, 'what is behind it') },
  discriminator: 'type',
  branches: {
    passthrough: struct('TPMPassthroughOptionsWrapper', {
      data: req(
        struct('TPMPassthroughOptions', {
          path: opt(str, "the host's device"),
          'cancel-path': opt(str, 'file by which a command is called back'),
        }),
        'the module of the host',
      ),
    }),
    emulator: struct('TPMEmulatorOptionsWrapper', {
      data: req(struct('TPMEmulatorOptions', { chardev: req(str, 'the way to it') }), 'a program'),
    }),
  },
})

function noRocker(name: string): never {
  throw new QmpError('GenericError', `rocker ${name} not found`)
}

/** About what this machine does not have; they answer as those of a QEMU that was started without it. */
export const absentCommands = {
  'query-rocker': command({
    since: '2.4',
    doc: 'Show a Rocker switch. There is none.',
    args: { name: req(str, 'its name') },
    returns: RockerSwitch,
    errors: ['if there is no such switch'],
    examples: [
      example(
        'no switch',
        `
        -> { "execute": "query-rocker", "arguments": { "name": "sw1" } }
        <- { "error": { "class": "GenericError", "desc": "rocker sw1 not found" } }`,
      ),
    ],
    run: (_parts, { name }) => noRocker(name),
  }),

  'query-rocker-ports': command({
    since: '2.4',
    doc: 'Show the ports of a Rocker switch. There is none.',
    args: { name: req(str, 'its name') },
    returns: list(RockerPort),
    errors: ['if there is no such switch'],
    examples: [
      example(
        'no switch',
        `
        -> { "execute": "query-rocker-ports", "arguments": { "name": "sw1" } }
        <- { "error": { "class": "GenericError", "desc": "rocker sw1 not found" } }`,
      ),
    ],
    run: (_parts, { name }) => noRocker(name),
  }),

  'query-rocker-of-dpa-flows': command({
    since: '2.4',
    doc: 'Show the flows of a Rocker switch. There is none.',
    args: { name: req(str, 'its name'), 'tbl-id': opt(uint32, 'only those of this table') },
    returns: list(RockerOfDpaFlow),
    errors: ['if there is no such switch'],
    examples: [
      example(
        'no switch',
        `
        -> { "execute": "query-rocker-of-dpa-flows", "arguments": { "name": "sw1" } }
        <- { "error": { "class": "GenericError", "desc": "rocker sw1 not found" } }`,
      ),
    ],
    run: (_parts, { name }) => noRocker(name),
  }),

  'query-rocker-of-dpa-groups': command({
    since: '2.4',
    doc: 'Show the groups of a Rocker switch. There is none.',
    args: { name: req(str, 'its name'), type: opt(uint8, 'only those of this kind') },
    returns: list(RockerOfDpaGroup),
    errors: ['if there is no such switch'],
    examples: [
      example(
        'no switch',
        `
        -> { "execute": "query-rocker-of-dpa-groups", "arguments": { "name": "sw1" } }
        <- { "error": { "class": "GenericError", "desc": "rocker sw1 not found" } }`,
      ),
    ],
    run: (_parts, { name }) => noRocker(name),
  }),

  'query-tpm': command({
    since: '1.5',
    doc: "List the machine's trusted platform modules. There are none.",
    args: {},
    returns: list(
      struct('TPMInfo', {
        id: req(str, 'its name'),
        model: req(TpmModel, 'what the guest sees'),
        options: req(TpmTypeOptions, 'what is behind it'),
      }),
    ),
    examples: [example('none', '-> { "execute": "query-tpm" }\n<- { "return": [] }')],
    run: () => [],
  }),

  'query-tpm-models': command({
    since: '1.5',
    doc: 'List the trusted platform modules that a guest can be given. There are none.',
    args: {},
    returns: list(TpmModel),
    examples: [
      example('none', '-> { "execute": "query-tpm-models" }\n<- { "return": [] }', { ownAnswer: 'QEMU has some' }),
    ],
    run: () => [],
  }),

  'query-tpm-types': command({
    since: '1.5',
    doc: 'List what can be behind a trusted platform module. Nothing can.',
    args: {},
    returns: list(TpmType),
    examples: [
      example('none', '-> { "execute": "query-tpm-types" }\n<- { "return": [] }', { ownAnswer: 'QEMU has some' }),
    ],
    run: () => [],
  }),

  dumpdtb: command({
    since: '7.2',
    doc: "Write the machine's device tree into a file. A PC has none.",
    args: { filename: req(str, 'the file') },
    returns: nothing,
    errors: ['if there is none'],
    examples: [
      example(
        'a PC',
        `
        -> { "execute": "dumpdtb", "arguments": { "filename": "fdt.dtb" } }
        <- { "error": { "class": "GenericError", "desc": "This machine doesn't have a FDT" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', "This machine doesn't have a FDT")
    },
  }),

  'query-acpi-ospm-status': command({
    since: '2.1',
    doc: 'Show what the guest has said of memory and processors that were plugged in. There are none.',
    args: {},
    returns: list(
      struct('ACPIOSTInfo', {
        device: opt(str, 'name of the device'),
        slot: req(str, 'where it is'),
        'slot-type': req(oneOf('ACPISlotType', ['DIMM', 'CPU']), 'what can be there'),
        source: req(int, 'what the guest was told'),
        status: req(int, 'what the guest has answered'),
      }),
    ),
    examples: [example('none', '-> { "execute": "query-acpi-ospm-status" }\n<- { "return": [] }')],
    run({ objectTree }) {
      if (objectTree.firstOf('PIIX4_PM') !== undefined) return []
      throw new QmpError('GenericError', 'command is not supported, missing ACPI device')
    },
  }),

  'query-xen-replication-status': command({
    since: '2.9',
    doc: 'Show how replication goes. There is none that could have failed.',
    args: {},
    returns: ReplicationStatus,
    examples: [
      example(
        'nothing has failed',
        '-> { "execute": "query-xen-replication-status" }\n<- { "return": { "error": false } }',
      ),
    ],
    run: () => ({ error: false }),
  }),

  'query-pr-managers': command({
    since: '3.0',
    preconfig: true,
    doc: 'List the helpers that reserve SCSI disks. There are none.',
    args: {},
    returns: list(struct('PRManagerInfo', { id: req(str, 'its name'), connected: req(bool, 'whether it answers') })),
    examples: [example('none', '-> { "execute": "query-pr-managers" }\n<- { "return": [] }')],
    run: () => [],
  }),

  'query-colo-status': command({
    since: '3.1',
    doc: 'Show whether another machine runs in step with this one. None does.',
    args: {},
    returns: ColoStatus,
    examples: [
      example(
        'none',
        `
        -> { "execute": "query-colo-status" }
        <- { "return": { "last-mode": "none", "mode": "none", "reason": "none" } }`,
      ),
    ],
    run: () => ({ mode: 'none' as const, 'last-mode': 'none' as const, reason: 'none' as const }),
  }),

  'rtc-reset-reinjection': command({
    since: '2.1',
    doc: 'Forget the interrupts of the clock that the guest has missed. The clock here keeps none: what is missed is missed.',
    args: {},
    returns: nothing,
    examples: [example('nothing to forget', '-> { "execute": "rtc-reset-reinjection" }\n<- { "return": {} }')],
    run: () => ({}),
  }),
}
