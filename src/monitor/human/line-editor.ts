import type { Completion } from './completion.ts'
import { completionColumns } from './completion-columns.ts'
import { LineHistory } from './line-history.ts'

export interface LineEditorOptions {
  readonly prompt: string
  /** Shows bytes on the terminal, as the characters 0 to 255 of a string. */
  readonly show: (bytes: string) => void
  /** What the end of this line can become; the line ends at the cursor. */
  readonly complete: (line: string) => Completion
}

/** What the bytes of an escape sequence mean so far. */
type EscapeState = 'none' | 'escape' | { readonly parameter: number } | 'ss3'

/** A line holds no more bytes. */
const capacity = 4095
/** What a terminal sends for CSI where it sends eight bits. */
const csi = 0x9b

const isSpace = (character: string | undefined): boolean => character !== undefined && ' \t\n\v\f\r'.includes(character)

/**
 * Edits a line on a terminal: cursor keys, history, completion. It works with bytes, a character of a string each, and
 * shows what QEMU's editor shows, which draws the whole line again at each key.
 */
export class LineEditor {
  readonly history = new LineHistory()
  readonly #options: LineEditorOptions
  #line = ''
  #cursor = 0
  /** What is on the screen, and where its cursor is. */
  #shown = ''
  #shownCursor = 0
  #escape: EscapeState = 'none'

  constructor(options: LineEditorOptions) {
    this.#options = options
  }

  /** Shows the prompt, and what is on the line behind it. */
  prompt(): void {
    this.#options.show(this.#options.prompt)
    this.#shown = ''
    this.#shownCursor = 0
    this.#escape = 'none'
  }

  /** Forgets what was typed. */
  restart(): void {
    this.#line = ''
    this.#cursor = 0
  }

  /** Takes a byte from the keyboard. @returns the line, if it is complete */
  type(byte: number): string | undefined {
    const line = this.#take(byte)
    this.#update()
    return line
  }

  #take(byte: number): string | undefined {
    const state = this.#escape
    if (state === 'none') return this.#takePlain(byte)
    this.#escape = 'none'
    if (state === 'escape') this.#takeEscape(byte)
    else if (state === 'ss3') this.#takeSs3(byte)
    else this.#takeCsi(byte, state.parameter)
    return undefined
  }

  #takePlain(byte: number): string | undefined {
    switch (byte) {
      case 0x01: // Ctrl-A
        this.#cursor = 0
        break
      case 0x04: // Ctrl-D
        this.#delete()
        break
      case 0x05: // Ctrl-E
        this.#cursor = this.#line.length
        break
      case 0x09:
        this.#complete()
        break
      case 0x0a:
      case 0x0d:
        return this.#enter()
      case 0x17: // Ctrl-W
        this.#deleteWord()
        break
      case 0x1b:
        this.#escape = 'escape'
        break
      case 0x08:
      case 0x7f:
        this.#backspace()
        break
      case csi:
        this.#escape = { parameter: 0 }
        break
      default:
        if (byte >= 0x20) this.#insert(String.fromCharCode(byte))
    }
    return undefined
  }

  #takeEscape(byte: number): void {
    if (byte === 0x5b) this.#escape = { parameter: 0 }
    else if (byte === 0x4f) this.#escape = 'ss3'
  }

  #takeSs3(byte: number): void {
    const key = String.fromCharCode(byte)
    if (key === 'F') this.#cursor = this.#line.length
    else if (key === 'H') this.#cursor = 0
  }

  #takeCsi(byte: number, parameter: number): void {
    const key = String.fromCharCode(byte)
    if (key >= '0' && key <= '9') {
      this.#escape = { parameter: (parameter * 10 + Number(key)) | 0 }
      return
    }
    if (key === 'A' || key === 'F') this.#replace(this.history.up())
    else if (key === 'B' || key === 'E') this.#replace(this.history.down())
    else if (key === 'D') this.#cursor = Math.max(0, this.#cursor - 1)
    else if (key === 'C') this.#cursor = Math.min(this.#line.length, this.#cursor + 1)
    else if (key === '~' && parameter === 1) this.#cursor = 0
    else if (key === '~' && parameter === 3) this.#delete()
    else if (key === '~' && parameter === 4) this.#cursor = this.#line.length
  }

  #enter(): string {
    const line = this.#line
    this.history.add(line)
    this.#options.show('\n')
    this.restart()
    this.#shown = ''
    this.#shownCursor = 0
    return line
  }

  #replace(line: string | undefined): void {
    if (line === undefined) return
    this.#line = line
    this.#cursor = line.length
  }

  #insert(text: string): void {
    if (this.#line.length + text.length > capacity) return
    this.#line = this.#line.slice(0, this.#cursor) + text + this.#line.slice(this.#cursor)
    this.#cursor += text.length
  }

  #backspace(): void {
    if (this.#cursor === 0) return
    this.#cursor--
    this.#delete()
  }

  #delete(): void {
    this.#line = this.#line.slice(0, this.#cursor) + this.#line.slice(this.#cursor + 1)
  }

  /** The word before the cursor, and the space behind it. */
  #deleteWord(): void {
    if (this.#cursor === 0) return
    let start = this.#cursor - 1
    while (start > 0 && isSpace(this.#line[start])) start--
    while (start > 0 && !isSpace(this.#line[start - 1])) start--
    this.#line = this.#line.slice(0, start) + this.#line.slice(this.#cursor)
    this.#cursor = start
  }

  #complete(): void {
    const { typed, candidates } = this.#options.complete(this.#line.slice(0, this.#cursor))
    const [first] = candidates
    if (first === undefined) return
    if (candidates.length === 1) {
      this.#insertEach(first.slice(typed))
      if (!first.endsWith('/')) this.#insert(' ')
      return
    }
    const { prefix, lines } = completionColumns(candidates)
    this.#insertEach(prefix.slice(typed))
    this.#options.show(`\n${lines}`)
    this.prompt()
  }

  #insertEach(text: string): void {
    for (const character of text) this.#insert(character)
  }

  #update(): void {
    let output = ''
    if (this.#line !== this.#shown) {
      output += '\x1b[D'.repeat(this.#shownCursor) + this.#line + '\x1b[K'
      this.#shown = this.#line
      this.#shownCursor = this.#line.length
    }
    const right = this.#cursor - this.#shownCursor
    output += right > 0 ? '\x1b[C'.repeat(right) : '\x1b[D'.repeat(-right)
    this.#shownCursor = this.#cursor
    if (output !== '') this.#options.show(output)
  }
}
