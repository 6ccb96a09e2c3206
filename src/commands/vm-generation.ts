import { example, family, QmpError, req, str, struct } from '../qapi/index.ts'

const command = family<{
  objectTree: { firstOf(type: string): { get(property: string): Promise<unknown> } | undefined }
}>()

/** What the guest knows as the machine's generation. */
export const vmGenerationCommands = {
  'query-vm-generation-id': command({
    since: '2.9',
    doc: 'Show the identifier of the machine that a device `vmgenid` tells the guest. A fork has one of its own.',
    args: {},
    returns: struct('GuidInfo', { guid: req(str, 'the identifier') }),
    errors: ['if there is no such device'],
    examples: [
      example(
        'no device',
        `
        -> { "execute": "query-vm-generation-id" }
        <- { "error": { "class": "GenericError", "desc": "VM Generation ID device not found" } }`,
      ),
    ],
    async run({ objectTree }) {
      const device = objectTree.firstOf('vmgenid')
      if (device === undefined) throw new QmpError('GenericError', 'VM Generation ID device not found')
      return { guid: String(await device.get('guid')) }
    },
  }),
}
