import { bool, event, req, str } from '../../qapi/index.ts'

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
}
