import type { Board } from '../board/index.ts'
import type { Frontend } from '../chardev/index.ts'
import { type ObjectTree, QomObject } from '../qom/index.ts'
import type { Duplex } from '../transport/index.ts'
import { QtestRefusal, readQtestCommand } from './command.ts'
import { QtestExecutor } from './executor.ts'
import type { QtestLog } from './qtest-log.ts'

interface Needs {
  readonly board: Board
  readonly objectTree: ObjectTree
  readonly log: QtestLog
}

/** A line that goes on for longer is the last of its connection. */
const longestLine = 256 * 2 ** 20

/**
 * Serves a test: a line of text each way for each command, one after another, and lines beside them that tell of
 * interrupts. One connection at a time.
 */
export class QtestServer implements Frontend {
  readonly concurrent = false
  readonly #executor: QtestExecutor
  readonly #log: QtestLog
  #stream: Duplex | undefined

  constructor({ board, objectTree, log }: Needs) {
    this.#log = log
    this.#executor = new QtestExecutor({
      board,
      find: (path) => {
        const found = objectTree.find(path)
        return found instanceof QomObject ? found : undefined
      },
      firstOf: (type) => objectTree.firstOf(type),
      note: (text) => log.sent(text),
    })
  }

  /** An interrupt line has risen or fallen. */
  interruptLine(line: number, asserted: boolean): void {
    for (const text of this.#executor.interruptLine(line, asserted)) this.#send(text)
  }

  connection(stream: Duplex): void {
    this.#stream = stream
    this.#executor.forgetLevels()
    this.#log.connected()
    let rest = ''
    const decoder = new TextDecoder('latin1')
    stream.start({
      data: (chunk) => {
        const lines = (rest + decoder.decode(chunk)).split('\n')
        rest = lines.pop()!
        if (rest.length > longestLine) stream.destroy()
        if (lines.length === 0) return
        stream.pause()
        void this.#serve(lines).finally(() => stream.resume())
      },
      end: () => {
        if (stream.kind !== 'stdio' && stream.kind !== 'pipe') void stream.close()
      },
      closed: () => {
        this.#stream = undefined
        this.#log.left()
      },
    })
  }

  async #serve(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.#log.received(line)
      const { text, plain = false } = await this.#answer(line)
      this.#send(text, plain)
    }
  }

  async #answer(line: string): Promise<{ readonly text: string; readonly plain?: boolean }> {
    try {
      return { text: await this.#executor.run(readQtestCommand(line)) }
    } catch (error) {
      if (error instanceof QtestRefusal)
        return { text: `${error.kind} ${error.message}\n`, plain: error.kind === 'ERR' }
      return { text: `FAIL ${(error as Error).message.replaceAll('\n', ' ')}\n` }
    }
  }

  #send(text: string, plain = false): void {
    this.#stream?.write(text)
    this.#log.sent(text, { plain })
  }
}
