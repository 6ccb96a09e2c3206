import { bool, example, family, int, list, nothing, oneOf, opt, QmpError, req, str, struct } from '../qapi/index.ts'

const command = family<{ cpus: { readonly count: number } }>()

const TraceEventInfo = struct('TraceEventInfo', {
  name: req(str, 'its name'),
  state: req(oneOf('TraceEventState', ['unavailable', 'disabled', 'enabled']), 'whether it is traced'),
  vcpu: req(bool, 'whether each CPU has its own'),
})

/**
 * Only a pattern may name none of the trace events, of which there are none.
 *
 * @throws {QmpError} if there is no such CPU, or no such event
 */
function checkEvent(name: string, vcpu: number | bigint | undefined, cpuCount: number): void {
  const index = vcpu === undefined ? undefined : BigInt.asUintN(32, BigInt(vcpu)) // which is how QEMU reads it
  if (index !== undefined && index >= BigInt(cpuCount))
    throw new QmpError('GenericError', `invalid vCPU index ${index}`)
  if (!name.includes('*')) throw new QmpError('GenericError', `unknown event "${name}"`)
}

/** Trace events, of which vmon has none. */
export const tracingCommands = {
  'trace-event-get-state': command({
    since: '2.2',
    doc: 'List trace events. There are none.',
    args: { name: req(str, 'name of one, or a pattern with `*`'), vcpu: opt(int.wide, 'of which CPU') },
    returns: list(TraceEventInfo),
    errors: ['if there is no such CPU', 'if there is no such event'],
    examples: [
      example(
        'one that there is not',
        `
        -> { "execute": "trace-event-get-state", "arguments": { "name": "nonesuch" } }
        <- { "error": { "class": "GenericError", "desc": "unknown event \\"nonesuch\\"" } }`,
      ),
    ],
    run({ cpus }, { name, vcpu }) {
      checkEvent(name, vcpu, cpus.count)
      return []
    },
  }),

  'trace-event-set-state': command({
    since: '2.2',
    doc: 'Have trace events traced, or not any more. There are none.',
    args: {
      name: req(str, 'name of one, or a pattern with `*`'),
      enable: req(bool, 'whether they are to be traced'),
      'ignore-unavailable': opt(bool, 'leave out those that cannot be'),
      vcpu: opt(int.wide, 'for which CPU'),
    },
    returns: nothing,
    errors: ['if there is no such CPU', 'if there is no such event'],
    examples: [
      example(
        'a pattern that nothing fits',
        `
        -> { "execute": "trace-event-set-state", "arguments": { "name": "nonesuch*", "enable": true } }
        <- { "return": {} }`,
      ),
    ],
    run({ cpus }, { name, vcpu }) {
      checkEvent(name, vcpu, cpus.count)
      return {}
    },
  }),
}
