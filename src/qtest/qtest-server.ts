import type { Board } from '../board/index.ts'
import type { Frontend } from '../chardev/index.ts'
import { type ObjectTree, QomObject } from '../qom/index.ts'
import type { Duplex } from '../transport/index.ts'
import { QtestRefusal, readQtestCommand } from './command.ts'
import { QtestExecutor } from './executor.ts'
import { type Answer, QtestConnection } from './qtest-connection.ts'
import type { QtestLog } from './qtest-log.ts'

interface Needs {
  readonly board: Board
  readonly objectTree: ObjectTree
  readonly log: QtestLog
}

/**
 * Serves a test: a line of text each way for each command, one after another, and lines beside them that tell of
 * interrupts. One connection at a time.
 */
export class QtestServer implements Frontend {
  readonly concurrent = false
  readonly #executor: QtestExecutor
  readonly #log: QtestLog
  #test: QtestConnection | undefined
  /** Settles when all that has been asked for has been done. */
  #served: Promise<void> = Promise.resolve()

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
    for (const text of this.#executor.interruptLine(line, asserted)) this.#test?.tell(text)
  }

  connection(stream: Duplex): void {
    this.#executor.forgetLevels()
    const test: QtestConnection = new QtestConnection({
      stream,
      log: this.#log,
      answer: (line) => this.#answer(line),
      turn: this.#served,
      gone: () => {
        this.#served = test.served
        if (this.#test === test) this.#test = undefined
      },
    })
    this.#test = test
    test.start()
  }

  async #answer(line: string): Promise<Answer> {
    try {
      return { text: await this.#executor.run(readQtestCommand(line)) }
    } catch (error) {
      if (error instanceof QtestRefusal)
        return { text: `${error.kind} ${error.message}\n`, plain: error.kind === 'ERR' }
      return { text: `FAIL ${(error as Error).message.replaceAll('\n', ' ')}\n` }
    }
  }
}
