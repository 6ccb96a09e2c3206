import { chordsOf, keyNumber, type QKeyCode } from '../input/index.ts'
import { keysymsByName } from './keysym-names.ts'

type Modifier = 'shift' | 'altgr' | 'numlock' | 'ctrl'

/** A key that gives a keysym, while these modifiers are held. */
interface Place {
  readonly key: number
  readonly modifiers: ReadonlySet<Modifier>
}

/** Which keys give which keysyms: what viewers send that know what is written on a key, and not where it is. */
export class Keymap {
  readonly #places = new Map<number, Place[]>()

  add(keysym: number, key: number, modifiers: Iterable<Modifier> = []): void {
    const places = this.#places.get(keysym)
    const place = { key, modifiers: new Set(modifiers) }
    if (places === undefined) this.#places.set(keysym, [place])
    else if (!places.some((other) => other.key === key && sameModifiers(other, place))) places.push(place)
  }

  /**
   * The number of the key for a keysym: of several, the one that gives it with the modifiers that are held.
   *
   * @param held - the keys that are down
   */
  keyOf(keysym: number, held: ReadonlySet<number>): number | undefined {
    // Letters are the same key in either case: a viewer sends Shift as well.
    const wanted = keysym >= 0x41 && keysym <= 0x5a ? keysym + 0x20 : keysym
    const places = this.#places.get(wanted) ?? this.#places.get(keysym)
    if (places === undefined) return undefined
    const shift = held.has(keyNumber('shift')) || held.has(keyNumber('shift_r'))
    const altgr = held.has(keyNumber('alt_r'))
    const fitting = places.find(({ modifiers }) => modifiers.has('shift') === shift && modifiers.has('altgr') === altgr)
    return (fitting ?? places[0])!.key
  }
}

function sameModifiers({ modifiers: one }: Place, { modifiers: other }: Place): boolean {
  return one.size === other.size && [...one].every((modifier) => other.has(modifier))
}

/** A keymap that cannot be read. */
export class KeymapError extends Error {
  override readonly name = 'KeymapError'
  readonly kind = 'keymap'
}

const modifierWords: readonly string[] = ['shift', 'altgr', 'numlock', 'ctrl']

/**
 * Reads a keymap as QEMU has them: lines of a keysym's name, the key's number and the modifiers that it takes.
 *
 * @param read - gives the text of another keymap, which is included
 * @throws {KeymapError} if one of these cannot be read, or includes itself
 */
export function keymapOf(text: string, read: (name: string) => string): Keymap {
  const keymap = new Keymap()
  fill(keymap, text, read, 0)
  return keymap
}

const deepest = 8

function fill(keymap: Keymap, text: string, read: (name: string) => string, depth: number): void {
  if (depth > deepest) throw new KeymapError('keymaps include each other')
  for (const line of text.split('\n')) {
    const [name = '', number = '', ...words] = line.trim().split(/\s+/)
    if (name === '' || name.startsWith('#') || name === 'map') continue
    if (name === 'include') {
      fill(keymap, read(number), read, depth + 1)
      continue
    }
    const keysym = keysymOf(name)
    const key = Number(number)
    if (keysym === undefined || !Number.isInteger(key) || key <= 0 || key > 0xff || words.includes('inhibit')) continue
    const modifiers = words.filter((word): word is Modifier => modifierWords.includes(word))
    keymap.add(keysym, key, modifiers)
    if (words.includes('addupper')) keymap.add(keysymOf(name.toUpperCase()) ?? keysym, key, [...modifiers, 'shift'])
  }
}

/** The number of a keysym by its name, by that of a character (`U20ac`), or by itself (`0x20ac`). */
export function keysymOf(name: string): number | undefined {
  const known = keysymsByName().get(name)
  if (known !== undefined) return known
  const character = /^U([0-9A-Fa-f]{4,6})$/.exec(name)?.[1]
  if (character !== undefined) return 0x0100_0000 | Number.parseInt(character, 16)
  return /^0x[0-9A-Fa-f]+$/.test(name) ? Number(name) : undefined
}

/** Keys of an American keyboard that give no character, or one that has another key as well, by the names of X11. */
const namedKeys: Readonly<Record<string, QKeyCode>> = {
  ...{ Escape: 'esc', BackSpace: 'backspace', Tab: 'tab', ISO_Left_Tab: 'tab', Return: 'ret', space: 'spc' },
  ...{ Shift_L: 'shift', Shift_R: 'shift_r', Control_L: 'ctrl', Control_R: 'ctrl_r' },
  ...{ Alt_L: 'alt', Meta_L: 'alt', Alt_R: 'alt_r', Meta_R: 'alt_r', ISO_Level3_Shift: 'alt_r', Mode_switch: 'alt_r' },
  ...{ Super_L: 'meta_l', Super_R: 'meta_r', Menu: 'compose' },
  ...{ Caps_Lock: 'caps_lock', Num_Lock: 'num_lock', Scroll_Lock: 'scroll_lock' },
  ...{ Print: 'print', Sys_Req: 'sysrq', Pause: 'pause', Break: 'pause' },
  ...{ Home: 'home', End: 'end', Prior: 'pgup', Next: 'pgdn', Insert: 'insert', Delete: 'delete' },
  ...{ Left: 'left', Right: 'right', Up: 'up', Down: 'down' },
  ...{
    F1: 'f1',
    F2: 'f2',
    F3: 'f3',
    F4: 'f4',
    F5: 'f5',
    F6: 'f6',
    F7: 'f7',
    F8: 'f8',
    F9: 'f9',
    F10: 'f10',
    F11: 'f11',
    F12: 'f12',
  },
  ...{
    KP_Enter: 'kp_enter',
    KP_Divide: 'kp_divide',
    KP_Multiply: 'kp_multiply',
    KP_Add: 'kp_add',
    KP_Subtract: 'kp_subtract',
  },
  ...{
    KP_0: 'kp_0',
    KP_1: 'kp_1',
    KP_2: 'kp_2',
    KP_3: 'kp_3',
    KP_4: 'kp_4',
    KP_5: 'kp_5',
    KP_6: 'kp_6',
    KP_7: 'kp_7',
    KP_8: 'kp_8',
  },
  ...{ KP_9: 'kp_9', KP_Decimal: 'kp_decimal', KP_Separator: 'kp_decimal', KP_Delete: 'kp_decimal', KP_Insert: 'kp_0' },
  ...{ KP_End: 'kp_1', KP_Down: 'kp_2', KP_Next: 'kp_3', KP_Left: 'kp_4', KP_Begin: 'kp_5', KP_Right: 'kp_6' },
  ...{ KP_Home: 'kp_7', KP_Up: 'kp_8', KP_Prior: 'kp_9' },
}

/** The keymap of who names none: an American keyboard. */
export function usualKeymap(): Keymap {
  const keymap = new Keymap()
  for (let code = 0x21; code < 0x7f; code++) {
    const chord = chordsOf(String.fromCharCode(code), 'us')[0]!
    keymap.add(code, keyNumber(chord.at(-1)!), chord.length > 1 ? ['shift'] : [])
  }
  for (const [name, key] of Object.entries(namedKeys)) keymap.add(keysymOf(name)!, keyNumber(key))
  return keymap
}
