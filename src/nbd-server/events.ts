import { event, req, str } from '../qapi/index.ts'

/** Events of exports: declared here because this room emits them. */
export const exportEvents = {
  BLOCK_EXPORT_DELETED: event({
    since: '5.2',
    doc: 'An export is gone: nobody uses it any more, and its id is free.',
    data: { id: req(str, 'the export') },
    examples: [
      '{ "event": "BLOCK_EXPORT_DELETED", "data": { "id": "export0" }, "timestamp": { "seconds": 1265044230, "microseconds": 450486 } }',
    ],
  }),
}
