import { bool, event, int, oneOf, opt, req, str } from '../../qapi/index.ts'

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
  BLOCK_IO_ERROR: event({
    since: '0.13',
    doc: 'A request of the guest to a drive has failed. If that stops the guest, a STOP follows.',
    data: {
      device: req(str, 'name of the drive; empty if it has none'),
      'node-name': opt(str, 'name of the node with the image'),
      operation: req(oneOf('IoOperationType', ['read', 'write']), 'what has failed; a flush counts as a write'),
      action: req(oneOf('BlockErrorAction', ['ignore', 'report', 'stop']), 'what becomes of it'),
      nospace: opt(bool, 'whether the disk is full; absent for drives whose failures never stop the guest'),
      reason: req(str, 'what a person can read: not for programs'),
    },
    examples: [
      '{ "event": "BLOCK_IO_ERROR", "data": { "device": "ide0-hd0", "node-name": "#block212", "operation": "write", "action": "stop", "nospace": true, "reason": "No space left on device" }, "timestamp": { "seconds": 1265044230, "microseconds": 450486 } }',
    ],
  }),
  BLOCK_IMAGE_CORRUPTED: event({
    since: '1.7',
    doc: 'A request has met damage in an image. It comes once for each image that is open.',
    data: {
      device: req(str, 'name of the drive that has the image; empty if it has none'),
      'node-name': opt(str, 'name of the node with the image'),
      msg: req(str, 'what a person can read: not for programs'),
      offset: opt(int, 'where the write that was prevented would have begun in the image file'),
      size: opt(int, 'how many bytes it would have written'),
      fatal: req(bool, 'whether the image is marked as damaged, and serves nothing more'),
    },
    examples: [
      '{ "event": "BLOCK_IMAGE_CORRUPTED", "data": { "device": "", "node-name": "drive", "fatal": false, "msg": "L2 table offset 0x2a2a2a00 unaligned (L1 index: 0)" }, "timestamp": { "seconds": 1648243240, "microseconds": 906060 } }',
    ],
  }),
  BLOCK_WRITE_THRESHOLD: event({
    since: '2.3',
    doc: 'A write went beyond the offset that block-set-write-threshold named. It comes once; the offset is then forgotten.',
    data: {
      'node-name': req(str, 'name of the node'),
      'amount-exceeded': req(int, 'by how many bytes the write went beyond'),
      'write-threshold': req(int.wide, 'the offset'),
    },
    examples: [
      '{ "event": "BLOCK_WRITE_THRESHOLD", "data": { "node-name": "disk0", "amount-exceeded": 8192, "write-threshold": 17179869184 }, "timestamp": { "seconds": 1422524250, "microseconds": 450486 } }',
    ],
  }),
}
