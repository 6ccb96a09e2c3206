import { BlockError, type DirectAccess, textOfBlockError } from '../block/index.ts'
import { findCommand, helpCommands, usageText } from './commands/help.ts'
import type { IoCall, IoCommand, IoTable, ProgramControl } from './io-command.ts'
import { IoComplaint, UsageComplaint } from './io-complaint.ts'
import { readWords, splitLine } from './read-words.ts'
import { commandTable } from './table.ts'

/** Where texts go. All but complaints are said as they are, with the ends of their lines. */
export interface Voices {
  /** What commands say. */
  say(text: string): void
  /** What is wrong with a line. */
  warn(text: string): void
  /** Why a command has failed; without the end of its line. */
  complain(text: string): void
  /** What an image tells of its format. */
  show(text: string): void
}

export interface BlockIoOptions {
  /** Commands beside those for an open image. */
  readonly more?: IoTable
  readonly program?: ProgramControl
}

export interface RunOptions {
  /** What requests go to; undefined if no image is open. */
  readonly access: DirectAccess | undefined
  readonly voices: Voices
  readonly signal: AbortSignal
}

/** Runs lines of qemu-io's language, and keeps the requests that go on behind them. */
export class BlockIo {
  readonly #table: IoTable
  readonly #program: ProgramControl | undefined
  /** Requests that go on, and what each goes to. */
  readonly #going = new Map<Promise<void>, DirectAccess | undefined>()

  constructor({ more = {}, program }: BlockIoOptions = {}) {
    const table: IoTable = { ...helpCommands(() => table), ...commandTable, ...more }
    this.#table = table
    this.#program = program
  }

  /** Runs a line; an empty one does nothing. @returns whether nothing has failed */
  async run(line: string, { access, voices, signal }: RunOptions): Promise<boolean> {
    const [name, ...words] = splitLine(line)
    if (name === undefined) return true
    const found = findCommand(this.#table, name)
    if (found === undefined) {
      voices.warn(`command "${name}" not found\n`)
      return false
    }
    const [main, command] = found
    try {
      if (access === undefined && command.without === undefined) {
        throw new IoComplaint("no file open, try 'help open'\n", 'warn')
      }
      checkCount(name, command, words.length)
      await openFor(command, access)
      const { options, operands } = wordsOf(name, command, words, voices)
      return (await command.run(this.#call(access, voices, signal), options, operands)) !== false
    } catch (error) {
      if (error instanceof UsageComplaint) voices.say(usageText(main, command))
      else if (error instanceof IoComplaint) voices[error.voice](error.message)
      else if (error instanceof BlockError) voices.complain(textOfBlockError(error))
      else throw error
      return false
    }
  }

  /** The names that begin like that. */
  complete(typed: string): string[] {
    return Object.keys(this.#table).filter((name) => name.startsWith(typed))
  }

  /** Settles when nothing goes on. */
  async quiet(): Promise<void> {
    while (this.#going.size > 0) await Promise.all(this.#going.keys())
  }

  /** Settles when nothing goes on with what requests went to. */
  async quietOn(access: DirectAccess): Promise<void> {
    await Promise.all([...this.#going].flatMap(([going, its]) => (its === access ? [going] : [])))
  }

  #call(access: DirectAccess | undefined, voices: Voices, signal: AbortSignal): IoCall {
    return {
      say: (text) => voices.say(text),
      show: (text) => voices.show(text),
      access: access as DirectAccess,
      program: this.#program,
      signal,
      image() {
        if (access?.node === undefined) throw new BlockError('empty', 'No medium found')
        return access.node
      },
      later: (work) => {
        const going = work.finally(() => this.#going.delete(going))
        this.#going.set(going, access)
      },
      quiet: () => this.quiet(),
    }
  }
}

function checkCount(name: string, { words: { least, most } }: IoCommand, count: number): void {
  if (count >= least && (most === undefined || count <= most)) return
  const expected =
    most === undefined ? `at least ${least}` : most === least ? String(most) : `between ${least} and ${most}`
  throw new IoComplaint(`bad argument count ${count} to ${name}, expected ${expected} arguments\n`, 'warn')
}

async function openFor({ uses }: IoCommand, access: DirectAccess | undefined): Promise<void> {
  if (uses === undefined || access?.node === undefined) return
  await access.use(uses)
}

/** A command without options reads its words as they stand. */
function wordsOf(
  name: string,
  { options }: IoCommand,
  words: readonly string[],
  voices: Voices,
): { readonly options: any; readonly operands: readonly string[] } {
  if (options === undefined) return { options: {}, operands: words }
  return readWords(name, words, options, (text) => voices.warn(text))
}
