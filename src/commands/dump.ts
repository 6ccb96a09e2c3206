import { DumpQueryResult, type GuestDump } from '../dump/index.ts'
import { bool, example, family, int, list, nothing, oneOf, opt, req, str, struct } from '../qapi/index.ts'

const command = family<{ guestDump: Pick<GuestDump, 'write' | 'result'> }>()

export const DumpGuestMemoryFormat = oneOf('DumpGuestMemoryFormat', [
  'elf',
  'kdump-zlib',
  'kdump-lzo',
  'kdump-snappy',
  'win-dmp',
])

/** Guest memory for debuggers. */
export const dumpCommands = {
  'dump-guest-memory': command({
    since: '1.2',
    doc: 'Write guest memory and the registers of the CPU to a core file, which gdb and readelf read, or to one that is compressed, for crash and makedumpfile. The guest stands still meanwhile.',
    args: {
      paging: req(bool, 'whether memory is also found where the page tables of the guest have it'),
      protocol: req(str, 'file:PATH, or fd:NAME (see getfd)'),
      detach: opt(bool, 'whether the reply comes at once; the end is told by DUMP_COMPLETED'),
      begin: opt(int.wide, 'the first physical address, if only a part is wanted'),
      length: opt(int.wide, 'how many bytes, if only a part is wanted', { alias: ['end'] }),
      format: opt(DumpGuestMemoryFormat, 'format of the file: elf, or kdump-zlib, which crash and makedumpfile read'),
    },
    returns: nothing,
    emits: ['STOP', 'DUMP_COMPLETED', 'RESUME'],
    errors: [
      'if the range has no memory, or only one end',
      'if another dump is under way',
      'if the file cannot be opened or written, or no descriptor has that name',
      'if the format is neither elf nor kdump-zlib',
    ],
    examples: [
      example(
        'a range with one end',
        `
        -> { "execute": "dump-guest-memory", "arguments": { "paging": false, "protocol": "file:core", "begin": 4096 } }
        <- { "error": { "class": "GenericError", "desc": "Parameter 'length' is missing" } }`,
      ),
    ],
    async run({ guestDump }, request, { session, signal }) {
      await guestDump.write({ ...request, takeDescriptor: (name) => session.descriptors.takeNamed(name), signal })
      return {}
    },
  }),

  'query-dump': command({
    since: '2.6',
    doc: 'Tell how a dump goes, or how the last one went.',
    args: {},
    returns: DumpQueryResult,
    examples: [
      example(
        'there was none',
        `
        -> { "execute": "query-dump" }
        <- { "return": { "total": 0, "status": "none", "completed": 0 } }`,
      ),
    ],
    run: ({ guestDump }) => ({ ...guestDump.result }),
  }),

  'query-dump-guest-memory-capability': command({
    since: '2.0',
    doc: 'Tell which formats dumps can have.',
    args: {},
    returns: struct('DumpGuestMemoryCapability', { formats: req(list(DumpGuestMemoryFormat), 'the formats') }),
    examples: [
      example(
        'what there is',
        `
        -> { "execute": "query-dump-guest-memory-capability" }
        <- { "return": { "formats": ["elf", "kdump-zlib"] } }`,
      ),
    ],
    run: () => ({ formats: ['elf', 'kdump-zlib'] }),
  }),
}
