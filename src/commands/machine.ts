import { any, bool, example, family, int, list, oneOf, opt, qemuVersion, req, str, struct } from '../qapi/index.ts'
import { sysEmuTargets } from './wire-identity.ts'

const command = family<{
  identity: {
    /** Value of -name; undefined if none was given. */
    readonly name: string | undefined
    /** Value of -uuid in lower case; all zeros if none was given. */
    readonly uuid: string
    /** Whether the machine can wake from S3. */
    readonly wakeupSuspend: boolean
    readonly machines: readonly {
      readonly name: string
      readonly alias?: string
      readonly isDefault?: boolean
      readonly cpuMax: number
      readonly cpuType?: string
      readonly ramId?: string
    }[]
    readonly cpuModels: readonly { readonly name: string; readonly typename: string; readonly aliasOf?: string }[]
    /** What a CPU model is made of. */
    expandCpuModel(
      kind: 'static' | 'full',
      name: string,
      props: unknown,
    ): { readonly name: string; readonly props: object }
  }
}>()

export const SysEmuTarget = oneOf('SysEmuTarget', sysEmuTargets)

const VersionInfo = struct('VersionInfo', {
  qemu: req(
    struct('VersionTriple', { major: req(int, 'major'), minor: req(int, 'minor'), micro: req(int, 'micro') }),
    'the version of QEMU whose protocol this is',
  ),
  package: req(str, 'the version of the package'),
})

const MachineInfo = struct('MachineInfo', {
  name: req(str, 'value of -machine'),
  alias: opt(str, 'another name'),
  'is-default': opt(bool, 'true if it is the default'),
  'cpu-max': req(int, 'how many CPUs it can have'),
  'hotpluggable-cpus': req(bool, 'whether CPUs can be added while it runs'),
  'numa-mem-supported': req(bool, 'whether -numa mem is supported'),
  deprecated: req(bool, 'whether it will go'),
  'default-cpu-type': opt(str, 'its CPU model, if none is given'),
  'default-ram-id': opt(str, 'name of its RAM back end'),
})

const CpuDefinitionInfo = struct('CpuDefinitionInfo', {
  name: req(str, 'value of -cpu'),
  'migration-safe': opt(bool, 'whether the model is the same in every version'),
  static: req(bool, 'whether the model never changes'),
  'unavailable-features': opt(list(str), 'what keeps the model from running here'),
  typename: req(str, 'name of its type'),
  'alias-of': opt(str, 'the model that this is another name of'),
  deprecated: req(bool, 'whether it will go'),
})

const CpuModelInfo = struct('CpuModelInfo', {
  name: req(str, 'name of the model'),
  props: opt(any, 'its properties'),
})

/** Needs no machine. */
const ofProtocol = family<{}>()

/** What the machine is. */
export const machineCommands = {
  'query-version': ofProtocol({
    since: '0.14',
    doc: 'Tell the version of the protocol, as the greeting does.',
    args: {},
    returns: VersionInfo,
    examples: [
      example(
        'always',
        `
        -> { "execute": "query-version" }
        <- { "return": { "qemu": { "micro": 22, "minor": 2, "major": 7 }, "package": "Debian 1:7.2+dfsg-7+deb12u18+b3" } }`,
      ),
    ],
    preconfig: true,
    run: () => qemuVersion,
  }),

  'query-name': command({
    since: '0.14',
    doc: 'Tell the name of the machine.',
    args: {},
    returns: struct('NameInfo', { name: opt(str, 'value of -name; absent if none was given') }),
    examples: [example('a machine without a name', '-> { "execute": "query-name" }\n<- { "return": {} }')],
    preconfig: true,
    run: ({ identity: { name } }) => (name === undefined ? {} : { name }),
  }),

  'query-uuid': command({
    since: '0.14',
    doc: 'Tell the UUID of the machine.',
    args: {},
    returns: struct('UuidInfo', { UUID: req(str, 'value of -uuid; all zeros if none was given') }),
    examples: [
      example(
        'a machine without a UUID',
        '-> { "execute": "query-uuid" }\n<- { "return": { "UUID": "00000000-0000-0000-0000-000000000000" } }',
      ),
    ],
    preconfig: true,
    run: ({ identity }) => ({ UUID: identity.uuid }),
  }),

  'query-kvm': command({
    since: '0.14',
    doc: 'Tell whether KVM runs the machine: it never does.',
    args: {},
    returns: struct('KvmInfo', { enabled: req(bool, 'in use'), present: req(bool, 'could be used') }),
    examples: [
      example('always', '-> { "execute": "query-kvm" }\n<- { "return": { "enabled": false, "present": false } }', {
        ownAnswer: 'QEMU could use KVM',
      }),
    ],
    run: () => ({ enabled: false, present: false }),
  }),

  'query-target': command({
    since: '1.2',
    doc: 'Tell the architecture of the machine.',
    args: {},
    returns: struct('TargetInfo', { arch: req(SysEmuTarget, 'the architecture') }),
    examples: [example('always', '-> { "execute": "query-target" }\n<- { "return": { "arch": "i386" } }')],
    run: () => ({ arch: 'i386' as const }),
  }),

  'query-machines': command({
    since: '1.2',
    doc: 'Tell which machine types there are.',
    args: {},
    returns: list(MachineInfo),
    examples: [
      example(
        'always',
        `
        -> { "execute": "query-machines" }
        <- { "return": [ { "hotpluggable-cpus": false, "name": "none", "numa-mem-supported": false, "cpu-max": 1, "deprecated": false }, { "hotpluggable-cpus": false, "name": "pc-i440fx-7.2", "numa-mem-supported": false, "default-cpu-type": "qemu32-i386-cpu", "is-default": true, "cpu-max": 1, "deprecated": false, "default-ram-id": "pc.ram", "alias": "pc" } ] }`,
        { ownAnswer: 'QEMU has more machine types' },
      ),
    ],
    run: ({ identity }) =>
      identity.machines.map(({ name, alias, isDefault, cpuMax, cpuType, ramId }) => ({
        name,
        ...(alias !== undefined && { alias }),
        ...(isDefault !== undefined && { 'is-default': isDefault }),
        'cpu-max': cpuMax,
        'hotpluggable-cpus': false,
        'numa-mem-supported': false,
        deprecated: false,
        ...(cpuType !== undefined && { 'default-cpu-type': cpuType }),
        ...(ramId !== undefined && { 'default-ram-id': ramId }),
      })),
  }),

  'query-current-machine': command({
    since: '4.0',
    doc: 'Tell what the machine that runs can do.',
    args: {},
    returns: struct('CurrentMachineParams', { 'wakeup-suspend-support': req(bool, 'whether it can wake from S3') }),
    examples: [
      example(
        'a PC',
        `
        -> { "execute": "query-current-machine" }
        <- { "return": { "wakeup-suspend-support": true } }`,
      ),
    ],
    run: ({ identity }) => ({ 'wakeup-suspend-support': identity.wakeupSuspend }),
  }),

  'query-cpu-definitions': command({
    since: '1.2',
    doc: 'Tell which CPU models there are.',
    args: {},
    returns: list(CpuDefinitionInfo),
    examples: [
      example(
        'always',
        `
        -> { "execute": "query-cpu-definitions" }
        <- { "return": [ { "name": "v86", "typename": "v86-i386-cpu", "unavailable-features": [], "static": false, "migration-safe": false, "deprecated": false }, { "name": "qemu32", "typename": "qemu32-i386-cpu", "unavailable-features": [], "alias-of": "v86", "static": false, "migration-safe": false, "deprecated": false }, { "name": "max", "typename": "max-i386-cpu", "unavailable-features": [], "alias-of": "v86", "static": false, "migration-safe": false, "deprecated": false } ] }`,
        { ownAnswer: 'QEMU has other CPUs' },
      ),
    ],
    run: ({ identity }) =>
      identity.cpuModels.map(({ name, typename, aliasOf }) => ({
        name,
        'migration-safe': false,
        static: false,
        'unavailable-features': [],
        typename,
        ...(aliasOf !== undefined && { 'alias-of': aliasOf }),
        deprecated: false,
      })),
  }),

  'query-cpu-model-expansion': command({
    since: '2.8',
    doc: 'Tell what a CPU model is made of. Features are those of the emulated processor, which nothing switches on or off.',
    args: {
      type: req(
        oneOf('CpuModelExpansionType', ['static', 'full']),
        'in terms of the model that has nothing, or with all that can be said of it',
      ),
      model: req(CpuModelInfo, 'the model, and properties that it is to have besides'),
    },
    returns: struct('CpuModelExpansionInfo', { model: req(CpuModelInfo, 'the model in these terms') }),
    errors: ['if there is no such model', 'if the processor has not the properties'],
    examples: [
      example(
        'there is no such model',
        `
        -> { "execute": "query-cpu-model-expansion", "arguments": { "type": "full", "model": { "name": "nosuch" } } }
        <- { "error": { "class": "GenericError", "desc": "CPU model 'nosuch' not found" } }`,
      ),
    ],
    run: ({ identity }, { type, model }) => ({ model: identity.expandCpuModel(type, model.name, model.props) }),
  }),
}
