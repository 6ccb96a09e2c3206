import { event, req, str } from '../qapi/index.ts'
import { SocketAddress } from './socket-address.ts'

/** Events of networks: declared here, as addresses of sockets are. */
export const networkEvents = {
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
