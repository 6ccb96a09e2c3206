/** Records what a server says to the steps of a case. */
import type { Step, TranscriptCase } from './case.ts'
import { Conversation } from './conversation.ts'
import { merge } from './merge.ts'

/**
 * Plays the case twice and keeps what came; scalars that differ between the two become markers.
 *
 * @throws {Error} if the server does not start, or the two recordings differ in more than scalars
 */
export async function record(wanted: TranscriptCase, command: readonly string[]): Promise<TranscriptCase> {
  const [first, second] = [await recordOnce(wanted, command), await recordOnce(wanted, command)]
  const steps = first.steps.map((step, index) => merge(step, second.steps[index]!))
  const stderr = first.stderr.split('\n').filter((line) => line !== '' && !line.includes('terminating on signal'))
  const { stderr: _, ...rest } = wanted
  return { ...rest, steps, ...(stderr.length > 0 && { stderr }) }
}

async function recordOnce(
  wanted: TranscriptCase,
  command: readonly string[],
): Promise<{ steps: readonly Step[]; stderr: string }> {
  await using conversation = await Conversation.start(wanted, command)
  await conversation.ready(wanted)
  const steps: Step[] = []
  for (const step of wanted.steps) steps.push(await recordStep(step, conversation))
  const { exit } = await conversation.end()
  return { steps, stderr: exit.stderr }
}

async function recordStep(wanted: Step, conversation: Conversation): Promise<Step> {
  const { expect: _expect, others: _others, stdout: _stdout, ...step } = wanted
  const { connections } = conversation
  const { connection, output } = await conversation.take(step)
  const main = step.mon ?? 'A'
  let lines: Pick<Step, 'expect' | 'others'> = {}
  if (connection && (step.sh === undefined || step.wait !== undefined)) {
    while (!conversation.answered(step) && !connection.ended) {
      if (!(await connections.change(20_000))) throw new Error(`no answer to ${JSON.stringify(step)}`)
    }
    await connections.silence((step.quiet ?? 0.1) * 1000)
    const others = connections.names().filter((name) => name !== main && connections.get(name)!.lines.length > 0)
    const taken = (name: string) => connections.get(name)!.take(Number.POSITIVE_INFINITY)
    lines = {
      expect: taken(main),
      ...(others.length > 0 && { others: Object.fromEntries(others.map((name) => [name, taken(name)])) }),
    }
  }
  if (step.close) await connections.close(main)
  return { ...step, ...lines, ...(output !== undefined && { stdout: output }) }
}
