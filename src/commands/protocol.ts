import { example, family, list, nothing, oneOf, opt, req, SchemaInfo, str, struct } from '../qapi/index.ts'

const command = family<{
  /** The table itself, as the protocol describes it. */
  catalog: {
    readonly commands: readonly string[]
    readonly events: readonly string[]
    readonly schema: readonly SchemaInfo[]
  }
}>()

export const QMPCapability = oneOf('QMPCapability', ['oob'])
const CommandInfo = struct('CommandInfo', { name: req(str, 'name of the command') })
const EventInfo = struct('EventInfo', { name: req(str, 'name of the event') })

/** The protocol about itself. */
export const protocolCommands = {
  qmp_capabilities: command({
    since: '0.13',
    doc: 'End the negotiation: the first command on every connection. Events come from here on.',
    args: { enable: opt(list(QMPCapability), 'capabilities to switch on, of those that the greeting offers') },
    returns: nothing,
    preconfig: true,
    errors: ['CommandNotFound, if the negotiation is over', 'GenericError, if a capability was not offered'],
    examples: [
      example(
        'a second time',
        `
        -> { "execute": "qmp_capabilities" }
        <- { "error": { "class": "CommandNotFound", "desc": "Capabilities negotiation is already complete, command ignored" } }`,
      ),
    ],
    run(_parts, { enable = [] }, { session }) {
      session.negotiate(enable)
      return {}
    },
  }),

  'query-commands': command({
    since: '0.13',
    doc: 'Tell which commands there are.',
    args: {},
    returns: list(CommandInfo),
    preconfig: true,
    examples: [],
    run: ({ catalog }) => catalog.commands.map((name) => ({ name })),
  }),

  'query-events': command({
    since: '1.2',
    doc: 'Tell which events there are; query-qmp-schema also tells what they carry.',
    args: {},
    returns: list(EventInfo),
    features: ['deprecated'],
    preconfig: true,
    examples: [],
    run: ({ catalog }) => catalog.events.map((name) => ({ name })),
  }),

  'query-qmp-schema': command({
    since: '2.5',
    doc: 'Describe every command and every event with their types.',
    args: {},
    returns: list(SchemaInfo),
    preconfig: true,
    examples: [],
    run: ({ catalog }) => [...catalog.schema],
  }),
}
