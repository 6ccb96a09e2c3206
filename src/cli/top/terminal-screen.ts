import { output } from '../outputs.ts'

const enterScreen = '\x1b[?1049h\x1b[?25l'
const leaveScreen = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const endOfLine = '\x1b[K'
const endOfScreen = '\x1b[J'

export type Key = 'end' | 'up' | 'down' | 'pageUp' | 'pageDown'

const keys: Readonly<Record<string, Key>> = {
  q: 'end',
  Q: 'end',
  '\x03': 'end',
  k: 'up',
  '\x1b[A': 'up',
  j: 'down',
  '\x1b[B': 'down',
  '\x1b[5~': 'pageUp',
  '\x1b[6~': 'pageDown',
}

/**
 * The whole of a terminal, for as long as this is open; what was there before comes back. Each picture is drawn over the
 * one before in one piece, so that nothing flickers.
 */
export class TerminalScreen implements Disposable {
  readonly #pressed: (key: Key) => void
  readonly #resized: () => void
  readonly #heard = (text: string): void => this.#hear(text)

  constructor({ pressed, resized }: { pressed: (key: Key) => void; resized: () => void }) {
    this.#pressed = pressed
    this.#resized = resized
    process.stdin.setRawMode(true)
    process.stdin
      .setEncoding('utf8')
      .on('data', this.#heard)
      .once('end', () => pressed('end'))
    output('stdout').write(enterScreen)
    process.stdout.on('resize', resized)
  }

  get rows(): number {
    return process.stdout.rows
  }

  draw(lines: readonly string[]): void {
    const { columns, rows } = process.stdout
    const shown = lines.slice(0, rows).map((line) => [...line].slice(0, columns).join('') + endOfLine)
    output('stdout').write(home + shown.join('\r\n') + (shown.length < rows ? endOfScreen : ''))
  }

  [Symbol.dispose](): void {
    process.stdout.off('resize', this.#resized)
    process.stdin.off('data', this.#heard).pause()
    process.stdin.setRawMode(false)
    output('stdout').write(leaveScreen)
  }

  #hear(text: string): void {
    for (const [sequence] of text.matchAll(/\x1b\[[0-9;]*[A-Za-z~]|./gs)) {
      const key = keys[sequence]
      if (key !== undefined) this.#pressed(key)
    }
  }
}
