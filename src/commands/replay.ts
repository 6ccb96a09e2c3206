import { example, family, int64, nothing, oneOf, opt, QmpError, req, str, struct } from '../qapi/index.ts'

const command = family<{}>()

const noBreakpoint = 'setting the breakpoint is allowed only in play mode'
const noBreakpoints = 'replay breakpoints are allowed only in play mode'
const noSeek = 'replay must be enabled to seek'

const ReplayInfo = struct('ReplayInfo', {
  mode: req(oneOf('ReplayMode', ['none', 'record', 'play']), 'what is done'),
  filename: opt(str, 'where the recording is'),
  icount: req(int64, 'instructions until now'),
})

/** Executions that are recorded and played back, instruction by instruction. There is no such mode here. */
export const replayCommands = {
  'query-replay': command({
    since: '5.2',
    doc: 'Show whether execution is recorded or replayed. It is not.',
    args: {},
    returns: ReplayInfo,
    examples: [
      example('neither', '-> { "execute": "query-replay" }\n<- { "return": { "icount": 0, "mode": "none" } }'),
    ],
    run: () => ({ mode: 'none' as const, icount: 0 }),
  }),

  'replay-break': command({
    since: '5.2',
    doc: 'Stop the replay at an instruction. Nothing is replayed.',
    args: { icount: req(int64, 'how many instructions are before it') },
    returns: nothing,
    errors: ['if nothing is replayed'],
    examples: [
      example(
        'no replay',
        `
        -> { "execute": "replay-break", "arguments": { "icount": 220414 } }
        <- { "error": { "class": "GenericError", "desc": "setting the breakpoint is allowed only in play mode" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', noBreakpoint)
    },
  }),

  'replay-delete-break': command({
    since: '5.2',
    doc: 'Take away what replay-break has set. Nothing is replayed.',
    args: {},
    returns: nothing,
    errors: ['if nothing is replayed'],
    examples: [
      example(
        'no replay',
        `
        -> { "execute": "replay-delete-break" }
        <- { "error": { "class": "GenericError", "desc": "replay breakpoints are allowed only in play mode" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', noBreakpoints)
    },
  }),

  'replay-seek': command({
    since: '5.2',
    doc: 'Go to an instruction of the replay. Nothing is replayed.',
    args: { icount: req(int64, 'how many instructions are before it') },
    returns: nothing,
    errors: ['if nothing is replayed'],
    examples: [
      example(
        'no replay',
        `
        -> { "execute": "replay-seek", "arguments": { "icount": 220414 } }
        <- { "error": { "class": "GenericError", "desc": "replay must be enabled to seek" } }`,
      ),
    ],
    run() {
      throw new QmpError('GenericError', noSeek)
    },
  }),
}
