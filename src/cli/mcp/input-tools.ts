import { inputButtons, keyboardLayouts } from '../../input/index.ts'
import { int32, list, number, oneOf, opt, req, str } from '../../qapi/index.ts'
import { machine, tool } from './needs.ts'

const buttonActions = oneOf('ButtonAction', ['click', 'double-click', 'press', 'release'])
/** The far end of the screen, as QEMU counts absolute coordinates. */
const farEnd = 32767

/** The guest's keyboard and mouse. */
export const inputTools = [
  tool({
    name: 'type_text',
    doc: 'Type a text on the keyboard, no faster than the guest takes it. A line end is the return key, \\t the tabulator, \\b backspace, \\u001b escape.',
    args: {
      machine,
      text: req(str, 'what to type'),
      layout: opt(oneOf('Layout', keyboardLayouts), 'the keyboard layout that the guest has loaded (default us)'),
    },
    async run({ machines }, { machine: name, text, layout = 'us' }, { signal }) {
      await machines.find(name).vm.keyboard.type(text, { layout, signal })
      return 'typed'
    },
  }),

  tool({
    name: 'press_keys',
    doc: 'Press keys one after the other; those joined by - go down together: ["ctrl-alt-delete"], ["down", "down", "ret"], ["f2"]. Names are those of QEMU: ret, esc, tab, spc, backspace, up, pgdn, minus, shift, ...',
    args: { machine, keys: req(list(str), 'the keys, or keys that are pressed together') },
    async run({ machines }, { machine: name, keys }, { signal }) {
      const { qmp } = machines.find(name).vm
      for (const chord of keys) await qmp.executeAny('send-key', { keys: chord.split('-') }, { signal })
      return 'pressed'
    },
  }),

  tool({
    name: 'mouse',
    doc: 'Move the mouse and use its buttons. A plain PC has a mouse that is moved by distances (dx, dy); coordinates (x, y) are taken where the guest has loaded a driver for an absolute pointing device.',
    args: {
      machine,
      dx: opt(int32, 'how far to the right'),
      dy: opt(int32, 'how far down'),
      x: opt(number, 'place on the screen, 0 at the left to 1 at the right'),
      y: opt(number, 'place on the screen, 0 at the top to 1 at the bottom'),
      button: opt(oneOf('Button', inputButtons), 'a button; a turn of the wheel is one, too'),
      action: opt(buttonActions, 'what the button does (default click)'),
    },
    async run({ machines }, { machine: name, dx, dy, x, y, button, action = 'click' }, { signal }) {
      const { qmp } = machines.find(name).vm
      const move = (type: 'rel' | 'abs', axis: 'x' | 'y', value: number | undefined) =>
        value === undefined ? [] : [{ type, data: { axis, value } } as const]
      const place = (share: number | undefined) => share && Math.round(Math.min(1, Math.max(0, share)) * farEnd)
      const moves = [
        ...move('rel', 'x', dx),
        ...move('rel', 'y', dy),
        ...move('abs', 'x', place(x)),
        ...move('abs', 'y', place(y)),
      ]
      if (moves.length > 0) await qmp.execute('input-send-event', { events: moves }, { signal })
      if (button !== undefined) {
        for (const down of downs[action])
          await qmp.execute('input-send-event', { events: [{ type: 'btn', data: { button, down } }] }, { signal })
      }
      return 'done'
    },
  }),
]

/** Where a button goes. */
const downs = {
  click: [true, false],
  'double-click': [true, false, true, false],
  press: [true],
  release: [false],
} as const
