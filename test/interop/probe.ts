/** Questions to the probe guest on a machine that is driven from outside. */
import { answerNumbers, type Question, questionBytes } from '../guests/probe-guest.ts'
import type { Guest } from './guest.ts'

/** So many go out before their answers are taken. */
const batch = 64

export async function askProbe(guest: Guest, questions: readonly Question[]): Promise<number[]> {
  const answers: number[] = []
  for (let first = 0; first < questions.length; first += batch) {
    const part = questions.slice(first, first + batch)
    guest.sendSerial(questionBytes(part))
    answers.push(...answerNumbers(await guest.receiveBytes(part.length * 4)))
  }
  return answers
}
