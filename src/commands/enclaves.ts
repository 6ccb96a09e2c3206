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
  uint32,
  uint64,
} from '../qapi/index.ts'

const command = family<{ cpus: { readonly count: number } }>()

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

/** Guests that are hidden from their host; AMD's and Intel's ways to that need KVM, and answer as in a QEMU without it. */
export const enclaveCommands = {
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

  'query-sev-launch-measure': command({
    since: '2.12',
    doc: "Show what the guest's encrypted memory was measured to be at its start. It is not encrypted.",
    args: {},
    returns: struct('SevLaunchMeasureInfo', { data: req(str, 'the measure, in Base64') }),
    errors: ['if there is none'],
    examples: [
      example(
        'not encrypted',
        `
        -> { "execute": "query-sev-launch-measure" }
        <- { "error": { "class": "GenericError", "desc": "SEV launch measurement is not available" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'SEV launch measurement is not available')
    },
  }),

  'query-sev-attestation-report': command({
    since: '6.1',
    doc: "Show the firmware's report on the guest. There is none.",
    args: { mnonce: req(str, '16 random bytes that are to be in the report, in Base64') },
    returns: struct('SevAttestationReport', { data: req(str, 'the report, in Base64') }),
    errors: ['if there is none'],
    examples: [
      example(
        'not encrypted',
        `
        -> { "execute": "query-sev-attestation-report", "arguments": { "mnonce": "aaaaaaaaaaaaaaaaaaaaaA==" } }
        <- { "error": { "class": "GenericError", "desc": "SEV is not enabled" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'SEV is not enabled')
    },
  }),

  'sev-inject-launch-secret': command({
    since: '6.0',
    doc: "Put a secret into the guest's encrypted memory. It is not encrypted.",
    args: {
      'packet-header': req(str, 'how it is encrypted, in Base64'),
      secret: req(str, 'the encrypted secret, in Base64'),
      gpa: opt(uint64.wide, 'the address that it is put at'),
    },
    returns: nothing,
    errors: ['if it is not encrypted'],
    examples: [
      example(
        'not encrypted',
        `
        -> { "execute": "sev-inject-launch-secret", "arguments": { "packet-header": "AAAA", "secret": "AAAA" } }
        <- { "error": { "class": "GenericError", "desc": "SEV not enabled for guest" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', 'SEV not enabled for guest')
    },
  }),
}
