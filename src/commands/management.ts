import {
  bool,
  either,
  example,
  family,
  int,
  list,
  oneOf,
  opt,
  QmpError,
  req,
  size,
  str,
  struct,
  union,
} from '../qapi/index.ts'

/** A parameter of an option of the command line. */
export interface OptionParameter {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'number' | 'size'
  readonly help?: string
  readonly default?: string
}

const command = family<{
  readonly identity: {
    /** The options of the command line, with what they take, in QEMU's order. */
    readonly options: Readonly<Record<string, readonly OptionParameter[]>>
    /** Bytes of memory that it began with. */
    readonly ramBytes: number
  }
}>()

const CommandLineParameterInfo = struct('CommandLineParameterInfo', {
  name: req(str, 'its name'),
  type: req(oneOf('CommandLineParameterType', ['string', 'boolean', 'number', 'size']), 'what it takes'),
  help: opt(str, 'what it is for'),
  default: opt(str, 'what it is if nothing is said'),
})

const CommandLineOptionInfo = struct('CommandLineOptionInfo', {
  option: req(str, 'its name in configuration files'),
  parameters: req(list(CommandLineParameterInfo), 'what it takes; nothing where that is not told'),
})

const StatsProvider = oneOf('StatsProvider', ['kvm'])
const StatsTarget = oneOf('StatsTarget', ['vm', 'vcpu'])

const StatsFilter = union('StatsFilter', {
  base: {
    target: req(StatsTarget, 'whose statistics'),
    providers: opt(
      list(
        struct('StatsRequest', {
          provider: req(StatsProvider, 'who tells them'),
          names: opt(list(str), 'which; all if nothing is said'),
        }),
      ),
      'who is asked; everybody if nothing is said',
    ),
  },
  discriminator: 'target',
  branches: { vcpu: struct('StatsVCPUFilter', { vcpus: opt(list(str), 'paths of CPUs') }) },
})

const StatsResult = struct('StatsResult', {
  provider: req(StatsProvider, 'who tells them'),
  'qom-path': opt(str, 'of which object'),
  stats: req(
    list(
      struct('Stats', {
        name: req(str, 'its name'),
        value: req(
          either('StatsValue', { integer: int, boolean: bool, array: list(int) }),
          'a number, a truth, or the numbers of a histogram',
        ),
      }),
    ),
    'the statistics',
  ),
})

const StatsSchema = struct('StatsSchema', {
  provider: req(StatsProvider, 'who tells them'),
  target: req(StatsTarget, 'of what'),
  stats: req(
    list(
      struct('StatsSchemaValue', {
        name: req(str, 'its name'),
        type: req(
          oneOf('StatsType', ['cumulative', 'instant', 'peak', 'linear-histogram', 'log2-histogram']),
          'how it changes',
        ),
        unit: opt(oneOf('StatsUnit', ['bytes', 'seconds', 'cycles', 'boolean']), 'its unit'),
        base: opt(int, '2 or 10: of which powers it is counted'),
        exponent: req(int, 'of which power'),
        'bucket-size': opt(int, 'width of a bucket of a linear histogram'),
      }),
    ),
    'the statistics',
  ),
})

/** What management programs ask before they trust a program, and while they watch it. */
export const managementCommands = {
  'query-command-line-options': command({
    since: '1.5',
    doc: 'Tell which options of the command line take parameters, and which.',
    args: { option: opt(str, 'only this one') },
    returns: list(CommandLineOptionInfo),
    errors: ['if there is no such option'],
    examples: [
      example(
        'one option',
        `
        -> { "execute": "query-command-line-options", "arguments": { "option": "add-fd" } }
        <- { "return": [ { "parameters": [ { "name": "opaque", "help": "free-form string used to describe fd", "type": "string" }, { "name": "set", "help": "ID of the fd set to add fd to", "type": "number" }, { "name": "fd", "help": "file descriptor of which a duplicate is added to fd set", "type": "number" } ], "option": "add-fd" } ] }`,
      ),
      example(
        'no such option',
        `
        -> { "execute": "query-command-line-options", "arguments": { "option": "boot" } }
        <- { "error": { "class": "GenericError", "desc": "invalid option name: boot" } }`,
      ),
    ],
    preconfig: true,
    run({ identity: { options } }, { option: asked }) {
      const all = Object.entries(options).map(([option, parameters]) => ({ option, parameters }))
      if (asked === undefined) return all
      const found = all.filter(({ option }) => option === asked)
      if (found.length === 0) throw new QmpError('GenericError', `invalid option name: ${asked}`)
      return found
    },
  }),

  'query-memory-size-summary': command({
    since: '2.11',
    doc: 'Tell how much memory the machine began with, and how much has been plugged in: none.',
    args: {},
    returns: struct('MemoryInfo', {
      'base-memory': req(size, 'bytes that it began with'),
      'plugged-memory': opt(size, 'bytes plugged in'),
    }),
    examples: [
      example(
        'the default',
        `
        -> { "execute": "query-memory-size-summary" }
        <- { "return": { "base-memory": 134217728, "plugged-memory": 0 } }`,
      ),
    ],
    run: ({ identity: { ramBytes } }) => ({ 'base-memory': ramBytes, 'plugged-memory': 0 }),
  }),

  'query-stats': command({
    since: '7.1',
    doc: 'Tell statistics of a virtual machine monitor in the kernel. There is none.',
    args: StatsFilter,
    returns: list(StatsResult),
    examples: [
      example('none', '-> { "execute": "query-stats", "arguments": { "target": "vm" } }\n<- { "return": [] }'),
    ],
    run: () => [],
  }),

  'query-stats-schemas': command({
    since: '7.1',
    doc: 'Tell which statistics there are: none.',
    args: { provider: opt(StatsProvider, 'who tells them; everybody if nothing is said') },
    returns: list(StatsSchema),
    examples: [example('none', '-> { "execute": "query-stats-schemas" }\n<- { "return": [] }')],
    run: () => [],
  }),
}
