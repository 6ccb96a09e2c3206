import { OptionError } from '../keyval/index.ts'
import type { IothreadInfo, MemoryBackendInfo, UserObjects } from '../objects/index.ts'
import { ObjectOptions } from '../objects/index.ts'
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
  size,
  str,
  struct,
} from '../qapi/index.ts'
import type { ObjectTree } from '../qom/index.ts'
import { CpuInstanceProperties } from './cpu.ts'

const command = family<{ userObjects: UserObjects; objectTree: ObjectTree }>()

/** @throws {QmpError} what is said, without the hints for command lines behind it */
function refuse(error: unknown): never {
  throw error instanceof OptionError ? new QmpError('GenericError', error.message.split('\n')[0]!) : error
}

const Memdev = struct('Memdev', {
  id: opt(str, 'name of the object'),
  size: req(size, 'how many bytes'),
  merge: req(bool, 'whether equal pages may be one'),
  dump: req(bool, 'whether it is part of core dumps'),
  prealloc: req(bool, 'whether it is taken at once'),
  share: req(bool, 'whether others can share it'),
  reserve: opt(bool, 'whether the host keeps room for it'),
  'host-nodes': req(list(int), 'the nodes of the host that it is on'),
  policy: req(oneOf('HostMemPolicy', ['default', 'preferred', 'bind', 'interleave']), 'how it is spread over nodes'),
})

const IOThreadInfo = struct('IOThreadInfo', {
  id: req(str, 'name of the object'),
  'thread-id': req(int, "number of its thread: the process's, which serves all devices"),
  'poll-max-ns': req(int.wide, 'how long it looks for work before it sleeps'),
  'poll-grow': req(int.wide, 'how it looks longer'),
  'poll-shrink': req(int.wide, 'how it looks shorter'),
  'aio-max-batch': req(int.wide, 'how many requests are given to the system at once'),
})

const HotpluggableCPU = struct('HotpluggableCPU', {
  type: req(str, 'type of the CPU'),
  'vcpus-count': req(int, 'how many CPUs sit there'),
  props: req(CpuInstanceProperties, 'where it sits'),
  'qom-path': opt(str, 'its path in the tree of objects, if it is there'),
})

/** The objects that users make, and what there is of their kinds. */
export const objectCommands = {
  'object-add': command({
    since: '2.0',
    preconfig: true,
    doc: 'Make an object. The kinds are those that there are.',
    args: ObjectOptions,
    returns: nothing,
    errors: ['if there is one of that name', 'if it cannot be made so'],
    examples: [
      example(
        'a thread for devices',
        `
        -> { "execute": "object-add", "arguments": { "qom-type": "iothread", "id": "io0" } }
        <- { "return": {} }`,
      ),
    ],
    async run({ userObjects }, options) {
      await userObjects.add(options).catch(refuse)
      return {}
    },
  }),

  'object-del': command({
    since: '2.0',
    preconfig: true,
    doc: 'Remove an object that nobody uses.',
    args: { id: req(str, 'name of the object', { complete: 'object' }) },
    returns: nothing,
    errors: ['if there is no such object', 'if it is in use'],
    examples: [
      example(
        'the memory of the machine',
        `
        -> { "execute": "object-del", "arguments": { "id": "pc.ram" } }
        <- { "error": { "class": "GenericError", "desc": "object 'pc.ram' is in use, can not be deleted" } }`,
      ),
    ],
    run({ userObjects }, { id }) {
      userObjects.remove(id)
      return {}
    },
  }),

  'query-memdev': command({
    since: '2.1',
    preconfig: true,
    doc: 'Tell what memory of the host there is.',
    args: {},
    returns: list(Memdev),
    examples: [
      example(
        'a PC',
        `
        -> { "execute": "query-memdev" }
        <- { "return": [ { "share": false, "reserve": true, "prealloc": false, "host-nodes": [], "size": 134217728, "merge": true, "dump": true, "policy": "default", "id": "pc.ram" } ] }`,
      ),
    ],
    run: ({ userObjects }) =>
      userObjects.infos<MemoryBackendInfo>('memory-backend-ram', 'memory-backend-file') as never,
  }),

  'query-memory-devices': command({
    since: '2.1',
    doc: 'Tell which memory devices there are: none, for memory is not plugged in here.',
    args: {},
    returns: list(struct('MemoryDeviceInfo', { type: req(oneOf('MemoryDeviceInfoKind', ['dimm']), 'kind of device') })),
    examples: [example('always', '-> { "execute": "query-memory-devices" }\n<- { "return": [] }')],
    run: () => [],
  }),

  'query-iothreads': command({
    since: '2.0',
    preconfig: true,
    doc: 'Tell which threads for devices there are. They are names here: one thread serves all devices.',
    args: {},
    returns: list(IOThreadInfo),
    examples: [example('none was made', '-> { "execute": "query-iothreads" }\n<- { "return": [] }')],
    run: ({ userObjects }) => userObjects.infos<IothreadInfo>('iothread') as never,
  }),

  'query-hotpluggable-cpus': command({
    since: '2.7',
    preconfig: true,
    doc: 'Tell where CPUs can be plugged in: there is one place, and one CPU in it.',
    args: {},
    returns: list(HotpluggableCPU),
    errors: ['if the machine has no CPU'],
    examples: [
      example(
        'a PC',
        `
        -> { "execute": "query-hotpluggable-cpus" }
        <- { "return": [ { "props": { "core-id": 0, "thread-id": 0, "socket-id": 0 }, "vcpus-count": 1, "qom-path": "/machine/unattached/device[0]", "type": "qemu32-i386-cpu" } ] }`,
      ),
    ],
    run({ objectTree }) {
      const cpu = objectTree.firstOf('cpu')
      if (cpu === undefined) throw new QmpError('GenericError', "The feature 'query-hotpluggable-cpus' is not enabled")
      const props = { 'socket-id': 0, 'core-id': 0, 'thread-id': 0 }
      return [{ type: cpu.type, 'vcpus-count': 1, props, 'qom-path': cpu.path! }]
    },
  }),
}
