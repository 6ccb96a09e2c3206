import { bool, event, int, req, str } from '../../qapi/index.ts'

/** Events of drives: declared here because this room emits them. */
export const blockEvents = {
  DEVICE_TRAY_MOVED: event({
    since: '1.1',
    doc: 'The tray of a drive has opened or closed, by the guest or by a command. A change of media gives two of them.',
    data: {
      device: req(str, 'name of the drive; empty if it has none'),
      id: req(str, 'id of the guest device that has the drive, or its QOM path'),
      'tray-open': req(bool, 'whether the tray is open now'),
    },
    examples: [
      '{ "event": "DEVICE_TRAY_MOVED", "data": { "device": "ide1-cd0", "id": "/machine/unattached/device[22]", "tray-open": true }, "timestamp": { "seconds": 1265044230, "microseconds": 450486 } }',
    ],
  }),
  BLOCK_WRITE_THRESHOLD: event({
    since: '2.3',
    doc: 'A write went beyond the offset that block-set-write-threshold named. It comes once; the offset is then forgotten.',
    data: {
      'node-name': req(str, 'name of the node'),
      'amount-exceeded': req(int, 'by how many bytes the write went beyond'),
      'write-threshold': req(int, 'the offset'),
    },
    examples: [
      '{ "event": "BLOCK_WRITE_THRESHOLD", "data": { "node-name": "disk0", "amount-exceeded": 8192, "write-threshold": 17179869184 }, "timestamp": { "seconds": 1422524250, "microseconds": 450486 } }',
    ],
  }),
}
