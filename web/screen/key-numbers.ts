/**
 * Keys as a PC's keyboard numbers them (scan codes of set 1, plus 0x80 behind the prefix 0xE0), by their names in
 * `KeyboardEvent.code`.
 */
export const keyNumbers: ReadonlyMap<string, number> = new Map([
  // Codes 1 to 0x53 go along the rows of the keyboard.
  ...[
    ...['Escape', ...digits('Digit'), 'Minus', 'Equal', 'Backspace', 'Tab', ...letters('QWERTYUIOP')],
    ...['BracketLeft', 'BracketRight', 'Enter', 'ControlLeft', ...letters('ASDFGHJKL'), 'Semicolon', 'Quote'],
    ...['Backquote', 'ShiftLeft', 'Backslash', ...letters('ZXCVBNM'), 'Comma', 'Period', 'Slash', 'ShiftRight'],
    ...['NumpadMultiply', 'AltLeft', 'Space', 'CapsLock'],
    ...['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10', 'NumLock', 'ScrollLock'],
    ...['Numpad7', 'Numpad8', 'Numpad9', 'NumpadSubtract', 'Numpad4', 'Numpad5', 'Numpad6', 'NumpadAdd'],
    ...['Numpad1', 'Numpad2', 'Numpad3', 'Numpad0', 'NumpadDecimal'],
  ].map((name, index): [string, number] => [name, index + 1]),
  ...Object.entries({
    IntlBackslash: 0x56,
    F11: 0x57,
    F12: 0x58,
    NumpadEnter: 0x9c,
    ControlRight: 0x9d,
    NumpadDivide: 0xb5,
    PrintScreen: 0xb7,
    AltRight: 0xb8,
    Pause: 0xc6,
    Home: 0xc7,
    ArrowUp: 0xc8,
    PageUp: 0xc9,
    ArrowLeft: 0xcb,
    ArrowRight: 0xcd,
    End: 0xcf,
    ArrowDown: 0xd0,
    PageDown: 0xd1,
    Insert: 0xd2,
    Delete: 0xd3,
    MetaLeft: 0xdb,
    MetaRight: 0xdc,
    ContextMenu: 0xdd,
  }),
])

function digits(prefix: string): string[] {
  return [1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((digit) => `${prefix}${digit}`)
}

function letters(row: string): string[] {
  return [...row].map((letter) => `Key${letter}`)
}

/** Keysyms of keys that write nothing, by their names in `KeyboardEvent.key`; of two, the left one. */
const named: Readonly<Record<string, number>> = {
  Backspace: 0xff08,
  Tab: 0xff09,
  Enter: 0xff0d,
  Pause: 0xff13,
  ScrollLock: 0xff14,
  Escape: 0xff1b,
  Home: 0xff50,
  ArrowLeft: 0xff51,
  ArrowUp: 0xff52,
  ArrowRight: 0xff53,
  ArrowDown: 0xff54,
  PageUp: 0xff55,
  PageDown: 0xff56,
  End: 0xff57,
  Insert: 0xff63,
  ContextMenu: 0xff67,
  NumLock: 0xff7f,
  Shift: 0xffe1,
  Control: 0xffe3,
  CapsLock: 0xffe5,
  Alt: 0xffe9,
  AltGraph: 0xffea,
  Meta: 0xffeb,
  Delete: 0xffff,
}

/** The keysym of a key that was pressed; 0 if there is none. */
export function keysymOf({ key, code }: { readonly key: string; readonly code: string }): number {
  const onKeypad = code.startsWith('Numpad')
  if (onKeypad && /^\d$/.test(key)) return 0xffb0 + Number(key)
  if ([...key].length === 1) {
    const point = key.codePointAt(0)!
    return point < 0x100 ? point : 0x0100_0000 + point
  }
  const functionKey = /^F(\d+)$/.exec(key)
  if (functionKey !== null) return 0xffbd + Number(functionKey[1])
  return named[key] ?? 0
}
