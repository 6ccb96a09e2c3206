import { netdevFromItems } from '../../commands/index.ts'
import { OptionError, parseOptionList } from '../../keyval/index.ts'
import { NetError, type NetSet, parseForward, parseForwardEnd, type UserNet } from '../../net/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{ networks: Pick<NetSet, 'users' | 'list'> }>()

const milliseconds = { initial: 50, max: 550, rounds: 5, step: 100 }

/** The network of the guest. */
export const networkCommands = {
  netdev_add: command({
    args: 'netdev:O',
    params: '[user|tap|socket|stream|dgram|vde|bridge|hubport|netmap|vhost-user],id=str[,prop=value][,...]',
    help: 'add host network device',
    async run({ qmp }, { netdev }) {
      await qmp('netdev_add', optionsOf(netdev) as Parameters<typeof qmp<'netdev_add'>>[1])
    },
  }),
  netdev_del: command({
    args: 'id:s',
    params: 'id',
    help: 'remove host network device',
    run: async ({ qmp }, { id }) => void (await qmp('netdev_del', { id })),
  }),
  set_link: command({
    args: 'name:s,up:b',
    params: 'name on|off',
    help: 'change the link status of a network adapter',
    run: async ({ qmp }, { name, up }) => void (await qmp('set_link', { name, up })),
  }),
  announce_self: command({
    args: 'interfaces:s?,id:s?',
    params: '[interfaces] [id]',
    help: 'Trigger GARP/RARP announcements',
    async run({ qmp }, { interfaces, id }) {
      await qmp('announce-self', {
        ...milliseconds,
        ...(interfaces !== undefined && { interfaces: interfaces.split(',') }),
        ...(id !== undefined && { id }),
      })
    },
  }),
  hostfwd_add: command({
    args: 'arg1:s,arg2:s?',
    params: '[netdev_id] [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport',
    help: 'redirect TCP or UDP connections from host to guest (requires -net user)',
    async run({ parts: { networks }, print }, { arg1, arg2 }) {
      const user = userOf(networks, arg2 === undefined ? undefined : arg1, print)
      if (user === undefined) return
      const text = arg2 ?? arg1
      try {
        await user.forward(parseForward(text))
      } catch (error) {
        if (error instanceof NetError) throw new HmpError(error.message)
        throw new HmpError(`Could not set up host forwarding rule '${text}'`)
      }
    },
  }),
  hostfwd_remove: command({
    args: 'arg1:s,arg2:s?',
    params: '[netdev_id] [tcp|udp]:[hostaddr]:hostport',
    help: 'remove host-to-guest TCP or UDP redirection',
    run({ parts: { networks }, print }, { arg1, arg2 }) {
      const user = userOf(networks, arg2 === undefined ? undefined : arg1, print)
      if (user === undefined) return
      const text = arg2 ?? arg1
      const end = parseForwardEnd(text)
      if (end === undefined) {
        print('invalid format\n')
        return
      }
      const removed = user.removeForward(
        ({ rule, port }) =>
          rule.protocol === end.protocol && rule.hostAddress === end.hostAddress && port === end.hostPort,
      )
      print(`host forwarding rule for ${text} ${removed ? 'removed' : 'not found'}\n`)
    },
  }),
}

function optionsOf(text: string): unknown {
  try {
    const list = parseOptionList(text, { impliedName: 'type' })
    if (list.id === undefined) throw new OptionError("Parameter 'id' is missing")
    return netdevFromItems(list.id, list.items)
  } catch (error) {
    if (error instanceof OptionError) throw new QmpError('GenericError', error.message)
    throw error
  }
}

/** The network that is meant: the first one, if none is named. */
function userOf(
  networks: Pick<NetSet, 'users' | 'list'>,
  name: string | undefined,
  print: (text: string) => void,
): UserNet | undefined {
  const users = networks.users()
  if (name === undefined) {
    if (users.length === 0) print('user mode network stack not in use\n')
    return users[0]?.user
  }
  const found = users.find(({ client }) => client.name === name)?.user
  if (found !== undefined) return found
  const isOther = networks.list().some((client) => client.name === name && client.type !== 'nic')
  print(isOther ? 'invalid device specified\n' : `unrecognized netdev id '${name}'\n`)
  return undefined
}
