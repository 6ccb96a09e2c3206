import {
  bool,
  example,
  family,
  int,
  int64,
  list,
  nothing,
  oneOf,
  opt,
  QmpError,
  req,
  str,
  struct,
  uint8,
  uint32,
  uint64,
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

const SgxInfo = struct('SGXInfo', {
  sgx: req(bool, 'whether there are enclaves'),
  sgx1: req(bool, 'those of the first kind'),
  sgx2: req(bool, 'those of the second kind'),
  flc: req(bool, 'whether their launch is controlled'),
  'section-size': req(uint64, 'bytes of all sections', { features: ['deprecated'] }),
  sections: req(
    list(struct('SGXEPCSection', { node: req(int, 'its NUMA node'), size: req(uint64, 'bytes') })),
    'memory of enclaves',
  ),
})

const SevInfo = struct('SevInfo', {
  enabled: req(bool, 'whether memory is encrypted'),
  'api-major': req(uint8, 'version of the firmware'),
  'api-minor': req(uint8, 'its minor version'),
  'build-id': req(uint8, 'its build'),
  policy: req(uint32, 'what the guest is to be protected from'),
  state: req(
    oneOf('SevState', ['uninit', 'launch-update', 'launch-secret', 'running', 'send-update', 'receive-update']),
    'how far it is',
  ),
  handle: req(uint32, 'number of the guest'),
})

const ReplicationStatus = struct('ReplicationStatus', {
  error: req(bool, 'whether it has failed'),
  desc: opt(str, 'what has failed'),
})

const ReplayInfo = struct('ReplayInfo', {
  mode: req(oneOf('ReplayMode', ['none', 'record', 'play']), 'what is done'),
  filename: opt(str, 'where the recording is'),
  icount: req(int64, 'instructions until now'),
})

const ColoMode = oneOf('COLOMode', ['none', 'primary', 'secondary'])
const ColoStatus = struct('COLOStatus', {
  mode: req(ColoMode, 'what it is now'),
  'last-mode': req(ColoMode, 'what it was before'),
  reason: req(oneOf('COLOExitReason', ['none', 'request', 'error', 'processing']), 'why it has ended'),
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

  'query-sgx': command({
    since: '6.2',
    doc: "Show the machine's memory for enclaves. There is none.",
    args: {},
    returns: SgxInfo,
    errors: ['if there is none'],
    examples: [
      example(
        'no enclaves',
        `
        -> { "execute": "query-sgx" }
        <- { "error": { "class": "GenericError", "desc": "No EPC regions defined, SGX not available" } }`,
      ),
    ],
    run({ cpus }) {
      const isPc = cpus.count > 0
      throw new QmpError(
        'GenericError',
        isPc ? 'No EPC regions defined, SGX not available' : 'SGX is only supported on PC machines',
      )
    },
  }),

  'query-sgx-capabilities': command({
    since: '6.2',
    doc: 'Show what enclaves the host could give. KVM would, and there is none.',
    args: {},
    returns: SgxInfo,
    errors: ['if there are none'],
    examples: [
      example(
        'no KVM',
        `
        -> { "execute": "query-sgx-capabilities" }
        <- { "error": { "class": "GenericError", "desc": "SGX is not enabled in KVM" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'SGX is not enabled in KVM')
    },
  }),

  'query-sev': command({
    since: '2.12',
    doc: "Show how far the guest's memory is encrypted. It is not.",
    args: {},
    returns: SevInfo,
    examples: [
      example(
        'not encrypted',
        `
        -> { "execute": "query-sev" }
        <- { "return": { "enabled": false, "api-minor": 0, "handle": 0, "state": "uninit", "api-major": 0, "build-id": 0, "policy": 0 } }`,
      ),
    ],
    run: () => ({
      enabled: false,
      'api-major': 0,
      'api-minor': 0,
      'build-id': 0,
      policy: 0,
      state: 'uninit' as const,
      handle: 0,
    }),
  }),

  'query-sev-capabilities': command({
    since: '2.12',
    doc: "Show how the host could encrypt a guest's memory. KVM would, and there is none.",
    args: {},
    returns: struct('SevCapability', {
      pdh: req(str, 'key of the platform, in Base64'),
      'cert-chain': req(str, 'its certificates, in Base64'),
      'cpu0-id': req(str, 'identity of the processor, in Base64'),
      cbitpos: req(int, 'which bit of page tables says that a page is encrypted'),
      'reduced-phys-bits': req(int, 'how many bits of addresses it costs'),
    }),
    errors: ['if it could not'],
    examples: [
      example(
        'no KVM',
        `
        -> { "execute": "query-sev-capabilities" }
        <- { "error": { "class": "GenericError", "desc": "KVM not enabled" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'KVM not enabled')
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

  'query-vm-generation-id': command({
    since: '2.9',
    doc: "Show the machine's generation. There is no device that tells the guest of it.",
    args: {},
    returns: struct('GuidInfo', { guid: req(str, 'the generation') }),
    errors: ['if there is no such device'],
    examples: [
      example(
        'no device',
        `
        -> { "execute": "query-vm-generation-id" }
        <- { "error": { "class": "GenericError", "desc": "VM Generation ID device not found" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'VM Generation ID device not found')
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

  'query-replay': command({
    since: '5.2',
    doc: 'Show whether execution is recorded or replayed. It is not.',
    args: {},
    returns: ReplayInfo,
    examples: [
      example('neither', '-> { "execute": "query-replay" }\n<- { "return": { "icount": 0, "mode": "none" } }'),
    ],
    run: () => ({ mode: 'none' as const, icount: 0 }),
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
