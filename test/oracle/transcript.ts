/**
 * Plays a recorded conversation against a server and says where it went differently.
 *
 * Nothing sleeps where lines are expected: a step ends as soon as they are there. A line too many is found all the
 * same, because it stands before the first line of a later step, or comes in the silence that is awaited where a step
 * expects nothing and after the last step.
 */
import { commandsOf, type Step, type TranscriptCase } from './case.ts'
import type { Connection } from './connection.ts'
import { Conversation, withFreePorts } from './conversation.ts'
import { difference, sameLine } from './match.ts'
import type { Exit } from './server.ts'

export interface PlayOptions {
  /** Program and arguments that come before the case's own. */
  readonly command: readonly string[]
  /** Says of a command that the server is known not to have it yet: such a step must be answered CommandNotFound. */
  readonly lacks?: (command: string) => boolean
  /** Says of a step that it is known to differ: nobody waits long for what will not come. */
  readonly differs?: (index: number) => boolean
}

export interface StepResult {
  /** Place in the case's steps; `steps.length` stands for what came after the last one. */
  readonly index: number
  /** `pending`: the server lacks the commands in `waitsFor`, and said so. */
  readonly outcome: 'same' | 'different' | 'pending'
  readonly difference?: string
  readonly waitsFor?: readonly string[]
}

export interface PlayResult {
  readonly steps: readonly StepResult[]
  /** Why the conversation broke off: the server never listened, or gave no answer to qmp_capabilities. */
  readonly failure?: string
  /** How the server ended, by itself or when asked to (SIGTERM). */
  readonly exit: Exit
  /** Socket files that the server left behind. */
  readonly leftovers: readonly string[]
}

const secondsOfSilence = 0.1
/** How often a question is asked whose answer is waited for. */
const mostQuestions = 20
const milliseconds = {
  /** A server that has not answered by then never will. */
  answer: 20_000,
  /** Where it is known that the server answers otherwise, and perhaps not at all. */
  known: 5_000,
  /** After the end of the connection: how long events on others may be late. */
  ended: 1_000,
  /** After the answer: how long events that belong to it may be late. */
  event: 4_000,
  /** After a difference: the silence that separates it from the next step. */
  resync: 200,
}

export async function play(
  recorded: TranscriptCase,
  { command, lacks = () => false, differs = () => false }: PlayOptions,
): Promise<PlayResult> {
  const played = await withFreePorts(recorded)
  await using conversation = await Conversation.start(played, command)
  const steps: StepResult[] = []
  let failure: string | undefined
  try {
    await conversation.ready(played)
    for (const [index, step] of played.steps.entries()) {
      const answerTime = differs(index) ? milliseconds.known : milliseconds.answer
      const lacking = commandsOf(step).filter(lacks)
      steps.push({ index, ...(await new StepPlay(conversation, step, lacking, answerTime).play()) })
    }
    steps.push({ index: played.steps.length, ...(await playEpilogue(conversation)) })
  } catch (error) {
    failure = String(error)
  }
  return { steps, ...(await conversation.end()), ...(failure && { failure }) }
}

type Verdict = Omit<StepResult, 'index'>

/** One step in progress. */
class StepPlay {
  readonly #conversation: Conversation
  readonly #step: Step
  readonly #lacking: readonly string[]
  readonly #answerTime: number

  constructor(conversation: Conversation, step: Step, lacking: readonly string[], answerTime: number) {
    this.#conversation = conversation
    this.#step = step
    this.#lacking = lacking
    this.#answerTime = answerTime
  }

  async play(): Promise<Verdict> {
    let verdict = await this.#playOnce()
    for (let times = 1; this.#step.again && verdict.outcome === 'different' && times < mostQuestions; times += 1)
      verdict = await this.#playOnce()
    return verdict
  }

  async #playOnce(): Promise<Verdict> {
    const { sh, stdout = '', expect, close, mon = 'A' } = this.#step
    const { connections } = this.#conversation
    const { connection, output } = await this.#conversation.take(this.#step)
    if (sh !== undefined && output !== stdout)
      return different(`    expected of ${sh}:\n${stdout}\n    got:\n${output}`)
    let verdict: Verdict = { outcome: 'same' }
    if (connection && expect) {
      await (this.#lacking.length > 0 ? this.#replies() : this.#expectedLines(connection))
      verdict = await this.#compare()
    }
    if (close) {
      const left = await connections.close(mon)
      // The server learns of it in its own time; the recordings waited as long.
      await connections.silence(secondsOfSilence * 1000)
      if (left.length > 0 && verdict.outcome === 'same') return different(`    more than expected:\n${left.join('\n')}`)
    }
    return verdict
  }

  /** The lines that each connection should have by the end of the step. */
  get #wanted(): [name: string, lines: readonly string[]][] {
    return [[this.#step.mon ?? 'A', this.#step.expect ?? []], ...Object.entries(this.#step.others ?? {})]
  }

  get #quiet(): number {
    return (this.#step.quiet ?? secondsOfSilence) * 1000
  }

  /** Waits for as many lines as are expected, or for the silence that proves that none come. */
  async #expectedLines(main: Connection): Promise<void> {
    const { connections } = this.#conversation
    const wanted = this.#wanted
    if (wanted.every(([, lines]) => lines.length === 0)) {
      const over = main.ended || (this.#step.close && this.#step.send === undefined)
      if (!over) await connections.silence(this.#quiet)
      return
    }
    const complete = () => wanted.every(([name, lines]) => (connections.get(name)?.lines.length ?? 0) >= lines.length)
    while (!complete()) {
      if (!(await connections.change(this.#patience(main)))) return
    }
    if (this.#step.more) await this.#dropRepeats(this.#step.more, main)
    // What goes on behind the answer had this time when it was recorded.
    else if (this.#step.quiet !== undefined && this.#step.wait === undefined) await connections.silence(this.#quiet)
  }

  /** How long the next line may take, in milliseconds. */
  #patience(main: Connection): number {
    if (main.ended) return milliseconds.ended
    return this.#conversation.answered(this.#step) ? Math.max(milliseconds.event, 2 * this.#quiet) : this.#answerTime
  }

  async #dropRepeats(more: readonly string[], main: Connection): Promise<void> {
    await this.#conversation.connections.silence(this.#quiet)
    const expected = main.take(this.#step.expect?.length ?? 0)
    const rest = main.take(main.lines.length).filter((line) => !more.some((repeat) => sameLine(repeat, line)))
    main.putBack([...expected, ...rest])
  }

  /** Waits for the answer alone: what the server lacks brings no events. */
  async #replies(): Promise<void> {
    const { wait: _, ...asked } = this.#step
    while (!this.#conversation.answered(asked)) {
      if (!(await this.#conversation.connections.change(this.#answerTime))) return
    }
  }

  async #compare(): Promise<Verdict> {
    const { connections } = this.#conversation
    const differences: string[] = []
    for (const [name, expected] of this.#wanted) {
      const connection = connections.get(name)
      const lines = connection?.lines ?? []
      // What comes too soon is the next step's to find; but where silence was recorded, nothing may be there.
      const candidates = expected.length > 0 ? lines.slice(0, expected.length) : lines
      if (!difference(expected, candidates, this.#step.reply_order)) {
        connection?.take(expected.length)
        continue
      }
      if (this.#lacking.length > 0 && this.#lacking.every((command) => lines.some((line) => notFound(command, line)))) {
        connection?.take(lines.length)
        return { outcome: 'pending', waitsFor: this.#lacking }
      }
      await connections.silence(milliseconds.resync)
      const found = difference(expected, lines, this.#step.reply_order)
      connection?.take(lines.length)
      if (found) differences.push(name === 'A' ? found : `    on connection ${name}:\n${found}`)
    }
    return differences.length === 0 ? { outcome: 'same' } : different(differences.join('\n'))
  }
}

function notFound(command: string, line: string): boolean {
  return line.includes(`"class": "CommandNotFound", "desc": "The command ${command} has not been found"`)
}

async function playEpilogue({ connections }: Conversation): Promise<Verdict> {
  if (connections.all().some(({ ended }) => !ended)) await connections.silence(secondsOfSilence * 1000)
  const left = connections.all().flatMap(({ lines }) => lines)
  return left.length === 0 ? { outcome: 'same' } : different(`    after the last step:\n${left.join('\n')}`)
}

function different(text: string): Verdict {
  return { outcome: 'different', difference: text }
}
