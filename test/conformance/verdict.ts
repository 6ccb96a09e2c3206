import type { TranscriptCase } from '../oracle/case.ts'
import { vmon } from '../oracle/programs.ts'
import { type PlayResult, play } from '../oracle/transcript.ts'
import type { Capabilities } from './capabilities.ts'
import { judge } from './judge.ts'
import { rows } from './rows.ts'

/** How vmon did in a recorded conversation. */
export interface Verdict {
  readonly result: PlayResult
  /** What differs without a row that says why. */
  readonly complaints: readonly string[]
}

/** Plays a recorded conversation on vmon, and judges it by the rows. */
export async function verdictOn(
  topic: string,
  recorded: TranscriptCase,
  { commands }: Pick<Capabilities, 'commands'>,
  command: readonly string[] = vmon.command,
): Promise<Verdict> {
  const declared = rows.filter((row) => row.transcript === topic && row.case === recorded.name)
  const lacks = (name: string) => !commands.has(name)
  const differs = (index: number) => declared.some(({ steps }) => steps === undefined || steps.includes(index))
  const result = await play(recorded, { command, lacks, differs })
  return { result, complaints: judge(result, declared) }
}
