import { bool, event, int, opt, req, str } from '../qapi/index.ts'

/** Events of devices that come and go: declared here because this room emits them. */
export const deviceEvents = {
  BALLOON_CHANGE: event({
    since: '1.2',
    doc: 'The guest has another amount of memory: its balloon has taken some, or given it back. At most one a second.',
    rate: 1000,
    data: { actual: req(int, 'how much memory the guest has, in bytes') },
    examples: [
      '{ "event": "BALLOON_CHANGE", "data": { "actual": 944766976 }, "timestamp": { "seconds": 1267020223, "microseconds": 435656 } }',
    ],
  }),
  DEVICE_DELETED: event({
    since: '1.5',
    doc: 'A device has gone: the guest has let go of it, or was reset when it was asked to. Its id and what it has used are free again.',
    data: {
      device: opt(str, 'the id that it had; absent if it had none'),
      path: req(str, 'where it was in the tree of objects'),
    },
    examples: [
      '{ "event": "DEVICE_DELETED", "data": { "device": "p0", "path": "/machine/peripheral/p0" }, "timestamp": { "seconds": 1265044230, "microseconds": 450486 } }',
    ],
  }),
  NIC_RX_FILTER_CHANGED: event({
    since: '1.6',
    doc: 'The guest wants its card to take other frames. Told once; the next time when somebody has asked by query-rx-filter.',
    data: {
      name: opt(str, 'the id of the card; absent if it has none'),
      path: req(str, 'where it is in the tree of objects'),
    },
    examples: [
      '{ "event": "NIC_RX_FILTER_CHANGED", "data": { "name": "nic0", "path": "/machine/peripheral/nic0/virtio-backend" }, "timestamp": { "seconds": 1368697518, "microseconds": 326866 } }',
    ],
  }),
  VSERPORT_CHANGE: event({
    since: '2.1',
    doc: 'A program in the guest has opened or closed a port of virtio-serial. At most one a second of each port.',
    rate: 1000,
    rateKey: 'id',
    data: { id: req(str, 'the id of the port'), open: req(bool, 'whether the port is open in the guest now') },
    examples: [
      '{ "event": "VSERPORT_CHANGE", "data": { "id": "channel0", "open": true }, "timestamp": { "seconds": 1401385907, "microseconds": 422329 } }',
    ],
  }),
}
