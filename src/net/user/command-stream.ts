import { type ChildProcess, spawn } from 'node:child_process'
import { Duplex } from 'node:stream'

/** A program at the other end of a connection: it reads what is written, and what it writes is read. */
export class CommandStream extends Duplex {
  readonly #child: ChildProcess | undefined

  /** @param line - the program and its words, as a shell reads them */
  constructor(line: string) {
    super({ allowHalfOpen: true })
    const [program = '', ...words] = wordsOf(line)
    try {
      this.#child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    } catch {
      this.destroy() // such words are no command
      return
    }
    // Where the system has no room, there are no pipes.
    const { stdin, stdout } = this.#child
    this.#child.on('error', () => this.destroy())
    stdin?.on('error', () => undefined) // it may not read to the end
    stdout?.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) stdout.pause()
    })
    stdout?.on('end', () => this.push(null))
    stdout?.on('error', () => this.destroy())
  }

  override _read(): void {
    this.#child?.stdout?.resume()
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    const stdin = this.#child?.stdin
    if (stdin?.destroyed === false) stdin.write(bytes, () => done())
    else done()
  }

  override _final(done: () => void): void {
    this.#child?.stdin?.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // It sees that nobody reads, and that nothing comes behind what was written; how it ends is its own affair.
    this.#child?.stdin?.end()
    this.#child?.stdout?.destroy()
    this.#child?.unref()
    done(error)
  }
}

/** Words of a command line: quotes keep blanks, and a backslash what follows it. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  for (const [text] of line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs))
    words.push(
      text.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped, double, single) =>
        double === undefined ? (escaped ?? single) : double.replace(/\\(["\\$`])/g, '$1'),
      ),
    )
  return words
}
