import {
  type AskedEvent,
  type InputEvents,
  type InputHandlers,
  inputAxes,
  inputButtons,
  qKeyCodes,
  type SendKey,
} from '../input/index.ts'
import {
  bool,
  example,
  family,
  int,
  lenient,
  list,
  nothing,
  oneOf,
  opt,
  req,
  str,
  struct,
  union,
} from '../qapi/index.ts'

const command = family<{
  sendKey: Pick<SendKey, 'send'>
  inputEvents: Pick<InputEvents, 'send'>
  inputHandlers: Pick<InputHandlers, 'mice'>
}>()

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

const InputMoveEvent = struct('InputMoveEvent', {
  axis: req(oneOf('InputAxis', inputAxes), 'in which direction'),
  value: req(int.wide, 'how far, or where: 0 to 32767 for a coordinate of the screen'),
})
const InputMoveEventWrapper = struct('InputMoveEventWrapper', { data: req(InputMoveEvent, 'the movement') })

/** Something that is done to an input device. */
export const InputEvent = union('InputEvent', {
  base: {},
  discriminator: 'type',
  branches: {
    key: struct('InputKeyEventWrapper', {
      data: req(
        struct('InputKeyEvent', { key: req(KeyValue, 'the key'), down: req(bool, 'whether it goes down') }),
        'the key, and where it goes',
      ),
    }),
    btn: struct('InputBtnEventWrapper', {
      data: req(
        struct('InputBtnEvent', {
          button: req(oneOf('InputButton', inputButtons), 'the button; a turn of a wheel is one, too'),
          down: req(bool, 'whether it goes down'),
        }),
        'the button, and where it goes',
      ),
    }),
    rel: InputMoveEventWrapper,
    abs: InputMoveEventWrapper,
  },
  words: oneOf('InputEventKind', ['key', 'btn', 'rel', 'abs']),
})

export const MouseInfo = struct('MouseInfo', {
  name: req(str, 'name of the device'),
  index: req(int, 'its number, which HMP takes'),
  current: req(bool, 'whether it is the one that gets events'),
  absolute: req(bool, 'whether it takes coordinates of the screen'),
})

/** Keyboard and pointing devices. */
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

  'input-send-event': command({
    since: '2.6',
    doc: 'Move and click pointing devices, press and release keys, at once and without pauses. All events of one command are one report to the guest, and nothing happens if one of them is refused.',
    args: {
      device: opt(str, 'the display device whose input devices are meant', { complete: 'device' }),
      head: opt(int.wide, 'which of its outputs (default 0); says nothing without @device'),
      events: req(list(InputEvent), 'what is done, in this order'),
    },
    returns: nothing,
    errors: [
      'DeviceNotFound, if no device has that name',
      'GenericError, if the machine neither runs nor sleeps',
      'GenericError, if no device takes events of a kind: `abs`, unless the guest has asked for an absolute pointing device',
    ],
    examples: [
      example(
        'a click while the mouse moves',
        `
        -> { "execute": "cont" }
        <- { "timestamp": { "seconds": 1795415781, "microseconds": 722725 }, "event": "RESUME" }
        <- { "return": {} }
        -> { "execute": "input-send-event", "arguments": { "events": [ { "type": "rel", "data": { "axis": "x", "value": 12 } }, { "type": "btn", "data": { "button": "left", "down": true } } ] } }
        <- { "return": {} }`,
      ),
    ],
    run({ inputEvents }, { device, head, events }) {
      inputEvents.send({ device, head, events: events.map(({ type, data }) => ({ type, ...data }) as AskedEvent) })
      return {}
    },
  }),

  'query-mice': command({
    since: '0.14',
    doc: "Tell which pointing devices the guest has: the PS/2 mouse, and VMware's when the guest has asked for it.",
    args: {},
    returns: list(MouseInfo),
    examples: [
      example(
        'a PC',
        `
        -> { "execute": "query-mice" }
        <- { "return": [ { "index": 2, "name": "QEMU PS/2 Mouse", "current": true, "absolute": false } ] }`,
      ),
    ],
    run: ({ inputHandlers }) => inputHandlers.mice(),
  }),
}
