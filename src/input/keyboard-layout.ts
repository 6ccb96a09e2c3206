import type { QKeyCode } from './q-key-code.ts'

/** Keys that have letters on them, row by row from the top left, as every keyboard of 102 keys has them. */
const places: readonly QKeyCode[] = [
  ...(['grave_accent', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', 'minus', 'equal'] as const),
  ...(['q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', 'bracket_left', 'bracket_right', 'backslash'] as const),
  ...(['a', 's', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'semicolon', 'apostrophe'] as const),
  ...(['less', 'z', 'x', 'c', 'v', 'b', 'n', 'm', 'comma', 'dot', 'slash'] as const),
]

/** What the keys at these places give by themselves, with Shift, and with AltGr; a blank where there is nothing to type. */
interface Layout {
  readonly plain: string
  readonly shift: string
  readonly altGr?: string
}

/**
 * The layouts that a guest may have loaded, by the names that keymaps have. Accents that wait for the next letter are left
 * out.
 */
const layouts = {
  us: {
    plain: "`1234567890-=qwertyuiop[]\\asdfghjkl;'\\zxcvbnm,./",
    shift: '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"|ZXCVBNM<>?',
  },
  gb: {
    plain: "`1234567890-=qwertyuiop[]#asdfghjkl;'\\zxcvbnm,./",
    shift: '¬!"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@|ZXCVBNM<>?',
  },
  de: {
    plain: ' 1234567890ß qwertzuiopü+#asdfghjklöä<yxcvbnm,.-',
    shift: '°!"§$%&/()=? QWERTZUIOPÜ*\'ASDFGHJKLÖÄ>YXCVBNM;:_',
    altGr: '  ²³   {[]}\\ @ €        ~            |      µ   ',
  },
  fr: {
    plain: '²&é"\'(-è_çà)=azertyuiop $*qsdfghjklmù<wxcvbn,;:!',
    shift: ' 1234567890°+AZERTYUIOP £µQSDFGHJKLM%>WXCVBN?./§',
    altGr: '  ~#{[|`\\^@]}  €                                ',
  },
} as const satisfies Readonly<Record<string, Layout>>

export type KeyboardLayout = keyof typeof layouts

export const keyboardLayouts = Object.keys(layouts) as readonly KeyboardLayout[]

/** Keys that are the same on every layout. */
const elsewhere: Readonly<Record<string, QKeyCode>> = {
  ' ': 'spc',
  '\n': 'ret',
  '\r': 'ret',
  '\t': 'tab',
  '\b': 'backspace',
  '\x1b': 'esc',
}

/**
 * The keys to press for a text, together for each character: a modifier first, then the key.
 *
 * @throws {RangeError} if the layout has no key for a character
 */
export function chordsOf(text: string, layout: KeyboardLayout = 'us'): QKeyCode[][] {
  const keys = keysOf(layout)
  return [...text.replaceAll('\r\n', '\n')].map((character) => {
    const chord = keys.get(character)
    if (chord === undefined) throw new RangeError(`the layout ${layout} has no key for ${JSON.stringify(character)}`)
    return [...chord]
  })
}

const made = new Map<KeyboardLayout, ReadonlyMap<string, readonly QKeyCode[]>>()

function keysOf(name: KeyboardLayout): ReadonlyMap<string, readonly QKeyCode[]> {
  const known = made.get(name)
  if (known !== undefined) return known
  const { plain, shift, altGr = '' }: Layout = layouts[name]
  const keys = new Map<string, readonly QKeyCode[]>()
  const add = (characters: string, modifiers: readonly QKeyCode[]): void => {
    for (const [place, character] of [...characters].entries()) {
      if (character !== ' ' && !keys.has(character)) keys.set(character, [...modifiers, places[place]!])
    }
  }
  add(plain, [])
  add(shift, ['shift'])
  add(altGr, ['alt_r'])
  for (const [character, key] of Object.entries(elsewhere)) keys.set(character, [key])
  made.set(name, keys)
  return keys
}
