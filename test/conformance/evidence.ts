/** Where the recordings exercise a command. */
import { commandsOf, type TranscriptCase } from '../oracle/case.ts'

type Transcripts = ReadonlyMap<string, readonly TranscriptCase[]>

/** How many cases of each topic execute a command, by command and topic. */
export function casesByCommand(transcripts: Transcripts): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const found = new Map<string, Map<string, number>>()
  for (const [topic, cases] of transcripts) {
    for (const { steps } of cases) {
      for (const command of new Set(steps.flatMap(commandsOf))) {
        const topics = found.get(command) ?? new Map<string, number>()
        found.set(command, topics.set(topic, (topics.get(topic) ?? 0) + 1))
      }
    }
  }
  return found
}
