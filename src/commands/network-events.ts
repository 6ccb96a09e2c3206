import { NetworkPolicyAction, NetworkPolicyProtocol } from '../net/index.ts'
import { event, int, opt, req, str, uint16 } from '../qapi/index.ts'
import { SocketAddress } from './socket-address.ts'

/** Events of networks: declared here, as addresses of sockets are. */
export const networkEvents = {
  '__org.vmon_NETDEV_POLICY': event({
    since: '0.1',
    doc: 'The policy of a `user` network has decided of a connection that the guest opens, or of a name that it asks the name server for. Of a flood some are left out, which the next one counts.',
    data: {
      'netdev-id': req(str, 'the back end'),
      action: req(NetworkPolicyAction, 'what was decided'),
      protocol: req(NetworkPolicyProtocol, 'of the connection'),
      address: req(str, 'where it was to go'),
      port: req(uint16, 'its port there'),
      name: opt(str, 'the name by which the guest knows the address, or that it asks for'),
      rule: opt(int, 'the rule that decided, from 0 on; absent if none fitted'),
      to: opt(str, 'where it goes instead'),
      suppressed: req(int, 'how many decisions before this one are not told'),
    },
    examples: [
      '{ "event": "__org.vmon_NETDEV_POLICY", "data": { "netdev-id": "n0", "action": "deny", "protocol": "tcp", "address": "192.0.2.7", "port": 25, "suppressed": 0 }, "timestamp": { "seconds": 1796083200, "microseconds": 120450 } }',
    ],
  }),
  NETDEV_STREAM_CONNECTED: event({
    since: '7.2',
    doc: 'Another program is at the other side of a `stream` network.',
    data: { 'netdev-id': req(str, 'the back end'), addr: req(SocketAddress, 'where the other side is') },
    examples: [
      '{ "event": "NETDEV_STREAM_CONNECTED", "data": { "netdev-id": "s", "addr": { "port": "47666", "ipv4": true, "host": "127.0.0.1", "type": "inet" } }, "timestamp": { "seconds": 1666269863, "microseconds": 311222 } }',
    ],
  }),
  NETDEV_STREAM_DISCONNECTED: event({
    since: '7.2',
    doc: 'The program at the other side of a `stream` network has left.',
    data: { 'netdev-id': req(str, 'the back end') },
    examples: [
      '{ "event": "NETDEV_STREAM_DISCONNECTED", "data": { "netdev-id": "s" }, "timestamp": { "seconds": 1666269863, "microseconds": 311222 } }',
    ],
  }),
}
