import type { InputHandlers } from '../../input/index.ts'
import { type QKeyCode, qKeyCodes } from '../../input/index.ts'
import { matching } from '../complete.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{
  inputHandlers: Pick<InputHandlers, 'send' | 'sync' | 'select' | 'absolute'>
  /** The buttons of the mouse that `mouse_button` holds down, of all monitors. */
  heldButtons: { mask: number }
}>()

/** As QEMU's code has them; its help has middle and right the other way round. */
const buttons = [
  [1, 'left'],
  [4, 'middle'],
  [2, 'right'],
] as const

/** Keyboard and mice. */
export const inputCommands = {
  sendkey: command({
    args: 'keys:s,hold-time:i?',
    params: 'keys [hold_ms]',
    help: "send keys to the VM (e.g. 'sendkey ctrl-alt-f1', default hold time=100 ms)",
    complete: (word, place) =>
      place === 1 ? matching(word.slice(word.lastIndexOf('-') + 1), qKeyCodes) : { typed: 0, candidates: [] },
    async run({ qmp }, { keys, 'hold-time': hold }) {
      await qmp('send-key', { keys: keysOf(keys), ...(hold !== undefined && { 'hold-time': hold }) })
    },
  }),
  mouse_move: command({
    args: 'dx_str:s,dy_str:s,dz_str:s?',
    params: 'dx dy [dz]',
    help: 'send mouse move events',
    run({ parts: { inputHandlers } }, { dx_str, dy_str, dz_str }) {
      inputHandlers.send({ type: 'rel', axis: 'x', value: leadingInteger(dx_str) })
      inputHandlers.send({ type: 'rel', axis: 'y', value: leadingInteger(dy_str) })
      const turn = dz_str === undefined ? 0 : leadingInteger(dz_str)
      if (turn !== 0) {
        const button = turn > 0 ? 'wheel-up' : 'wheel-down'
        for (const down of [true, false]) {
          inputHandlers.send({ type: 'btn', button, down })
          inputHandlers.sync()
        }
      }
      inputHandlers.sync()
    },
  }),
  mouse_button: command({
    args: 'button_state:i',
    params: 'state',
    help: 'change mouse button state (1=L, 2=M, 4=R)',
    run({ parts: { inputHandlers, heldButtons } }, { button_state }) {
      const mask = Number(button_state) | 0
      if (mask === heldButtons.mask) return
      for (const [bit, button] of buttons) {
        if (((mask ^ heldButtons.mask) & bit) !== 0)
          inputHandlers.send({ type: 'btn', button, down: (mask & bit) !== 0 })
      }
      inputHandlers.sync()
      heldButtons.mask = mask
    },
  }),
  mouse_set: command({
    args: 'index:i',
    params: 'index',
    help: 'set which mouse device receives events',
    run({ parts: { inputHandlers } }, { index }) {
      const chosen = inputHandlers.select(Number(index))
      if (chosen === undefined) throw new HmpError(`Mouse at index '${index}' not found`)
      if (!chosen.mouse) throw new HmpError(`Input device '${chosen.name}' is not a mouse`)
    },
  }),
}

/** Names or hexadecimal numbers of keys, joined by `-`. */
function keysOf(text: string) {
  return text.split('-').map((name) => {
    if (/^0x[0-9a-fA-F]+$/.test(name)) return { type: 'number', data: Number(BigInt.asIntN(32, BigInt(name))) } as const
    const wanted = name === '<' ? 'less' : name
    const code = qKeyCodes.find((candidate): candidate is QKeyCode => candidate === wanted)
    if (code === undefined) throw new HmpError(`invalid parameter: ${name}`)
    return { type: 'qcode', data: code } as const
  })
}

/** The integer with which a text begins, as strtol() reads it in any base; 0 if there is none. */
function leadingInteger(text: string): number {
  const match = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(text)
  if (match === null) return 0
  const digits = match[2]!
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return Number(BigInt.asIntN(32, match[1] === '-' ? -value : value))
}
