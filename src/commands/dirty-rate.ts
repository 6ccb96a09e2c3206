import { type DirtyRate, dirtyRateModes, dirtyRateStatuses } from '../migration/index.ts'
import { example, family, int, int64, list, nothing, oneOf, opt, QmpError, req, struct, uint64 } from '../qapi/index.ts'

const command = family<{ dirtyRate: DirtyRate }>()

const DirtyRateMeasureMode = oneOf('DirtyRateMeasureMode', dirtyRateModes)

const DirtyRateVcpu = struct('DirtyRateVcpu', {
  id: req(int, 'number of the CPU'),
  'dirty-rate': req(int64, 'MiB that it changes in a second'),
})

const DirtyRateInfo = struct('DirtyRateInfo', {
  'dirty-rate': opt(int64, 'MiB that the guest changes in a second, once that has been measured'),
  status: req(oneOf('DirtyRateStatus', dirtyRateStatuses), 'whether it has been'),
  'start-time': req(int64, 'when the measurement began, in seconds since the host was started'),
  'calc-time': req(int64, 'how many seconds it takes'),
  'sample-pages': req(uint64, 'how many pages of a GiB are looked at; 0 where all are'),
  mode: req(DirtyRateMeasureMode, 'how it is measured'),
  'vcpu-dirty-rate': opt(list(DirtyRateVcpu), 'what each CPU changes; never there'),
})

const DirtyLimitInfo = struct('DirtyLimitInfo', {
  'cpu-index': req(int, 'number of the CPU'),
  'limit-rate': req(uint64, 'MiB a second that it may change'),
  'current-rate': req(uint64, 'MiB a second that it does change'),
})

const cpuIndex = opt(int, 'number of the CPU; all of them without it')

/** How much of its memory the guest changes: whether a migration can keep up with it. */
export const dirtyRateCommands = {
  'calc-dirty-rate': command({
    since: '5.2',
    doc: 'Begin to measure how much of its memory the guest changes: query-dirty-rate tells when the time is over.',
    args: {
      'calc-time': req(int64, 'how many seconds it is to take, 1 to 60'),
      'sample-pages': opt(int, 'how many pages of a GiB are looked at, 128 to 16384; 512 without it'),
      mode: opt(DirtyRateMeasureMode, 'how: some pages (page-sampling, without it), or all of them (dirty-bitmap)'),
    },
    returns: nothing,
    errors: ['while it is being measured', 'if a number is out of its range', 'if the mode is dirty-ring'],
    examples: [
      example(
        'a number that is out of its range',
        `
        -> { "execute": "calc-dirty-rate", "arguments": { "calc-time": 61 } }
        <- { "error": { "class": "GenericError", "desc": "calc-time is out of range[1, 60]." } }`,
      ),
    ],
    run({ dirtyRate }, { 'calc-time': seconds, 'sample-pages': samplePages, mode }) {
      dirtyRate.measure({
        seconds: Number(seconds),
        ...(samplePages !== undefined && { samplePages }),
        ...(mode !== undefined && { mode }),
      })
      return {}
    },
  }),

  'query-dirty-rate': command({
    since: '5.2',
    doc: 'Tell how much of its memory the guest changes, as it was measured last.',
    args: {},
    returns: DirtyRateInfo,
    examples: [
      example(
        'nothing has been measured',
        `
        -> { "execute": "query-dirty-rate" }
        <- { "return": { "status": "unstarted", "sample-pages": 0, "mode": "page-sampling", "start-time": 0, "calc-time": 0 } }`,
      ),
    ],
    run({ dirtyRate }) {
      const { status, rate, startTime, calcTime, samplePages, mode } = dirtyRate.info
      return {
        ...(rate !== undefined && { 'dirty-rate': rate }),
        ...{ status, 'start-time': startTime, 'calc-time': calcTime, 'sample-pages': samplePages, mode },
      }
    },
  }),

  'set-vcpu-dirty-limit': command({
    since: '7.1',
    doc: 'Limit how much of its memory a CPU may change: only a KVM with a ring of dirty pages can.',
    args: { 'cpu-index': cpuIndex, 'dirty-rate': req(uint64.wide, 'MiB a second') },
    returns: nothing,
    errors: ['always'],
    examples: [
      example(
        'there is no KVM',
        `
        -> { "execute": "set-vcpu-dirty-limit", "arguments": { "dirty-rate": 200 } }
        <- { "error": { "class": "GenericError", "desc": "dirty page limit feature requires KVM with accelerator property 'dirty-ring-size' set'" } }`,
      ),
    ],
    run() {
      throw new QmpError(
        'GenericError',
        "dirty page limit feature requires KVM with accelerator property 'dirty-ring-size' set'",
      )
    },
  }),

  'cancel-vcpu-dirty-limit': command({
    since: '7.1',
    doc: 'Let a CPU change as much of its memory as it likes: they all may.',
    args: { 'cpu-index': cpuIndex },
    returns: nothing,
    examples: [
      example(
        'there is no limit',
        `
        -> { "execute": "cancel-vcpu-dirty-limit" }
        <- { "return": {} }`,
      ),
    ],
    run: () => ({}),
  }),

  'query-vcpu-dirty-limit': command({
    since: '7.1',
    doc: 'Tell which CPUs may change how much of their memory.',
    args: {},
    returns: list(DirtyLimitInfo),
    examples: [
      example(
        'none is limited',
        `
        -> { "execute": "query-vcpu-dirty-limit" }
        <- { "return": [] }`,
      ),
    ],
    run: () => [],
  }),
}
