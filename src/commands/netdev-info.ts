import { formatIp, type HostForward, type NetClient, type NetSet } from '../net/index.ts'
import { bool, example, family, list, oneOf, opt, req, str, struct, uint16, uint64 } from '../qapi/index.ts'

const command = family<{ networks: Pick<NetSet, 'list' | 'users'> }>()

const NetdevCount = struct('NetdevCount', {
  packets: req(uint64, 'frames that have passed'),
  bytes: req(uint64, 'their bytes, without checksums'),
  dropped: req(uint64, 'frames that were lost: a cable was cut, nobody was at the other side, or too many waited'),
})

const NetdevForward = struct('NetdevForward', {
  protocol: req(oneOf('NetdevForwardProtocol', ['tcp', 'udp']), 'of the port'),
  'host-address': req(str, 'where the host listens'),
  'host-port': req(uint16, 'its port there: also if any that is free was asked for'),
  'guest-address': req(str, 'where in the guest it leads'),
  'guest-port': req(uint16, 'to which port'),
})

const NetdevInfo = struct('NetdevInfo', {
  id: req(str, 'its name'),
  type: req(str, 'what it is: `user`, `socket`, `stream`, `dgram`, `hubport`'),
  peer: opt(str, 'the card, or the port of a hub, that it is joined with'),
  link: req(bool, 'whether its cable is joined'),
  'to-guest': req(NetdevCount, 'what it has sent'),
  'from-guest': req(NetdevCount, 'what was sent to it'),
  hostfwd: opt(list(NetdevForward), 'of a `user` network: ports of the host that lead to the guest'),
})

/** vmon's own: what back ends of the network carry, and where they lead. */
export const netdevInfoCommands = {
  '__org.vmon_query-netdevs': command({
    since: '0.1',
    doc: "Tell of the back ends of the network: what has passed, and which of the host's ports lead in.",
    args: {},
    returns: list(NetdevInfo),
    examples: [
      example(
        'no network',
        `
        -> { "execute": "__org.vmon_query-netdevs" }
        <- { "return": [] }`,
      ),
    ],
    run: ({ networks }) => {
      const users = new Map(networks.users().map(({ client, user }) => [client, user]))
      return networks
        .list()
        .filter(({ type }) => type !== 'nic')
        .map((client) => {
          const user = users.get(client)
          return { ...infoOf(client), ...(user && { hostfwd: user.forwards.map(forwardOf) }) }
        })
    },
  }),
}

function infoOf({ name, type, peer, linkUp, counters }: NetClient) {
  const { sent, received } = counters
  const counts = { 'to-guest': { ...sent }, 'from-guest': { ...received } }
  return { id: name, type, ...(peer && { peer: peer.name }), link: linkUp, ...counts }
}

function forwardOf({ rule, guest, port }: HostForward) {
  return {
    protocol: rule.protocol,
    'host-address': formatIp(rule.hostAddress),
    'host-port': port,
    'guest-address': formatIp(guest),
    'guest-port': rule.guestPort,
  }
}
