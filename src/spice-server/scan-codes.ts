import { keyNumber } from '../input/index.ts'

const extended = 0xe0
/** Begins the codes of Pause, which it alone has: E1 1D 45. */
const longest = 0xe1
const released = 0x80
const pauseKey = keyNumber('pause')

/** Makes keys of scan codes of set 1, as a keyboard sends them, byte by byte. */
export class ScanCodes {
  readonly #key: (key: number, down: boolean) => void
  readonly #down = new Set<number>()
  #prefix: 'none' | 'extended' | 'pause' | 'pause, second byte' = 'none'

  /** @param key - told of each key, by its number: the code, plus 0x80 with the prefix 0xE0 */
  constructor(key: (key: number, down: boolean) => void) {
    this.#key = key
  }

  push(byte: number): void {
    const prefix = this.#prefix
    this.#prefix = 'none'
    if (prefix === 'pause') this.#prefix = 'pause, second byte'
    else if (byte === extended) this.#prefix = 'extended'
    else if (byte === longest) this.#prefix = 'pause'
    else if (prefix === 'pause, second byte') this.#tell(pauseKey, byte)
    else this.#tell((byte & ~released) | (prefix === 'extended' ? 0x80 : 0), byte)
  }

  /** Nothing stays pressed. */
  release(): void {
    for (const key of [...this.#down].reverse()) this.#key(key, false)
    this.#down.clear()
  }

  #tell(key: number, byte: number): void {
    const down = (byte & released) === 0
    if (down) this.#down.add(key)
    else this.#down.delete(key)
    this.#key(key, down)
  }
}
