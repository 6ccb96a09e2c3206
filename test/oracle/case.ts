/**
 * The form of the files in `test/transcripts`: conversations recorded from QEMU, one array of cases per file.
 * A case starts a server in an empty directory, talks to it step by step, and holds what came back.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface TranscriptCase {
  readonly name: string
  readonly comment: string
  /** The server's arguments. They open the monitors themselves; `qmp.sock` is the one that steps use by default. */
  readonly setup: readonly string[]
  /** Shell commands run in the case's directory before the server starts. */
  readonly prepare?: readonly string[]
  /** Connect as "A" to qmp.sock and negotiate before the first step. */
  readonly handshake: boolean
  readonly steps: readonly Step[]
  /** What the server printed on standard error when it was recorded. */
  readonly stderr?: readonly string[]
}

/** One step, in the order in which its members take effect. */
export interface Step {
  /** Seconds to let pass before anything else. */
  readonly sleep?: number
  /** Shell command run in the case's directory; its output is `stdout`. */
  readonly sh?: string
  readonly stdout?: string
  /** Name of the connection; "A" if absent. */
  readonly mon?: string
  /** Opens that connection first: a socket path relative to the case's directory, or host:port. */
  readonly connect?: string
  /** Text to write, or bytes in hexadecimal. */
  readonly send?: string
  readonly send_hex?: string
  /** Files that are opened and passed as descriptors along with the first byte. */
  readonly fds?: readonly string[]
  /** How many lines that answer something (return, error, greeting) to wait for: 1 for a send or a connect if absent. */
  readonly n?: number
  /** An event to wait for, or several. */
  readonly wait?: string | readonly string[]
  /** Seconds of silence that prove that nothing more comes. */
  readonly quiet?: number
  /** Lines received, without their CR LF; `<EOF>` when the server closed the connection. */
  readonly expect?: readonly string[]
  /** Lines that may follow, as often as they like, within the silence: how often is a race in QEMU. */
  readonly more?: readonly string[]
  /** Lines that other connections received meanwhile. */
  readonly others?: Readonly<Record<string, readonly string[]>>
  /** "any": where the reply stands among the events is a race in QEMU; each of the two sequences has its order. */
  readonly reply_order?: 'any'
  /** A question about work that goes on: it is asked again, the pause before it included, until the answer is this one. */
  readonly again?: boolean
  /** Closes the connection at the end of the step. */
  readonly close?: boolean
}

const stepMembers: Readonly<Record<keyof Step, true>> = {
  sleep: true,
  sh: true,
  stdout: true,
  mon: true,
  connect: true,
  send: true,
  send_hex: true,
  fds: true,
  n: true,
  wait: true,
  quiet: true,
  expect: true,
  more: true,
  others: true,
  reply_order: true,
  again: true,
  close: true,
}

/** The conversations of one file. A misspelt member would silently weaken a case, so it is an error here. */
export function loadTranscript(path: string): readonly TranscriptCase[] {
  const cases = JSON.parse(readFileSync(path, 'utf8')) as TranscriptCase[]
  const names = new Set<string>()
  for (const { name, steps } of cases) {
    if (names.has(name)) throw new Error(`${path}: two cases are called ${name}`)
    names.add(name)
    for (const step of steps) {
      const stranger = Object.keys(step).find((member) => !(member in stepMembers))
      if (stranger) throw new Error(`${path}: ${name}: a step has no member ${stranger}`)
    }
  }
  return cases
}

/** Every transcript of a folder, by topic (the file's name without `.json`). */
export function loadTranscripts(folder: string): ReadonlyMap<string, readonly TranscriptCase[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return new Map(files.sort().map((name) => [basename(name, '.json'), loadTranscript(join(folder, name))]))
}

/** The commands that a step asks for, read leniently: a step may send garbage, half a command, or several. */
export function commandsOf(step: Step): readonly string[] {
  return [...(step.send ?? '').matchAll(/["'](?:execute|exec-oob)["']\s*:\s*["']([^"']*)["']/g)].map((m) => m[1]!)
}
