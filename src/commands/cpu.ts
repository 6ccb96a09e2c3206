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
  union,
} from '../qapi/index.ts'
import type { ObjectTree } from '../qom/index.ts'
import { SysEmuTarget } from './machine.ts'

const command = family<{
  objectTree: ObjectTree
  cpus: {
    /** The CPUs of this machine, with what is true of them now. */
    status(): Promise<readonly { index: number; pc: number; halted: boolean; threadId: number }[]>
    readonly count: number
    injectNmi(): Promise<void>
  }
}>()

const CpuInfo = struct('CpuInfo', {
  CPU: req(int, 'index of the CPU'),
  current: req(bool, 'true for CPU 0'),
  halted: req(bool, 'true if the CPU waits for an interrupt'),
  qom_path: req(str, 'path of the CPU in the object tree'),
  arch: req(oneOf('CpuInfoArch', ['x86']), 'architecture of the CPU'),
  pc: req(int, 'linear address of the next instruction'),
  thread_id: req(int, 'number of the thread that runs the CPU'),
})

export const CpuInstanceProperties = struct('CpuInstanceProperties', {
  'node-id': opt(int, 'NUMA node'),
  'socket-id': opt(int, 'socket'),
  'die-id': opt(int, 'die within the socket'),
  'cluster-id': opt(int, 'cluster within the die'),
  'core-id': opt(int, 'core'),
  'thread-id': opt(int, 'thread within the core'),
})

const CpuS390State = oneOf('CpuS390State', ['uninitialized', 'stopped', 'check-stop', 'operating', 'load'])

const CpuInfoFast = union('CpuInfoFast', {
  base: {
    'cpu-index': req(int, 'index of the CPU'),
    'qom-path': req(str, 'path of the CPU in the object tree'),
    'thread-id': req(int, 'number of the thread that runs the CPU'),
    props: opt(CpuInstanceProperties, 'where the CPU sits'),
    target: req(SysEmuTarget, 'architecture of the CPU'),
  },
  discriminator: 'target',
  branches: { s390x: struct('CpuInfoS390', { 'cpu-state': req(CpuS390State, 'state of the CPU') }), i386: undefined },
})

/** What the CPUs do. */
export const cpuCommands = {
  cpu: command({
    since: '0.14',
    doc: 'Choose the CPU that human monitor commands act on. Has no effect here, as in QEMU: any index is accepted.',
    args: { index: req(int, 'index of the CPU') },
    returns: nothing,
    features: ['deprecated'],
    examples: [
      example(
        'the first one',
        `
        -> { "execute": "cpu", "arguments": { "index": 0 } }
        <- { "return": {} }`,
      ),
    ],
    run: () => ({}),
  }),

  'query-cpus': command({
    since: '0.14',
    doc: 'Tell what each CPU does; the CPU is asked, which takes longer than query-cpus-fast.',
    args: {},
    returns: list(CpuInfo),
    features: ['deprecated'],
    examples: [
      example('a machine without a CPU', '-> { "execute": "query-cpus" }\n<- { "return": [] }', {
        options: '-machine none',
      }),
    ],
    async run({ cpus, objectTree }) {
      return (await cpus.status()).map(({ index, pc, halted, threadId }) => ({
        CPU: index,
        current: index === 0,
        halted,
        qom_path: objectTree.firstOf('cpu')?.path ?? '',
        arch: 'x86' as const,
        pc,
        thread_id: threadId,
      }))
    },
  }),

  'query-cpus-fast': command({
    since: '2.12',
    doc: 'Tell which CPUs there are.',
    args: {},
    returns: list(CpuInfoFast),
    examples: [
      example('a machine without a CPU', '-> { "execute": "query-cpus-fast" }\n<- { "return": [] }', {
        options: '-machine none',
      }),
    ],
    async run({ cpus, objectTree }) {
      return (await cpus.status()).map(({ index, threadId }) => ({
        'cpu-index': index,
        'qom-path': objectTree.firstOf('cpu')?.path ?? '',
        'thread-id': threadId,
        props: { 'core-id': 0, 'thread-id': 0, 'socket-id': 0 },
        target: 'i386' as const,
      }))
    },
  }),

  'inject-nmi': command({
    since: '0.14',
    doc: 'Deliver a non-maskable interrupt to the CPU.',
    args: {},
    returns: nothing,
    errors: ['GenericError, if the machine has no CPU'],
    examples: [
      example(
        'a PC that waits for its start',
        `
        -> { "execute": "inject-nmi" }
        <- { "return": {} }`,
      ),
    ],
    async run({ cpus }) {
      if (cpus.count === 0) throw new QmpError('GenericError', 'this feature or command is not currently supported')
      await cpus.injectNmi()
      return {}
    },
  }),
}
