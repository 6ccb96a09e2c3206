import type { MediaControl } from '../block/index.ts'
import { bool, example, family, type Member, nothing, oneOf, opt, req, str } from '../qapi/index.ts'
import type { VncDisplays } from '../vnc/index.ts'
import { changeVnc } from './change-vnc.ts'

const command = family<{ media: MediaControl; vncDisplays: VncDisplays }>()

const device: Member<string, true> = opt(str, 'name of the drive', { complete: 'drive', features: ['deprecated'] })
const id: Member<string, true> = opt(str, 'guest device that has the drive: its id, or its QOM path', {
  complete: 'device',
})
const requiredId: Member<string, false> = req(str, 'guest device that has the drive: its id, or its QOM path', {
  complete: 'device',
})
const force = opt(bool, 'do it even if the guest has locked the tray')

const notFound = 'DeviceNotFound, if there is no such drive'
const notOne = 'GenericError, unless exactly one of @device and @id is given'
const notRemovable = 'GenericError, if the drive has no removable medium'
const locked = 'GenericError, if the guest has locked the tray and @force is not set; the guest is asked to let go'

export const BlockdevChangeReadOnlyMode = oneOf('BlockdevChangeReadOnlyMode', ['retain', 'read-only', 'read-write'])

/** Trays and media. */
export const blockMediaCommands = {
  eject: command({
    since: '0.14',
    doc: 'Open the tray of a removable drive and take its medium out.',
    args: { device, id, force },
    returns: nothing,
    emits: ['DEVICE_TRAY_MOVED'],
    errors: [notFound, notOne, notRemovable, locked],
    examples: [
      example(
        'a drive that is empty already',
        `
        -> { "execute": "eject", "arguments": { "device": "ide1-cd0" } }
        <- { "timestamp": { "seconds": 1265044230, "microseconds": 450486 }, "event": "DEVICE_TRAY_MOVED", "data": { "device": "ide1-cd0", "tray-open": true, "id": "/machine/unattached/device[23]" } }
        <- { "return": {} }`,
        { options: '' },
      ),
    ],
    async run({ media }, { device, id, force }) {
      await media.eject({ device, id }, { force })
      return {}
    },
  }),

  change: command({
    since: '0.14',
    doc: 'Change the medium of a removable drive, as QEMU 1.3 did it; blockdev-change-medium is what came after it. With `vnc` for a drive, change the password of the first display, or where it listens.',
    args: {
      device: req(str, 'name of the drive; or vnc', { complete: 'drive' }),
      target: req(str, 'file name of the new image; for vnc, password or where to listen', { complete: 'file' }),
      arg: opt(str, 'format of the image, guessed if absent; or the new password'),
    },
    returns: nothing,
    emits: ['DEVICE_TRAY_MOVED'],
    features: ['deprecated'],
    errors: [
      notFound,
      notRemovable,
      'GenericError, if the guest has locked the tray, or if the image cannot be opened',
      'DeviceEncrypted, if the image waits for block_passwd',
    ],
    examples: [
      example(
        'no such drive',
        `
        -> { "execute": "change", "arguments": { "device": "ide1-cd1", "target": "disc.iso" } }
        <- { "error": { "class": "DeviceNotFound", "desc": "Device 'ide1-cd1' not found" } }`,
        { options: '' },
      ),
    ],
    async run({ media, vncDisplays }, { device, target, arg }) {
      if (device === 'vnc') await changeVnc(vncDisplays, target, arg)
      else await media.changeOld(device, { filename: target, format: arg })
      return {}
    },
  }),

  block_passwd: command({
    since: '0.14',
    doc: 'Give an encrypted medium its key, as QEMU 1.3 did it; secrets are what came after it.',
    args: {
      device: req(str, 'name of the drive', { complete: 'drive' }),
      password: req(str, 'the key'),
    },
    returns: nothing,
    features: ['deprecated'],
    errors: [notFound, 'GenericError, if the medium is not encrypted', 'GenericError, if it is another key'],
    examples: [
      example(
        'a medium that is not encrypted',
        `
        -> { "execute": "block_passwd", "arguments": { "device": "ide1-cd0", "password": "12345" } }
        <- { "error": { "class": "GenericError", "desc": "Device 'ide1-cd0' is not encrypted" } }`,
        { options: '' },
      ),
    ],
    async run({ media }, { device, password }) {
      await media.unlock(device, password)
      return {}
    },
  }),

  'blockdev-open-tray': command({
    since: '2.5',
    doc: 'Open the tray of a drive. If the guest has locked it, the guest is asked to open it; by force it opens at once. Drives without a tray stay as they are.',
    args: { device, id, force },
    returns: nothing,
    emits: ['DEVICE_TRAY_MOVED'],
    errors: [notFound, notOne, notRemovable],
    examples: [
      example(
        'open and close',
        `
        -> { "execute": "blockdev-open-tray", "arguments": { "id": "/machine/unattached/device[23]" } }
        <- { "timestamp": { "seconds": 1418751016, "microseconds": 716996 }, "event": "DEVICE_TRAY_MOVED", "data": { "device": "ide1-cd0", "tray-open": true, "id": "/machine/unattached/device[23]" } }
        <- { "return": {} }
        -> { "execute": "blockdev-close-tray", "arguments": { "id": "/machine/unattached/device[23]" } }
        <- { "timestamp": { "seconds": 1418751016, "microseconds": 731154 }, "event": "DEVICE_TRAY_MOVED", "data": { "device": "ide1-cd0", "tray-open": false, "id": "/machine/unattached/device[23]" } }
        <- { "return": {} }`,
        { options: '' },
      ),
    ],
    async run({ media }, { device, id, force }) {
      await media.openTray({ device, id }, { force })
      return {}
    },
  }),

  'blockdev-close-tray': command({
    since: '2.5',
    doc: 'Close the tray of a drive. Does nothing if it is closed, or if the drive has none.',
    args: { device, id },
    returns: nothing,
    emits: ['DEVICE_TRAY_MOVED'],
    errors: [notFound, notOne, notRemovable],
    examples: [
      example(
        'a drive without a tray',
        `
        -> { "execute": "blockdev-close-tray", "arguments": { "device": "floppy0" } }
        <- { "return": {} }`,
        { options: '' },
      ),
    ],
    async run({ media }, { device, id }) {
      await media.closeTray({ device, id })
      return {}
    },
  }),

  'blockdev-remove-medium': command({
    since: '2.12',
    doc: 'Take the medium out of an open tray, or of a drive without one. The node stays if it has a name of its own.',
    args: { id: requiredId },
    returns: nothing,
    errors: [notFound, notRemovable, 'GenericError, if the tray is closed'],
    examples: [
      example(
        'a closed tray',
        `
        -> { "execute": "blockdev-remove-medium", "arguments": { "id": "/machine/unattached/device[23]" } }
        <- { "error": { "class": "GenericError", "desc": "Tray of device '/machine/unattached/device[23]' is not open" } }`,
        { options: '' },
      ),
    ],
    async run({ media }, { id }) {
      await media.remove({ id })
      return {}
    },
  }),

  'blockdev-insert-medium': command({
    since: '2.12',
    doc: 'Put a node into an open tray, or into an empty drive without one.',
    args: { id: requiredId, 'node-name': req(str, 'node to put in', { complete: 'node' }) },
    returns: nothing,
    errors: [notFound, notRemovable, 'GenericError, if the tray is closed or full, or if a drive has the node'],
    examples: [
      example(
        'a node that does not exist',
        `
        -> { "execute": "blockdev-insert-medium", "arguments": { "id": "/machine/unattached/device[16]", "node-name": "disc" } }
        <- { "error": { "class": "GenericError", "desc": "Node 'disc' not found" } }`,
        { options: '' },
      ),
    ],
    async run({ media }, { id, 'node-name': nodeName }) {
      await media.insert({ id }, nodeName)
      return {}
    },
  }),

  'blockdev-change-medium': command({
    since: '2.5',
    doc: 'Open an image, open the tray, change the medium, close the tray. If the image cannot be opened, nothing moves.',
    args: {
      device,
      id,
      filename: req(str, 'file name of the new image', { complete: 'file' }),
      format: opt(str, 'its format; guessed if absent'),
      force,
      'read-only-mode': opt(BlockdevChangeReadOnlyMode, 'whether it is read only; as the medium before, by default'),
    },
    returns: nothing,
    emits: ['DEVICE_TRAY_MOVED'],
    errors: [notFound, notOne, notRemovable, locked, 'if the image cannot be opened'],
    examples: [
      example(
        'no such file',
        `
        -> { "execute": "blockdev-change-medium", "arguments": { "device": "ide1-cd0", "filename": "missing.iso" } }
        <- { "error": { "class": "GenericError", "desc": "Could not open 'missing.iso': No such file or directory" } }`,
        { options: '' },
      ),
    ],
    async run({ media }, { device, id, filename, format, force, 'read-only-mode': readOnlyMode }) {
      await media.change({ device, id }, { filename, format, force, readOnlyMode })
      return {}
    },
  }),
}
