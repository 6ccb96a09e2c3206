import {
  example,
  family,
  int,
  list,
  nothing,
  oneOf,
  opt,
  QmpError,
  req,
  size,
  str,
  struct,
  uint8,
  uint16,
  uint32,
  uint64,
  union,
} from '../qapi/index.ts'

const command = family<{}>()

const NumaOptions = union('NumaOptions', {
  base: { type: req(oneOf('NumaOptionsType', ['node', 'dist', 'cpu', 'hmat-lb', 'hmat-cache']), 'what is said') },
  discriminator: 'type',
  branches: {
    node: struct('NumaNodeOptions', {
      nodeid: opt(uint16, 'its number'),
      cpus: opt(list(uint16), 'its CPUs'),
      mem: opt(size.wide, 'bytes of its memory'),
      memdev: opt(str, 'what its memory is made of'),
      initiator: opt(uint16, 'the node whose CPUs are nearest to it'),
    }),
    dist: struct('NumaDistOptions', {
      src: req(uint16, 'from which node'),
      dst: req(uint16, 'to which'),
      val: req(uint8, 'how far that is; 10 for a node itself'),
    }),
    cpu: struct('NumaCpuOptions', {
      'node-id': opt(int.wide, 'the node'),
      'socket-id': opt(int.wide, 'which socket'),
      'die-id': opt(int.wide, 'which die of it'),
      'cluster-id': opt(int.wide, 'which cluster of that'),
      'core-id': opt(int.wide, 'which core'),
      'thread-id': opt(int.wide, 'which thread of the core'),
    }),
    'hmat-lb': struct('NumaHmatLBOptions', {
      initiator: req(uint16, 'the node that asks'),
      target: req(uint16, 'the node whose memory is asked'),
      hierarchy: req(
        oneOf('HmatLBMemoryHierarchy', ['memory', 'first-level', 'second-level', 'third-level']),
        'its memory, or a cache before it',
      ),
      'data-type': req(
        oneOf('HmatLBDataType', [
          'access-latency',
          'read-latency',
          'write-latency',
          'access-bandwidth',
          'read-bandwidth',
          'write-bandwidth',
        ]),
        'what is told',
      ),
      latency: opt(uint64.wide, 'nanoseconds'),
      bandwidth: opt(size.wide, 'bytes a second'),
    }),
    'hmat-cache': struct('NumaHmatCacheOptions', {
      'node-id': req(uint32, 'the node before whose memory it is'),
      size: req(size.wide, 'its bytes'),
      level: req(uint8, 'its level'),
      associativity: req(oneOf('HmatCacheAssociativity', ['none', 'direct', 'complex']), 'where a line can be'),
      policy: req(oneOf('HmatCacheWritePolicy', ['none', 'write-back', 'write-through']), 'when it is written'),
      line: req(uint16, 'bytes of a line'),
    }),
  },
})

const tooLate = 'The command is permitted only before machine initialization'
const tooLateForNodes = 'The command is permitted only before the machine has been created'

/** What is to be said before there is a machine; when these can be called, there is one. */
export const preconfigCommands = {
  'x-exit-preconfig': command({
    since: '3.0',
    doc: 'Make the machine. It is made before anything is asked of it.',
    args: {},
    returns: nothing,
    features: ['unstable'],
    preconfig: true,
    errors: ['if it is made'],
    examples: [
      example(
        'it is made',
        `
        -> { "execute": "x-exit-preconfig" }
        <- { "error": { "class": "GenericError", "desc": "The command is permitted only before machine initialization" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', tooLate)
    },
  }),

  'set-numa-node': command({
    since: '3.0',
    doc: 'Give the machine a NUMA node, before it is made. It is made before anything is asked of it.',
    args: NumaOptions,
    returns: nothing,
    preconfig: true,
    errors: ['if it is made'],
    examples: [
      example(
        'it is made',
        `
        -> { "execute": "set-numa-node", "arguments": { "type": "node", "nodeid": 0 } }
        <- { "error": { "class": "GenericError", "desc": "The command is permitted only before the machine has been created" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', tooLateForNodes)
    },
  }),
}
