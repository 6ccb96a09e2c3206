import { example, family, type Infer, list, nothing, oneOf, QmpError, req, str, struct, union } from '../qapi/index.ts'

const YankInstance = union('YankInstance', {
  base: { type: req(oneOf('YankInstanceType', ['block-node', 'chardev', 'migration']), 'what it is') },
  discriminator: 'type',
  branches: {
    'block-node': struct('YankInstanceBlockNode', { 'node-name': req(str, 'name of the node') }),
    chardev: struct('YankInstanceChardev', { id: req(str, 'name of the character device') }),
    migration: undefined,
  },
})

/** What depends on a peer that may hang: a socket chardev, a node of an NBD client, the migration. */
export type YankInstance = Infer<typeof YankInstance>

const command = family<{
  yankInstances: {
    list(): readonly YankInstance[]
    /** @returns false if one of them is not there; nothing has been done then */
    yank(instances: readonly YankInstance[]): boolean
  }
}>()

/** Connections that hang. */
export const yankCommands = {
  yank: command({
    since: '6.0',
    doc: 'Shut connections down without waiting for their peers: requests of an NBD node fail from then on, a character device is disconnected (and connects again, if it is to), a migration fails.',
    args: { instances: req(list(YankInstance), 'what depends on them') },
    returns: nothing,
    errors: ['DeviceNotFound, if one of them is not there; nothing is done then'],
    examples: [
      example(
        'no such node',
        `
        -> { "execute": "yank", "arguments": { "instances": [ { "type": "block-node", "node-name": "nbd0" } ] } }
        <- { "error": { "class": "DeviceNotFound", "desc": "Instance not found" } }`,
      ),
    ],
    oob: true,
    run({ yankInstances }, { instances }) {
      if (!yankInstances.yank(instances)) throw new QmpError('DeviceNotFound', 'Instance not found')
      return {}
    },
  }),

  'query-yank': command({
    since: '6.0',
    doc: 'Tell which connections can be shut down by yank, by what depends on them, in the order in which that came.',
    args: {},
    returns: list(YankInstance),
    examples: [
      example(
        'the monitor that is asked',
        `
        -> { "execute": "query-yank" }
        <- { "return": [ { "type": "chardev", "id": "compat_monitor0" } ] }`,
        { options: '-nodefaults' },
      ),
    ],
    oob: true,
    run: ({ yankInstances }) => [...yankInstances.list()],
  }),
}
