/** What somebody at a shared device has asked for. */
export type MuxKey = 'help' | 'exit' | 'save' | 'timestamps' | 'break' | 'switch'

/** What comes in: bytes for the front end that has the focus, and keys for the device itself, in order. */
export type MuxInput = Uint8Array | MuxKey

/** The key that makes the next one the device's own: Ctrl-A. */
export const escapeByte = 1

const keys: Readonly<Record<string, MuxKey>> = {
  h: 'help',
  '?': 'help',
  x: 'exit',
  s: 'save',
  t: 'timestamps',
  b: 'break',
  c: 'switch',
}

/** Tells the keys that a shared device takes for itself from what goes to its front ends. */
export class MuxKeys {
  #escaped = false

  /** Splits a chunk; a key may begin in one and end in the next. What stands behind the escape and means nothing is dropped. */
  split(chunk: Uint8Array): MuxInput[] {
    const parts: MuxInput[] = []
    let plain: number[] = []
    for (const byte of chunk) {
      if (!this.#escaped && byte === escapeByte) {
        this.#escaped = true
        continue
      }
      if (!this.#escaped || byte === escapeByte) {
        plain.push(byte)
        this.#escaped = false
        continue
      }
      this.#escaped = false
      const key = keys[String.fromCharCode(byte)]
      if (key === undefined) continue
      if (plain.length > 0) parts.push(Uint8Array.from(plain))
      plain = []
      parts.push(key)
    }
    if (plain.length > 0) parts.push(Uint8Array.from(plain))
    return parts
  }
}

const helpLines = [
  ['h', 'print this help'],
  ['x', 'exit emulator'],
  ['s', 'save disk data back to file (if -snapshot)'],
  ['t', 'toggle console timestamps'],
  ['b', 'send break (magic sysrq)'],
  ['c', 'switch between console and monitor'],
] as const

/** What the key for help shows. */
export const muxHelp = `\n\r${helpLines.map(([key, text]) => `C-a ${key}    ${text}\n\r`).join('')}C-a C-a  sends C-a\n\r`
