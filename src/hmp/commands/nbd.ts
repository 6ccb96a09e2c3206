import type { DriveSet } from '../../block/index.ts'
import type { BlockExports } from '../../nbd-server/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { parseSocketAddress } from '../../transport/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const command = hmpFamily<{
  drives: Pick<DriveSet, typeof Symbol.iterator>
  exports: Pick<BlockExports, 'start'>
}>()

/** Images for others, over NBD. */
export const nbdCommands = {
  nbd_server_start: command({
    args: 'all:-a,writable:-w,uri:s',
    params: 'nbd_server_start [-a] [-w] host:port',
    help: 'serve block devices on the given host and port',
    async run({ parts: { drives, exports }, qmp }, { all, writable, uri }) {
      if (writable && !all) throw new QmpError('GenericError', '-w only valid together with -a')
      const address = parseSocketAddress(uri)
      await exports.start({ address: () => address })
      if (!all) return
      try {
        for (const { id, node } of drives) if (node !== undefined) await qmp('nbd-server-add', { device: id, writable })
      } catch (error) {
        await qmp('nbd-server-stop', {})
        throw error
      }
    },
  }),
  nbd_server_add: command({
    args: 'writable:-w,device:B,name:s?',
    params: 'nbd_server_add [-w] device [name]',
    help: 'export a block device via NBD',
    run: async ({ qmp }, { device, name, writable }) =>
      void (await qmp('nbd-server-add', { device, writable, ...(name !== undefined && { name }) })),
  }),
  nbd_server_remove: command({
    args: 'force:-f,name:s',
    params: 'nbd_server_remove [-f] name',
    help: 'remove an export previously exposed via NBD',
    run: async ({ qmp }, { name, force }) =>
      void (await qmp('nbd-server-remove', { name, mode: force ? 'hard' : 'safe' })),
  }),
  nbd_server_stop: command({
    args: '',
    params: 'nbd_server_stop',
    help: 'stop serving block devices using the NBD protocol',
    run: async ({ qmp }) => void (await qmp('nbd-server-stop', {})),
  }),
}
