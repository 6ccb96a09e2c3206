import type { DeviceState } from '../migration/index.ts'
import { bool, example, family, nothing, opt, req, str } from '../qapi/index.ts'

const command = family<{ deviceState: DeviceState }>()

/** CPU and devices in a file. */
export const deviceStateCommands = {
  'xen-save-devices-state': command({
    since: '1.1',
    doc: 'Save the state of CPU and devices to a file, without RAM and disks. The guest stands still meanwhile. The file is of a format of its own, which no QEMU takes.',
    args: {
      filename: req(str, 'the file, which is replaced', { complete: 'file' }),
      live: opt(bool, 'makes no difference: a guest that ran goes on'),
    },
    returns: nothing,
    emits: ['STOP', 'RESUME'],
    errors: ['if the file cannot be written'],
    examples: [
      example(
        'no such folder',
        `
        -> { "execute": "xen-save-devices-state", "arguments": { "filename": "/nowhere/state" } }
        <- { "error": { "class": "GenericError", "desc": "Unable to open /nowhere/state: No such file or directory" } }`,
      ),
    ],
    async run({ deviceState }, { filename }) {
      await deviceState.save(filename)
      return {}
    },
  }),

  'xen-load-devices-state': command({
    since: '2.7',
    doc: 'Take the state of CPU and devices from a file that xen-save-devices-state has written; RAM and disks stay as they are.',
    args: { filename: req(str, 'the file', { complete: 'file' }) },
    returns: nothing,
    errors: ['if the guest runs', 'if the file cannot be read, or is of another machine'],
    examples: [
      example(
        'no such file',
        `
        -> { "execute": "xen-load-devices-state", "arguments": { "filename": "/nowhere/state" } }
        <- { "error": { "class": "GenericError", "desc": "Unable to open /nowhere/state: No such file or directory" } }`,
      ),
    ],
    async run({ deviceState }, { filename }) {
      await deviceState.load(filename)
      return {}
    },
  }),

  'xen-set-global-dirty-log': command({
    since: '1.3',
    doc: 'Note which pages the guest writes, for Xen: there is no Xen, so it makes no difference.',
    args: { enable: req(bool, 'whether they are noted') },
    returns: nothing,
    examples: [
      example(
        'on',
        `
        -> { "execute": "xen-set-global-dirty-log", "arguments": { "enable": true } }
        <- { "return": {} }`,
      ),
    ],
    run: () => ({}),
  }),
}
