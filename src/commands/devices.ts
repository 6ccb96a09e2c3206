import { example, family, nothing, opt, req, str, unchecked } from '../qapi/index.ts'

const command = family<{
  devices: {
    /** Plugs in a device, of which this is said: text, numbers, truth values. @throws {QmpError} in QEMU's words */
    add(said: Readonly<Record<string, unknown>>): Promise<void>
    /** Asks the guest to let go of a device. @throws {QmpError} in QEMU's words */
    requestUnplug(name: string): Promise<void>
  }
}>()

/** Devices that come and go. */
export const deviceCommands = {
  device_add: command({
    since: '0.13',
    doc: "Plug in a device, as `-device` does; a guest that runs finds it as its driver does. Further members are the device's properties; what is neither text nor a number nor a truth value is left out.",
    args: unchecked({
      driver: req(str, 'name of the model'),
      bus: opt(str, 'the bus that it goes on, by name or by path; the first that fits, if absent'),
      id: opt(str, 'what it is to be called: letters, digits, `-`, `.`, `_`, a letter first'),
    }),
    returns: nothing,
    features: ['json-cli', 'json-cli-hotplug'],
    errors: [
      'if there is no such model, or none of it can be plugged in while the machine is there',
      'if there is no such bus, or the device does not go on it, or nothing can be plugged into it',
      'if another device has the id, or is where this one is to be',
      'if the model has no such property, or the property does not take the value',
    ],
    examples: [
      example(
        'a device that tells of panics',
        `
        -> { "execute": "device_add", "arguments": { "driver": "pvpanic-pci", "id": "p0" } }
        <- { "return": {} }`,
      ),
    ],
    async run({ devices }, said) {
      await devices.add(said)
      return {}
    },
  }),

  device_del: command({
    since: '0.14',
    doc: 'Ask the guest to let go of a device. DEVICE_DELETED tells that it has; a guest that does not answer keeps it until the machine is reset.',
    args: { id: req(str, 'its id, or its path in the tree of objects') },
    returns: nothing,
    emits: ['DEVICE_DELETED'],
    errors: [
      'DeviceNotFound, if there is no such device',
      'if it stays as long as the machine',
      'if the guest has not run yet, and has been asked already',
    ],
    examples: [
      example(
        'a device that tells of panics',
        `
        -> { "execute": "device_del", "arguments": { "id": "p0" } }
        <- { "return": {} }`,
        { options: '-nodefaults -device pvpanic-pci,id=p0' },
      ),
    ],
    async run({ devices }, { id }) {
      await devices.requestUnplug(id)
      return {}
    },
  }),
}
