import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const limit = 1000

/** What was typed before, kept in the user's home between conversations; the newest line first, as readline wants it. */
export class History {
  readonly lines: string[]
  readonly #file: string

  private constructor(file: string, lines: string[]) {
    this.#file = file
    this.lines = lines
  }

  /** @param language - each has a history of its own */
  static async open(language: 'qmp' | 'hmp'): Promise<History> {
    const file = join(homedir(), language === 'qmp' ? '.vmon_history' : '.vmon_hmp_history')
    const text = await readFile(file, 'utf8').catch(() => '')
    const lines = text.split('\n').filter((line) => line !== '')
    return new History(file, lines.reverse())
  }

  add(line: string): void {
    if (line.trim() === '' || line === this.lines[0]) return
    this.lines.unshift(line)
    this.lines.splice(limit)
  }

  /** Saves what there is; a home that cannot be written to costs the history, nothing else. */
  async save(): Promise<void> {
    await writeFile(this.#file, `${[...this.lines].reverse().join('\n')}\n`, { mode: 0o600 }).catch(() => undefined)
  }
}
