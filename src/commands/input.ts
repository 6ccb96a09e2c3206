import { qKeyCodes, type SendKey } from '../input/index.ts'
import { example, family, int, lenient, list, nothing, oneOf, opt, req, struct, union } from '../qapi/index.ts'

const command = family<{ sendKey: Pick<SendKey, 'send'> }>()

export const QKeyCode = oneOf('QKeyCode', qKeyCodes)

/** A key, by name or by scan code. */
export const KeyValue = union('KeyValue', {
  base: {},
  discriminator: 'type',
  branches: {
    number: struct('IntWrapper', { data: req(int.wide, 'scan code of set 1; bit 7 set: with the prefix 0xE0') }),
    qcode: struct('QKeyCodeWrapper', { data: req(QKeyCode, 'name of the key') }),
  },
})

/** Old clients send plain names (`"ctrl"`), as the documentation of QEMU 1.3 shows them. */
const KeyOrName = lenient(KeyValue, (value) => (typeof value === 'string' ? { type: 'qcode', data: value } : value))

/** The keyboard. */
export const inputCommands = {
  'send-key': command({
    since: '1.3',
    doc: 'Press keys, in order, and release them after a while. Beside key objects, plain names are taken, as old clients send them.',
    args: {
      keys: req(list(KeyOrName), 'the keys, pressed in this order, released in the reverse order'),
      'hold-time': opt(int.wide, 'milliseconds between any two steps (default 10)'),
    },
    returns: nothing,
    examples: [
      example(
        'Ctrl-Alt-Delete',
        `
        -> { "execute": "send-key", "arguments": { "keys": [ { "type": "qcode", "data": "ctrl" }, { "type": "qcode", "data": "alt" }, { "type": "qcode", "data": "delete" } ] } }
        <- { "return": {} }`,
      ),
    ],
    run({ sendKey }, { keys, 'hold-time': holdTime }) {
      sendKey.send(keys, holdTime)
      return {}
    },
  }),
}
