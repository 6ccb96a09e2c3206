import type { Consoles } from '../display/index.ts'
import { bool, example, family, int, list, opt, req, str, struct } from '../qapi/index.ts'

const command = family<{
  consoles: Pick<Consoles, 'text'>
  keyboard: { waiting(): Promise<number> }
}>()

const TextScreen = struct('TextScreen', {
  columns: req(int, 'characters in a row'),
  rows: req(int, 'rows'),
  lines: req(list(str), 'the characters of each row, from the top'),
  cursor: req(
    struct('TextCursor', {
      row: req(int, 'from 0 at the top'),
      column: req(int, 'from 0 at the left'),
      visible: req(bool, 'whether it is shown'),
    }),
    'where the next character would stand',
  ),
})

/** What vmon has beyond QEMU, for tests of what runs in the guest; named as the QMP specification wants it. */
export const consoleCommands = {
  '__org.vmon_query-screen-text': command({
    since: '7.2',
    doc: "Tell what the screen says in a text mode, without looking at pixels. vmon's own: QEMU does not have it.",
    args: {},
    returns: struct('ScreenText', {
      text: opt(TextScreen, 'the text; absent while the guest shows graphics, or nothing'),
    }),
    errors: ['GenericError, if the machine has no display'],
    examples: [
      example(
        'before the guest has run',
        `
        -> { "execute": "__org.vmon_query-screen-text" }
        <- { "return": {} }`,
        { options: '-vga std' },
      ),
    ],
    async run({ consoles }) {
      const text = await consoles.text()
      if (text === undefined) return {}
      const { columns, rows, lines, cursor } = text
      return { text: { columns, rows, lines: [...lines], cursor } }
    },
  }),

  '__org.vmon_query-keyboard': command({
    since: '7.2',
    doc: "Tell how much of what was typed the guest has not taken yet. vmon's own: QEMU does not have it.",
    args: {},
    returns: struct('KeyboardInfo', {
      waiting: req(int, "bytes before the keyboard and in it, and keys in the BIOS's buffer while that is filled"),
    }),
    examples: [
      example(
        'nothing has been typed',
        `
        -> { "execute": "__org.vmon_query-keyboard" }
        <- { "return": { "waiting": 0 } }`,
      ),
    ],
    run: async ({ keyboard }) => ({ waiting: await keyboard.waiting() }),
  }),
}
