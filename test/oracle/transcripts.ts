/** The recorded conversations in `test/transcripts`, and what playing them needs. */
import { fileURLToPath } from 'node:url'
import { loadTranscripts, type TranscriptCase } from './case.ts'
import { missingProgram } from './peers.ts'
import { type Program, qemuFor } from './programs.ts'

export const transcripts: ReadonlyMap<string, readonly TranscriptCase[]> = loadTranscripts(
  fileURLToPath(new URL('../../../test/transcripts/', import.meta.url)),
)

/** The QEMU that a topic was recorded from. */
export function recordedFrom(topic: string): Program {
  return qemuFor(/^(i386|hmp.*)$/.test(topic) ? 'i386' : 'x86_64')
}

/** Why a case must be skipped: a program that prepares it is missing. */
export function unprepared({ prepare }: TranscriptCase): string | false {
  return missingProgram(...['python3', 'qemu-img'].filter((program) => prepare?.some((line) => line.includes(program))))
}
