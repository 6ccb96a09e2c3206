/** Questions to the probe guest on a board in this process. */
import type { TestContext } from 'node:test'
import type { BoardWitness } from '../../src/board/board-witness.ts'
import type { V86Board } from '../../src/board/v86/host.ts'
import { guestBoard } from './guest-board.ts'
import { answerNumbers, probeBios, type Question, questionBytes } from './probe-guest.ts'

const batch = 64

export class ProbeBoard {
  readonly board: V86Board
  readonly witness: BoardWitness
  #heard = 0

  private constructor(board: V86Board, witness: BoardWitness) {
    this.board = board
    this.witness = witness
  }

  /** A board with the probe guest, running; it ends with the test. */
  static async start(t: TestContext, changes: Parameters<typeof guestBoard>[2] = {}): Promise<ProbeBoard> {
    const firmware = { bios: probeBios(), vgaBios: undefined }
    const { board, witness } = await guestBoard(t, [], { firmware, ...changes })
    await board.resume()
    return new ProbeBoard(board, witness)
  }

  async ask(...questions: readonly Question[]): Promise<number[]> {
    const answers: number[] = []
    for (let first = 0; first < questions.length; first += batch) {
      const part = questions.slice(first, first + batch)
      answers.push(...(await this.#ask(part)))
    }
    return answers
  }

  async #ask(part: readonly Question[]): Promise<number[]> {
    const [begin, end] = [this.#heard, this.#heard + part.length * 4]
    this.#heard = end
    await this.board.serial[0]!.write(questionBytes(part))
    return answerNumbers((await this.witness.heard(end)).subarray(begin, end))
  }
}
