import { reasonText, systemCode } from '../errno/index.ts'
import { Arguments } from './arguments.ts'
import { CommandLineError } from './command-line-error.ts'
import { say, warn } from './outputs.ts'
import { printableLines } from './printable.ts'
import { HelpWanted, UsageError } from './program-error.ts'

/** A program of vmon's own, `vmon NAME`: one that is none of QEMU's. */
export interface Program {
  readonly name: string
  /** What `--help` prints. */
  readonly help: string
  /** The options that it takes, as `Arguments` has them. */
  readonly options: string
  /** @returns the exit status @throws {UsageError} if words are missing or too many, {CommandLineError} if one is wrong */
  readonly run: (args: Arguments) => Promise<number>
}

/** The exit status of a program whose words make no sense, or that does not find what they name. */
const refused = 2

/** Reads the words of a program and runs it. What fails is told in a line, with the C library's reasons. @returns the exit status */
export async function runProgram({ name, help, options, run }: Program, argv: readonly string[]): Promise<number> {
  try {
    return await run(new Arguments(argv, options, name))
  } catch (error) {
    if (error instanceof HelpWanted) {
      say(help)
      return 0
    }
    const hint = error instanceof UsageError ? `; see vmon ${name} --help` : ''
    warn(`vmon ${name}: ${printableLines(textOf(error))}${hint}\n`)
    return refused
  }
}

/** The system's errors name the file, if there is one. */
function textOf(error: unknown): string {
  const path = systemCode(error) === undefined ? undefined : (error as NodeJS.ErrnoException).path
  return path === undefined ? reasonText(error) : `${path}: ${reasonText(error)}`
}

/** What a timer of Node's can wait at most, in milliseconds: beyond it does not wait at all. */
const longestWait = 2 ** 31 - 1

/** The value of an option that counts seconds, in milliseconds that a timer can wait. @throws {CommandLineError} if it is no number above 0 */
export function millisecondsOf(word: string, option: string, longest = Number.POSITIVE_INFINITY): number {
  const seconds = Number(word)
  if (seconds > 0 && seconds < longest) return Math.min(seconds * 1000, longestWait)
  throw new CommandLineError(`${option} takes a number of seconds, not '${word}'`)
}
