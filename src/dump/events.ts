import { event, int, oneOf, opt, req, str, struct } from '../qapi/index.ts'

export const dumpStatuses = ['none', 'active', 'completed', 'failed'] as const
export type DumpStatus = (typeof dumpStatuses)[number]

/** How a dump goes (QAPI DumpQueryResult). */
export const DumpQueryResult = struct('DumpQueryResult', {
  status: req(oneOf('DumpStatus', dumpStatuses), 'where it stands'),
  completed: req(int, 'bytes that have been written'),
  total: req(int, 'bytes that are to be written'),
})

/** Events of dumps: declared here because this room emits them. */
export const dumpEvents = {
  DUMP_COMPLETED: event({
    since: '2.6',
    doc: 'A dump of guest memory has ended.',
    data: {
      result: req(DumpQueryResult, 'how it went'),
      error: opt(str, 'why it has failed. For a person: not for programs'),
    },
    examples: [
      '{ "event": "DUMP_COMPLETED", "data": { "result": { "total": 1090650112, "status": "completed", "completed": 1090650112 } }, "timestamp": { "seconds": 1648244171, "microseconds": 950316 } }',
    ],
  }),
}
