import { closeSync } from 'node:fs'
import { type NetClient, type NetdevOptions, NetError, type NetSet } from '../net/index.ts'
import type { CallDescriptors } from '../qapi/index.ts'
import { bool, example, family, int, list, nothing, oneOf, opt, QmpError, req, str, struct } from '../qapi/index.ts'
import { Netdev } from './netdev-options.ts'

const command = family<{ networks: Pick<NetSet, 'add' | 'remove' | 'setLink' | 'list' | 'announce'> }>()

const wellFormed = /^[a-zA-Z][a-zA-Z0-9._-]*$/

const RxState = oneOf('RxState', ['normal', 'none', 'all'])

const RxFilterInfo = struct('RxFilterInfo', {
  name: req(str, 'the card'),
  promiscuous: req(bool, 'whether it takes every frame'),
  multicast: req(RxState, 'which frames to groups it takes'),
  unicast: req(RxState, 'which frames to single addresses it takes'),
  vlan: req(RxState, 'which VLANs it takes'),
  'broadcast-allowed': req(bool, 'whether it refuses broadcasts, as QEMU has it'),
  'multicast-overflow': req(bool, 'whether its table of groups was too small'),
  'unicast-overflow': req(bool, 'whether its table of addresses was too small'),
  'main-mac': req(str, 'its own address'),
  'vlan-table': req(list(int.wide), 'VLANs that it takes'),
  'unicast-table': req(list(str), 'further addresses that it takes'),
  'multicast-table': req(list(str), 'groups that it takes'),
})

/** The network of the guest. */
export const networkCommands = {
  netdev_add: command({
    since: '0.14',
    doc: 'Make a back end of the network. A card joins it by device_add.',
    args: Netdev,
    returns: nothing,
    preconfig: true,
    errors: [
      'if the id is none, or something has it already',
      'if there are no back ends of that kind, or it cannot be as it is asked for',
    ],
    examples: [
      example(
        'a network that needs no privileges',
        `
        -> { "execute": "netdev_add", "arguments": { "type": "user", "id": "n1" } }
        <- { "return": {} }`,
      ),
    ],
    async run({ networks }, options, { session }) {
      if (!wellFormed.test(options.id)) throw new QmpError('GenericError', "Parameter 'id' expects an identifier")
      const asked = options as Parameters<NetSet['add']>[0]
      await told(() => addNamed(asked, session.descriptors, (wanted) => networks.add(wanted)))
      return {}
    },
  }),

  netdev_del: command({
    since: '0.14',
    doc: 'Remove a back end of the network. A card that it has loses its carrier, and stays.',
    args: { id: req(str, 'its name') },
    returns: nothing,
    preconfig: true,
    errors: ['DeviceNotFound, if there is no such back end'],
    examples: [
      example(
        'no such back end',
        `
        -> { "execute": "netdev_del", "arguments": { "id": "n9" } }
        <- { "error": { "class": "DeviceNotFound", "desc": "Device 'n9' not found" } }`,
      ),
    ],
    async run({ networks }, { id }) {
      await told(() => networks.remove(id))
      return {}
    },
  }),

  set_link: command({
    since: '0.14',
    doc: 'Cut the cable of a card or a back end, or join it.',
    args: { name: req(str, 'the card or the back end'), up: req(bool, 'true: the cable is joined') },
    returns: nothing,
    errors: ['DeviceNotFound, if there is nothing of that name'],
    examples: [
      example(
        'no such card',
        `
        -> { "execute": "set_link", "arguments": { "name": "n9", "up": false } }
        <- { "error": { "class": "DeviceNotFound", "desc": "Device 'n9' not found" } }`,
      ),
    ],
    async run({ networks }, { name, up }) {
      await told(() => networks.setLink(name, up))
      return {}
    },
  }),

  'query-rx-filter': command({
    since: '1.6',
    doc: 'Tell which frames cards take. Those that keep no tables are not told of.',
    args: { name: opt(str, 'of which card; of all, if absent') },
    returns: list(RxFilterInfo),
    errors: ['if there is no such card, or it does not tell'],
    examples: [
      example(
        'no card tells',
        `
        -> { "execute": "query-rx-filter" }
        <- { "return": [] }`,
      ),
    ],
    run({ networks }, { name }) {
      if (name === undefined) return networks.list().flatMap(filterInfo)
      const client = networks.list().find((one) => one.name === name)
      if (client === undefined) throw new QmpError('GenericError', `invalid net client name: ${name}`)
      if (client.type !== 'nic') throw new QmpError('GenericError', `net client(${name}) isn't a NIC`)
      if (client.filter === undefined)
        throw new QmpError('GenericError', `net client(${name}) doesn't support rx-filter querying`)
      return filterInfo(client)
    },
  }),

  'announce-self': command({
    since: '4.0',
    doc: 'Let cards tell the network where they are: a frame each, by which switches learn, several times.',
    args: {
      initial: req(int, 'milliseconds until the second time'),
      max: req(int, 'milliseconds between two times at most'),
      rounds: req(int, 'how many times'),
      step: req(int, 'by how many milliseconds the pauses grow'),
      interfaces: opt(list(str), 'which cards; all, if absent'),
      id: opt(str, 'names this announcement: another with the same name takes its place'),
    },
    returns: nothing,
    examples: [
      example(
        'five times in two seconds',
        `
        -> { "execute": "announce-self", "arguments": { "initial": 50, "max": 550, "rounds": 5, "step": 50 } }
        <- { "return": {} }`,
      ),
    ],
    run({ networks }, { initial, max, rounds, step, interfaces, id }) {
      networks.announce({ initial, max, rounds, step, interfaces, id: id ?? '' })
      return {}
    },
  }),
}

/** What was said last stands first in its tables, as in QEMU's. */
function filterInfo(client: NetClient) {
  const { filter } = client
  if (filter === undefined) return []
  client.filterRead()
  const vlans: number[] = []
  for (let id = 32 * filter.vlans.length - 1; id >= 0; id--)
    if ((filter.vlans[id >> 5]! >>> (id & 31)) & 1) vlans.push(id)
  return [
    {
      name: client.name,
      promiscuous: filter.promiscuous,
      multicast: filter.multicast,
      unicast: filter.unicast,
      vlan: filter.vlan,
      'broadcast-allowed': !filter.broadcast, // QEMU has it the wrong way round
      'multicast-overflow': filter.multicastOverflow,
      'unicast-overflow': filter.unicastOverflow,
      'main-mac': filter.mac,
      'vlan-table': vlans,
      'unicast-table': [...filter.unicastTable].reverse(),
      'multicast-table': [...filter.multicastTable].reverse(),
    },
  ]
}

async function told(work: () => void | Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof NetError)) throw error
    if (error.kind === 'not-found') throw new QmpError('DeviceNotFound', `Device '${error.message}' not found`)
    throw new QmpError('GenericError', error.message)
  }
}

/** Adds a back end whose descriptor may be one that a monitor has named: it is closed if there is to be no such back end. */
async function addNamed(
  options: NetdevOptions,
  descriptors: Pick<CallDescriptors, 'takeNamed'>,
  add: (options: NetdevOptions) => Promise<void>,
): Promise<void> {
  if (options.type !== 'socket' || options.fd === undefined || /^[0-9]/.test(options.fd)) return add(options)
  const fd = descriptors.takeNamed(options.fd)
  try {
    await add({ ...options, fd: String(fd) })
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
